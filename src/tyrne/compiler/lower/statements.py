"""Statements, but for `match`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mypy import nodes as n

from tyrne.compiler.lower.evaluate import lower
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import lower_to
from tyrne.compiler.lower.operators import condition
from tyrne.compiler.lower.value import Val
from tyrne.compiler.rules.constructs import STATEMENTS

IRANGE: Final = "tyrne.lang.arrays.irange"
JUMPS: Final = (n.ReturnStmt, n.BreakStmt, n.ContinueStmt)


def block(f: Function, b: n.Block) -> None:
    """The statements of a block, up to one that is never reached by the types."""
    for s in b.body:
        f.body.line = s.line
        try:
            statement(f, s)
        except Unreachable:
            if f.unchecked:
                raise
            f.body.emit("kp_unreachable(KP_SITE);")
            return
        if isinstance(s, JUMPS):
            return


def statement(f: Function, s: n.Statement) -> None:
    kind = type(s).__name__
    handler = HANDLERS.get(kind)
    if handler is None:
        raise reject(STATEMENTS.get(kind, f"{kind} is outside the language; see docs/language.md"), s)
    handler(f, s)


def block_after(f: Function, test: Val, b: n.Block) -> None:
    """A block behind a test. One that mypy has left out is trusted to be dead only if the test reads no memory."""
    if test.stable or f.unchecked or not is_dead(f, b):
        block(f, b)
        return
    with f.doubtful(b):
        block(f, b)


def is_dead(f: Function, b: n.Block) -> bool:
    """Whether mypy has left a block out: by the types, it is never reached."""
    for s in b.body:
        parts = [getattr(s, name, None) for name in ("expr", "rvalue", "subject")]
        expressions = [e for part in parts for e in (part if isinstance(part, list) else [part])]
        typed = [e for e in expressions if isinstance(e, n.Expression) and not isinstance(e, n.TempNode | n.StrExpr)]
        if typed:
            return f.is_unreachable(typed[0])
    return False


def _pass(f: Function, s: n.Statement) -> None:
    pass


def _break(f: Function, s: n.BreakStmt) -> None:
    f.body.emit("break;")


def _continue(f: Function, s: n.ContinueStmt) -> None:
    f.body.emit("continue;")


def _expression(f: Function, s: n.ExpressionStmt) -> None:
    if isinstance(s.expr, n.StrExpr | n.EllipsisExpr):
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    v = lower(f, s.expr)
    if v.effect:
        f.body.emit(f"{v.code};")
    elif not v.stable:
        f.body.emit(f"(void)({v.code});")


def _return(f: Function, s: n.ReturnStmt) -> None:
    if s.expr is None:
        f.body.emit("return;")
        return
    if f.is_unreachable(s.expr):
        raise Unreachable
    if f.returns_nothing:
        v = lower(f, s.expr)
        if v.effect:
            f.body.emit(f"{v.code};")
        f.body.emit("return;")
        return
    v = lower_to(f, s.expr, f.instance.result)
    f.body.emit(f"return {v.code};")


def _assert(f: Function, s: n.AssertStmt) -> None:
    if f.is_unreachable(s.expr):
        raise Unreachable
    v = condition(f, s.expr)
    if v.const is None:
        f.body.emit(f"check({v.code});")
    elif not v.const:
        f.body.emit("kp_assertion(KP_SITE);")


def _if(f: Function, s: n.IfStmt) -> None:
    _branch(f, s, "if")


def _branch(f: Function, s: n.IfStmt, keyword: str) -> None:
    """`if` and what hangs on it. A condition that is known at build time leaves only the branch that is taken."""
    test = condition(f, s.expr[0])
    if test.const is not None and keyword == "if":
        taken = s.body[0] if test.const else s.else_body
        if taken is not None:
            block(f, taken)
        return
    f.body.emit(f"{keyword} ({test.code}) {{")
    with f.body.block():
        block_after(f, test, s.body[0])
    _else(f, test, s.else_body)


def _else(f: Function, previous: Val, b: n.Block | None) -> None:
    if b is None or not b.body:
        f.body.emit("}", 0)
        return
    first = b.body[0]
    if len(b.body) == 1 and isinstance(first, n.IfStmt) and not f.is_unreachable(first.expr[0]):
        test, lines = f.body.capture(lambda: _trial(f, first))
        if not lines and test.const is None:
            f.body.line = first.line
            _branch(f, first, "} else if")
            return
    f.body.emit("} else {", 0)
    with f.body.block():
        block_after(f, previous, b)
    f.body.emit("}", 0)


def _trial(f: Function, s: n.IfStmt) -> Val:
    f.body.line = s.line
    return condition(f, s.expr[0])


HANDLERS: Final[dict[str, Callable[[Function, Any], None]]] = {
    "PassStmt": _pass,
    "BreakStmt": _break,
    "ContinueStmt": _continue,
    "ExpressionStmt": _expression,
    "ReturnStmt": _return,
    "AssertStmt": _assert,
    "IfStmt": _if,
}
"""By the class name of mypy's statement. `lower.assignment`, `lower.loops` and `lower.match` add theirs."""
