"""Sources that are no programs: a line with the file and the mend, and status 2."""

from pathlib import Path

import pytest
from commands import Tyrne

IMPORTS = "from tyrne.lang import export, u32, u64\nimport tyrne.user\n"
MAIN = "@export\ndef main() -> u64:\n    return u64(0)\n"
PANIC = "@export\ndef panic(kind: u32, file: u32, line: u32) -> None:\n    pass\n"
SIGNATURE = "write @export def main() -> u64, whose result is the exit code"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.py", IMPORTS, f"a.py:1: there is no exported main; {SIGNATURE}"),
        ("a.py", IMPORTS + MAIN.removeprefix("@export"), f"a.py:1: there is no exported main; {SIGNATURE}"),
        ("a.py", IMPORTS + MAIN.replace("()", "(x: u64)"), f"a.py:1: main has another signature; {SIGNATURE}"),
        ("a.py", IMPORTS + MAIN.replace("u64", "u32"), f"a.py:1: main has another signature; {SIGNATURE}"),
        (
            "a.py",
            IMPORTS.replace("import tyrne.user", "") + MAIN + PANIC,
            "a.py:1: the program has no end; write `import tyrne.user`, which brings it",
        ),
        ("a.py", 'raise ValueError("x\\ny")', "a.py:1: the module cannot be imported: ValueError: x y"),
        (
            "os.py",
            IMPORTS + MAIN,
            'os.py:1: Source file found twice under different module names: "program_os" and "os"; '
            "a module of Python has this name: rename the file",
        ),
        (
            "a.c",
            "void start(void) {}",
            "a.c: there is no main and no _start, where a program begins; define int main(void)",
        ),
        (
            "a.c",
            "void f(void); void _start(void) { f(); }",
            "a.c:1: undefined symbol: f; define it in a source of this program",
        ),
        ("a.c", "int _start;", "a.c: the entry 0x801000 is in no executable segment; set it with -e SYMBOL"),
        ("a.S", ".bogus \xe9", "a.S:1:1: unknown directive"),
    ],
)
def test_a_source_that_is_no_program_is_one_line_and_status_2(
    tyrne: Tyrne, tmp_path: Path, name: str, text: str, expected: str
) -> None:
    (tmp_path / name).write_text(text, encoding="latin1")
    outcome = tyrne("check", name)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.error.replace(f"{tmp_path}/", "") == f"tyrne: error: {expected}"
