"""What tests say that they pin: the marks `@pytest.mark.promise("…")` in the sources of tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assurance.promises.page import ROOT, plain

TESTS: Final = ROOT / "tests"
MARK: Final = "promise"


class MarkError(Exception):
    """A mark that says nothing: file:line: cause; mend."""


@dataclass(frozen=True)
class Pin:
    """A test, and one statement that it says it pins. `file` is relative to the root."""

    file: str
    function: str
    line: int
    statement: str


def pins(tests: Path = TESTS) -> list[Pin]:
    """All pins of the tests below a folder, by file and line. Raises MarkError."""
    return [pin for path in sorted(tests.rglob("test_*.py")) for pin in _of_file(path)]


def _of_file(path: Path) -> Iterator[Pin]:
    text = path.read_text()
    if f"mark.{MARK}(" not in text:
        return
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    tree = ast.parse(text)
    unused = {mark.lineno for mark in _marks(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            for mark in (mark for decorator in node.decorator_list for mark in _marks(decorator)):
                unused.discard(mark.lineno)
                for statement in _quoted(mark, file):
                    yield Pin(file, node.name, node.lineno, plain(statement))
    for line in sorted(unused):
        raise MarkError(f"{file}:{line}: this promise is pinned by no test; mark a test, or one of its parameters")


def _marks(tree: ast.AST) -> list[ast.Call]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == MARK]


def _quoted(mark: ast.Call, file: str) -> list[str]:
    texts = [arg.value for arg in mark.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if not texts or len(texts) < len(mark.args) or mark.keywords:
        raise MarkError(f"{file}:{mark.lineno}: a promise is quoted, as one text or several; compute nothing")
    return texts
