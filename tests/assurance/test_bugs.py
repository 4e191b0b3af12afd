"""The public list of bugs: every row is whole, and the test that pins it is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[2] / "docs"
ROWS: Final = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in (DOCS / "bugs.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what ")
]
LINK: Final = re.compile(r"\[([\w-]+)\]\(([^)]+)\)")


def complaint(row: list[str]) -> str | None:
    """What is wrong with a row; None when it is whole and its test is there."""
    if len(row) != 5:
        return "a row has five cells: what, since, mended, caught by, pinned by"
    if not all(row):
        return "a cell is empty"
    pins = LINK.findall(row[4])
    for name, target in pins:
        file = DOCS / target
        if not file.is_file():
            return f"{target}: there is no such file"
        if file.stem != name and f"def {name}(" not in file.read_text():
            return f"{target}: has no test named {name}"
    return None if pins else "the last cell links to the test: [name](../tests/file)"


def test_every_bug_says_what_since_when_mended_where_which_net_and_is_pinned_by_a_test_that_is_there() -> None:
    assert ROWS
    assert not {row[0]: said for row in ROWS if (said := complaint(row))}


def test_no_bug_is_listed_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)
