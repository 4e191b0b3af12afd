"""docs/walk.md as data: its sections, and the places that they name, in the order in which a call goes through them.

The page of the site that steps through the walk is made of it, and tests/test_walk.py checks it against the kernel.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ROOT / "src" / "tyrne"
WALK: Final = ROOT / "docs" / "walk.md"
NAMED: Final = re.compile(r"`([\w/]+\.(?:py|S)):\s([\w.]+)`")
_SECTION: Final = re.compile(r"^## (.*)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)
_LABEL_OR_MACRO: Final = re.compile(r"^(?:\.macro\s+(\w+)|(\w+):)")


@dataclass(frozen=True)
class Section:
    """A section of the walk; `numbered` are those that a call goes through one after the other."""

    title: str
    text: str

    @property
    def numbered(self) -> bool:
        return re.match(r"\d+\. ", self.title) is not None


def sections(page: str) -> list[Section]:
    return [Section(title, text) for title, text in _SECTION.findall(page)]


def named(text: str) -> list[tuple[str, str]]:
    """The files and functions that a text names, each once."""
    return list(dict.fromkeys(NAMED.findall(text)))


def source(name: str) -> Path:
    """The file that the walk means: within src/tyrne or, of programs, within the project."""
    return next(path for path in (SOURCES / name, ROOT / name) if path.exists())


def places_in(path: Path) -> dict[str, tuple[int, int]]:
    """First and last line of each function of a file, those of classes with the name of the class; of each label and
    macro of assembly."""
    text = path.read_text()
    return _labels(text.splitlines()) if path.suffix == ".S" else _functions(ast.parse(text))


def _functions(tree: ast.Module) -> dict[str, tuple[int, int]]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = _lines(node)
        elif isinstance(node, ast.ClassDef):
            methods = [part for part in node.body if isinstance(part, ast.FunctionDef)]
            found |= {f"{node.name}.{method.name}": _lines(method) for method in methods}
    return found


def _lines(node: ast.FunctionDef) -> tuple[int, int]:
    first = min([node.lineno, *(mark.lineno for mark in node.decorator_list)])
    return first, node.end_lineno or node.lineno


def _labels(lines: list[str]) -> dict[str, tuple[int, int]]:
    """What stands at a label or in a macro goes up to the next one, or to the end of the macro."""
    starts = [(i, found[1] or found[2]) for i, line in enumerate(lines, 1) if (found := _LABEL_OR_MACRO.match(line))]
    ends = [i for i, _ in starts[1:]] + [len(lines) + 1]
    found = {}
    for (first, name), end in zip(starts, ends, strict=True):
        body = lines[first - 1 : end - 1]
        closes = next((i for i, line in enumerate(body) if line.strip() == ".endm"), None)
        while body and not body[-1].strip():
            body.pop()
        found[name] = first, first + (len(body) - 1 if closes is None else closes)
    return found
