"""The statements of a page: its sentences, and what the rows of its tables say.

A sentence is cut at semicolons outside parentheses as well, so that each part has a test of its own. What a row says is
named after its first cell, and the rights or the heading that it stands under: "a supervisor, bounded by: nothing".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "security.md"
_END: Final = re.compile(r"[.!?;](?=\s)|$")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_RIGHTS: Final = re.compile(r"[A-Z_]+(, [A-Z_]+)*")
_RULE: Final = re.compile(r"[-:|\s]+")


@dataclass(frozen=True)
class Statement:
    """One sentence, or part of one, as plain text on one line. `row` is the first cell of a row, "" outside tables."""

    section: str
    text: str
    line: int
    row: str = ""


def plain(text: str) -> str:
    """Text without marks of Markdown, with single blanks, without the stop at its end: how statements are compared."""
    return " ".join(_LINK.sub(r"\1", text).replace("*", "").replace("`", "").split()).rstrip(".;")


def statements(text: str) -> list[Statement]:
    """All statements of a page, in its order. The text above the first section belongs to "the page"."""
    return [one for section, block, line in _blocks(text) for one in _of_block(section, block, line)]


def _blocks(text: str) -> Iterator[tuple[str, list[str], int]]:
    """Paragraphs, items of lists, and tables: section, lines, number of the first."""
    block: list[str] = []
    section, start = "the page", 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        ends = not line.strip() or line.startswith(("#", "- "))
        if ends and block:
            yield section, block, start
            block = []
        if line.startswith("#"):
            section = line.lstrip("# ") if line.startswith("##") else section
        elif line.strip():
            start = start if block else number
            block = [*block, line]


def _of_block(section: str, block: Sequence[str], line: int) -> Iterator[Statement]:
    if block[0].startswith("|"):
        yield from _of_table(section, block, line)
        return
    for part in _parts(" ".join(line.strip() for line in block).removeprefix("- ")):
        yield Statement(section, part, line)


def _of_table(section: str, block: Sequence[str], line: int) -> Iterator[Statement]:
    rows = [[cell.strip() for cell in row.strip().strip("|").split("|")] for row in block]
    heading, subject = [plain(cell) for cell in rows[0]], ""
    for number, row in enumerate(rows[1:], line + 1):
        if all(_RULE.fullmatch(cell) or not cell for cell in row):
            continue
        subject = plain(row[0]) or subject
        named = subject
        for cell, over in zip(row[1:], heading[1:], strict=True):
            if _RIGHTS.fullmatch(plain(cell)):
                named = f"{subject}, {plain(cell)}"
                continue
            name = f"{named}, {over}" if over else named
            for part in _parts(cell):
                yield Statement(section, f"{name}: {part}", number, subject)


def _parts(text: str) -> Iterator[str]:
    """Sentences, and what semicolons outside parentheses divide them into."""
    start = 0
    for end in _END.finditer(text):
        part = text[start : end.end()]
        if part.count("(") > part.count(")"):
            continue
        if plain(part):
            yield plain(part)
        start = end.end()
