"""@export, @extern and @cold mark functions at module level, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mypy import nodes as n

from tyrne.compiler.front.reject import Errors

EXPORT: Final = "tyrne.lang.marks.export"
EXTERN: Final = "tyrne.lang.marks.extern"
COLD: Final = "tyrne.lang.marks.cold"
MARKS: Final = (EXPORT, EXTERN, COLD)


def decorators(node: n.Decorator) -> list[str]:
    """The full names of a function's decorators; empty for one that has no name."""
    return [getattr(d, "fullname", "") or "" for d in node.original_decorators]


def check_marks(tree: n.MypyFile, path: str, errors: Errors) -> None:
    """Refuse a mark on a method or on a function inside another statement: the program would not ask for it."""
    for statement in tree.defs:
        for node in _marked(_inside(statement)):
            mark = next(name for name in decorators(node) if name in MARKS).rpartition(".")[2]
            what = f"@{mark} on {node.func.name}, which is not at module level; write a function there that calls it"
            errors.add(path, node.func.line, what)


def _marked(statements: Sequence[n.Statement]) -> Iterator[n.Decorator]:
    for statement in statements:
        if isinstance(statement, n.Decorator) and set(MARKS) & set(decorators(statement)):
            yield statement
        yield from _marked(_inside(statement))


def _inside(statement: n.Statement) -> list[n.Statement]:
    """The statements directly inside a class, a function, a branch or a loop."""
    match statement:
        case n.Decorator():
            return statement.func.body.body
        case n.FuncDef():
            return statement.body.body
        case n.ClassDef():
            return statement.defs.body
        case n.IfStmt():
            blocks = [*statement.body, statement.else_body]
        case n.ForStmt() | n.WhileStmt():
            blocks = [statement.body, statement.else_body]
        case n.TryStmt():
            blocks = [statement.body, *statement.handlers, statement.else_body, statement.finally_body]
        case n.WithStmt():
            blocks = [statement.body]
        case _:
            return []
    return [inner for block in blocks if block is not None for inner in block.body]
