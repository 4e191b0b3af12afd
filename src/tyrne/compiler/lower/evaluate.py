"""Lowering of any expression, and the order of evaluation: left to right, whatever C would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mypy import nodes as n

from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.types import BOOL, Enumeration, is_number, show
from tyrne.compiler.lower.value import Val, boolean, comparison
from tyrne.compiler.rules.constructs import EXPRESSIONS

HANDLERS: Final[dict[str, Callable[[Function, Any], Val]]] = {}
"""By the class name of mypy's node. `lower.expressions` fills it."""


def lower(f: Function, e: n.Expression) -> Val:
    """An expression, with the type that it has here."""
    kind = type(e).__name__
    handler = HANDLERS.get(kind)
    if handler is None:
        raise reject(EXPRESSIONS.get(kind, f"{kind} is outside the language; see docs/language.md"), e)
    return handler(f, e)


def raw(f: Function, e: n.Expression) -> Val:
    """An expression with its declared type: for what looks at the tag itself."""
    saved, f.keep = f.keep, e
    try:
        return lower(f, e)
    finally:
        f.keep = saved


def operands(
    f: Function, es: Sequence[n.Expression], lowering: Callable[[Function, n.Expression], Val] = lower
) -> list[Val]:
    """Expressions that C may evaluate in any order, made such that this is from left to right."""
    got: list[Val] = []
    for e in es:
        extend(f, got, e, lowering)
    settle(f, got)
    return got


def extend(
    f: Function, got: list[Val], e: n.Expression, lowering: Callable[[Function, n.Expression], Val] = lower
) -> None:
    """Add one more operand. If it takes statements, those before it are evaluated first."""
    v, lines = f.body.capture(lambda: lowering(f, e))
    if lines:
        got[:] = [f.once(w) for w in got]
    f.body.add(lines)
    got.append(v)


def settle(f: Function, got: list[Val], in_order: bool = True) -> None:
    """Evaluate now what must come before the last effect among some operands.

    That effect itself may stay where it is, unless an operand behind it could notice it. Operands that the C text
    has in another order (`in_order` false) are all evaluated now: the first that traps is the same then.
    """
    if not in_order:
        got[:] = [f.once(v) for v in got]
        return
    effects = [i for i, v in enumerate(got) if v.effect]
    if not effects:
        return
    last = effects[-1]
    for i in range(last):
        got[i] = f.once(got[i])
    if any(not v.stable for v in got[last + 1 :]):
        got[last] = f.once(got[last])


def truth(v: Val, e: n.Context) -> Val:
    if v.type == BOOL:
        return v
    if is_number(v.type) or (isinstance(v.type, Enumeration) and v.type.is_flag):
        if v.const is not None:
            return boolean(v.const != 0)
        return comparison(v.operand, "!=", "0", v.stable, v.effect)
    raise reject(f"truth of {show(v.type)}; compare it: `is not None`, `==` or isinstance", e)


def bytes_of(e: n.BytesExpr) -> bytes:
    """The value of a bytes literal: mypy keeps its escapes."""
    return e.value.encode("latin-1", "backslashreplace").decode("unicode_escape").encode("latin-1")
