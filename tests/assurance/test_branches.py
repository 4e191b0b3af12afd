"""Every branch of the kernel is taken by a test or says why not; and one that is not is found."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import coverage
import pytest

from assurance import branches
from assurance.branches import ALWAYS, LAYERS, ROOT, WHOLE, File, NoDataError, exclusions, figures, files, measured
from assurance.scorecard.lines import SOURCES
from folders import HOSTED

LINES = [
    (path, number, line)
    for folder in LAYERS.values()
    for path in sorted((SOURCES / folder).glob("*.py"))
    for number, line in enumerate(path.read_text().splitlines(), start=1)
]
GUARD = '''"""What is measured."""


def sign(number: int) -> str:
    if number < 0:
        return "-"
    return "+"


def even(number: int) -> bool:
    found = False
    if number % 2 == 0:{mark}
        found = True
    return found
'''
USE = """
from guard import even, sign
assert even(2) and sign(1) == "+"
"""


def options() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["coverage"]["report"])


def test_the_only_branches_that_count_as_taken_without_a_test_are_those_with_a_reason() -> None:
    assert not any(ALWAYS.search(f"case X:  # always{reason}") for reason in ("", ": ", ": so", ": it is"))
    (pattern,) = options()["partial_branches"]
    assert ALWAYS.pattern == pattern.replace(r"\w+ \w+ \w+", r"(?P<reason>\w+ \w+ \w+.*)$")
    assert not [(path.name, number) for path, number, line in LINES if "# always" in line and not ALWAYS.search(line)]
    assert not [(path.name, number) for path, number, line in LINES if re.search("pragma", line, re.IGNORECASE)]


def test_the_kernel_has_four_branches_that_are_always_taken() -> None:
    """More of them need a better reason than this number."""
    found = [row for layer in WHOLE for row in exclusions(SOURCES / LAYERS[layer]) if row["kind"] == "always taken"]
    assert sorted((row["file"], row["reason"].split(":")[0]) for row in found) == [
        ("deletion.py", "nothing else is made"),
        ("kernel.py", "there is no other effect"),
        ("kernel.py", "there is no other interrupt"),
        ("kernel.py", "there is no other work"),
    ]


def has_code(member: ast.stmt) -> bool:
    """Whether a member of a protocol does anything."""
    if not isinstance(member, ast.FunctionDef):
        return not isinstance(member, ast.Expr | ast.AnnAssign)
    return not all(isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) for part in member.body)


def test_whole_lines_are_left_out_only_of_imports_for_annotations_and_of_protocols() -> None:
    assert options()["exclude_lines"] == [r"^if TYPE_CHECKING:$", r"^class \w+\(.*\bProtocol\):$"]
    for path in sorted({path for path, *_ in LINES}):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                assert all(isinstance(part, ast.ImportFrom) for part in node.body) and not node.orelse, path
            if isinstance(node, ast.ClassDef) and any("Protocol" in ast.unparse(base) for base in node.bases):
                assert not any(map(has_code, node.body)), path


def test_the_tests_that_count_are_those_of_the_folders_that_make_measures() -> None:
    (listed,) = re.findall(r"^HOSTED := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed.split() == [f"tests/{folder}" for folder in HOSTED]


# --- a branch that no test takes


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One file of one layer, in a folder of sources of its own."""
    monkeypatch.setattr(branches, "LAYERS", {"kernel": "kernel", "board": "boards"})
    for folder in ("kernel", "boards"):
        (tmp_path / folder).mkdir()
    return tmp_path / "kernel" / "guard.py"


def watched(guard: Path, mark: str = "", use: str = USE) -> list[File]:
    """What is known of the file once a program has used it."""
    guard.write_text(GUARD.format(mark=mark))
    data = guard.parent / "data"
    run = coverage.Coverage(data_file=str(data), config_file=False, branch=True, include=[str(guard)], data_suffix=True)
    with run.collect():
        exec(compile(guard.read_text(), str(guard), "exec"), names := {})
        exec(use.replace("from guard import even, sign", ""), names)
    run.save()
    return files(measured(data), guard.parents[1])


def test_a_line_that_no_test_executes_and_branches_that_none_takes_are_named(guard: Path) -> None:
    (found,) = watched(guard)
    assert not found.is_whole()
    assert found.missing == ("6", "5->6", "12->14")
    assert (found.lines, found.statements - found.executed, found.branches - found.taken) == (9, 1, 2)
    assert figures([found], guard.parents[1])["layers"]["kernel"]["missing"] == {"guard.py": list(found.missing)}


def test_what_the_tests_have_left_can_be_read_again(guard: Path) -> None:
    assert watched(guard) == files(measured(guard.parent / "data"), guard.parents[1])


def test_a_branch_that_is_always_taken_needs_no_test_and_is_listed_with_its_reason(guard: Path) -> None:
    (found,) = watched(guard, "  # always: nobody asks otherwise", USE + 'assert sign(-1) == "-"')
    assert found.is_whole() and found.missing == ()
    assert figures([found], guard.parents[1])["layers"]["kernel"]["exclusions"] == [
        {"file": "guard.py", "line": 12, "kind": "always taken", "reason": "nobody asks otherwise"}
    ]


def test_a_mark_without_a_reason_excludes_nothing(guard: Path) -> None:
    (found,) = watched(guard, "  # always: true", USE + 'assert sign(-1) == "-"')
    assert found.missing == ("12->14",)


def test_without_data_there_is_nothing_to_read_and_the_command_that_makes_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match=r"^no data to report; run: make coverage$"):
        measured(tmp_path / "data")
