"""What the command says of C: warnings with the line that they quote, every time; errors with their mend."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import Tyrne

ASSIGNED = """\
int main(int count, char **arguments)
{
    if (count = 4)
        return arguments != 0;
    return 2;
}
"""
NO_LIBRARY = "there is no C library"


@pytest.mark.parametrize("command", ["check", "run", "build"])
def test_a_warning_has_line_column_source_and_caret_however_often_it_is_asked(
    tyrne: Tyrne, tmp_path: Path, command: str
) -> None:
    (tmp_path / "a.c").write_text(ASSIGNED)
    words = [command, "a.c", *(["--emit", "program", "-o", "a.elf"] if command == "build" else [])]
    for _ in range(2):
        outcome = tyrne(*words)
        assert outcome.status == (command == "run")
        lines = outcome.err.splitlines()
        what = "using the result of an assignment as a condition without parentheses [-Wparentheses]"
        assert lines[0] == f"tyrne: warning: a.c:3:15: {what}"
        assert lines[1:3] == ["    3 |     if (count = 4)", "      |         ~~~~~~^~~"]


def test_quiet_shows_no_warning(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(ASSIGNED)
    assert tyrne("run", "-q", "a.c").err == ""


def test_a_warning_in_a_header_names_the_header(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "h.h").write_text("static int never(void) { return 1; }\n")
    (tmp_path / "a.c").write_text('#include "h.h"\nint main(void) { return 0; }\n')
    err = tyrne("check", "a.c").err
    assert err.startswith("tyrne: warning: h.h:1:12: unused function 'never' [-Wunused-function]\n    1 | static int")


def test_what_a_source_quotes_steers_no_terminal(tyrne: Tyrne, tmp_path: Path) -> None:
    text = 'int main(void) { int x = 0; if (x = 4) return "\x1b[2J\x9b\u202e"[0]; return 0; }\n'
    (tmp_path / "a.c").write_text(text)
    err = tyrne("check", "a.c").err
    assert "tyrne: warning: a.c:1:" in err
    assert all(line.isprintable() for line in err.splitlines())


def test_warnings_without_end_are_counted(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n" + "".join(f"static int f{i};\n" for i in range(50)))
    lines = [line for line in tyrne("check", "a.c").err.splitlines() if line.startswith("tyrne: warning: ")]
    assert len(lines) == 21
    assert lines[-1] == "tyrne: warning: 30 more warnings"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#include <stdio.h>", f"a.c:1:10: 'stdio.h' file not found: {NO_LIBRARY}; print with tyrne_print, "),
        ("#include <stdlib.h>", f"a.c:1:10: 'stdlib.h' file not found: {NO_LIBRARY}; return from main, or call "),
        ("#include <string.h>", f"a.c:1:10: 'string.h' file not found: {NO_LIBRARY}; memcpy, memmove, memset, memcmp "),
        ("#include <unistd.h>", f"a.c:1:10: 'unistd.h' file not found: {NO_LIBRARY}; what a task may do are "),
        ("#include <assert.h>", f"a.c:1:10: 'assert.h' file not found: {NO_LIBRARY}; test it with if"),
        ("#include <pthread.h>", f"a.c:1:10: 'pthread.h' file not found: {NO_LIBRARY}; a task has one thread"),
        (
            "#include <time.h>",
            f"a.c:1:10: 'time.h' file not found: {NO_LIBRARY}; who holds the clock reads it with tyrne_clock_read, and "
            "sleeps with tyrne_sleep_until",
        ),
        ("#include <math.h>", f"a.c:1:10: 'math.h' file not found: {NO_LIBRARY}; use the operators of double"),
        ("#include <sys/mman.h>", f"a.c:1:10: 'sys/mman.h' file not found: {NO_LIBRARY}; what a task may do are the "),
        ('#include "own.h"', "a.c:1:10: 'own.h' file not found; put it beside the source, or name "),
        ("int main(void) { return printf; }", f"a.c:1:25: use of undeclared identifier 'printf': {NO_LIBRARY}; print "),
        ('int main(void) { puts("x"); }', f"a.c:1:18: use of undeclared identifier 'puts': {NO_LIBRARY}; print "),
        ("int f(void); int main(void) { return f(); }", "a.c:1: undefined symbol: f; define it in a source of this "),
        ("void free(void *p); int main(void) { free(0); }", f"a.c:1: undefined symbol: free: {NO_LIBRARY}; use "),
        ("int main(int n) { return HANDLE_TABEL + n; }", "a.c:1:26: use of undeclared identifier 'HANDLE_TABEL'; the "),
        (
            "int main(int n) { __int128 a = n; return (int)(a * a * a / (a + 1)); }",
            "a.c:1: undefined symbol: __divti3 of the compiler's runtime, which is not there; divide and convert ",
        ),
        (
            'static volatile int a __attribute__((section("a"))) = 1; int main(void) { return a; }',
            "a.c: symbol 'a' is already defined",
        ),
        ("int x = 1;", "a.c: there is no main and no _start, where a program begins; define int main(void)"),
        (
            "void _start(void) {} __attribute__((destructor)) void f(void) {}",
            "a.c: a destructor, which nobody calls in a program with its own _start; define main in place of _start, ",
        ),
    ],
)
def test_an_error_of_c_says_what_to_write_instead(tyrne: Tyrne, tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "a.c").write_text(f"{text}\n")
    outcome = tyrne("check", "a.c")
    assert outcome.status == 2
    errors = [line for line in outcome.err.replace(f"{tmp_path}/", "").splitlines() if ": error: " in line]
    assert errors[0].startswith(f"tyrne: error: {expected}"), errors


def test_a_symbol_of_two_sources_is_named_with_both_places(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int f(void) { return 1; }\nint main(void) { return f(); }\n")
    (tmp_path / "b.c").write_text("\nint f(void) { return 2; }\n")
    text = '[system]\nname = "x"\n[[task]]\nname = "t"\nprogram = { sources = ["a.c", "b.c"] }\n'
    (tmp_path / "s.toml").write_text(text)
    assert tyrne("check", "s.toml").error == "tyrne: error: a.c:1: duplicate symbol: f, also at b.c:2; keep one of them"
