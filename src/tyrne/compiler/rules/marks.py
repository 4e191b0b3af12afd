"""Marks on functions: which there are, where they stand, and which do not go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mypy import nodes as n

from tyrne.compiler.front.reject import Errors

EXPORT: Final = "tyrne.lang.marks.export"
EXTERN: Final = "tyrne.lang.marks.extern"
CHANGES: Final = "tyrne.lang.marks.changes"
HOT: Final = "tyrne.lang.marks.hot"
INLINE: Final = "tyrne.lang.marks.inline"
APART: Final = "tyrne.lang.marks.apart"
COLD: Final = "tyrne.lang.marks.cold"
BORDER: Final = (EXPORT, EXTERN, CHANGES)
"""What is known of the other side of a border: at module level only."""
COMPILED: Final = (HOT, INLINE, APART, COLD)
"""What a function is compiled for: also methods have these."""
MARKS: Final = (*BORDER, *COMPILED)

CLASHES: Final = {
    (HOT, INLINE): "what is inline is compiled as its callers are; keep one",
    (HOT, COLD): "one is for speed, the other for size; keep one",
    (INLINE, APART): "one is a part of its callers, the other never is; keep one",
    (INLINE, COLD): "one is a part of its callers, the other never is; keep one",
    (APART, COLD): "what is cold is apart; drop @apart",
    (EXPORT, INLINE): "assembly calls what is exported; keep @export",
    **{(EXTERN, mark): "what is extern is compiled elsewhere; keep @extern" for mark in COMPILED},
}
"""Marks that one function does not have both, each pair in the order of MARKS."""


def decorators(node: n.Decorator) -> list[str]:
    """The full names of a function's decorators; empty for one that has no name."""
    names = [d.callee if isinstance(d, n.CallExpr) else d for d in node.original_decorators]
    return [getattr(name, "fullname", "") or "" for name in names]


def changed_registers(node: n.Decorator) -> tuple[str, ...] | None:
    """The registers that an extern is said to change; None where nothing is said."""
    for mark in node.original_decorators:
        if isinstance(mark, n.CallExpr) and getattr(mark.callee, "fullname", "") == CHANGES:
            return tuple(a.value for a in mark.args if isinstance(a, n.StrExpr))
    return None


def is_marked_only(node: n.Decorator) -> bool:
    """Whether a function has no decorators but marks: it is a plain function then."""
    return all(name in MARKS for name in decorators(node))


def check_marks(tree: n.MypyFile, path: str, errors: Errors) -> None:
    """Refuse marks where they say nothing: the program would not ask for it, or they contradict each other."""
    for statement in tree.defs:
        _check(statement, path, errors)
        at_class = isinstance(statement, n.ClassDef)
        for node in _marked(_inside(statement)):
            method = at_class and node in _inside(statement)
            wrong = [name for name in _marks(node) if not (method and name in COMPILED)]
            if wrong:
                where = "which is not at module level" if wrong[0] in BORDER else "which is inside another statement"
                instead = "write a function there that calls it" if wrong[0] in BORDER else "write it at module level"
                errors.add(path, node.func.line, f"{_shown(wrong[0])} on {node.func.name}, {where}; {instead}")
            else:
                _check(node, path, errors)


def _check(statement: n.Statement, path: str, errors: Errors) -> None:
    """The marks of one function, among themselves."""
    if not isinstance(statement, n.Decorator):
        return
    marks, name, line = _marks(statement), statement.func.name, statement.func.line
    for mark in dict.fromkeys(marks):
        if marks.count(mark) > 1:
            errors.add(path, line, f"{_shown(mark)} twice on {name}; write it once")
    if CHANGES in marks and EXTERN not in marks:
        errors.add(path, line, f"@changes on {name}, which is compiled: what it changes is known; drop @changes")
    if any(isinstance(d, n.CallExpr) and not _names_registers(d) for d in statement.original_decorators if marks):
        errors.add(path, line, f"@changes on {name} with something that is no name; write each register as text")
    for (one, other), why in CLASHES.items():
        if one in marks and other in marks:
            errors.add(path, line, f"{_shown(one)} and {_shown(other)} on {name}: {why}")


def _names_registers(call: n.CallExpr) -> bool:
    return all(isinstance(a, n.StrExpr) for a in call.args)


def _marks(node: n.Decorator) -> list[str]:
    return [name for name in decorators(node) if name in MARKS]


def _shown(mark: str) -> str:
    return f"@{mark.rpartition('.')[2]}"


def _marked(statements: Sequence[n.Statement]) -> Iterator[n.Decorator]:
    for statement in statements:
        if isinstance(statement, n.Decorator) and _marks(statement):
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
