"""Arithmetic and logic. A result that does not fit traps; what CPython would compute as a plain int is refused."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Final

from mypy import nodes as n

from tyrne.compiler.lower.evaluate import lower, operands, truth
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.types import BOOL, LITERAL, Enumeration, Int, is_number, show
from tyrne.compiler.lower.value import Val, boolean, literal

CHECKED: Final = {"+": "add", "-": "sub", "*": "mul", "//": "div", "%": "mod", "<<": "shl", ">>": "shr"}
"""The function of kp.h, followed by the width, behind each operator that can trap (or behaves unlike C's)."""
BITWISE: Final = "&|^"
C_OPERATOR: Final = {"//": "/"}
FOLDED: Final[dict[str, Callable[[int, int], int]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
INSTEAD: Final = {"/": "write //", "**": "write the product", "@": "write the products"}
LARGEST_SHIFT: Final = 1024


def lower_operator(f: Function, e: n.OpExpr) -> Val:
    if e.op in ("and", "or"):
        return logic(f, e, as_value=True)
    a, b = operands(f, [e.left, e.right])
    return arithmetic(f, e.op, a, b, e)


def logic(f: Function, e: n.OpExpr, as_value: bool) -> Val:
    """`and` and `or`. As a value they are their operands, which then must be bools; as a truth they may be numbers."""
    a = _side(f, e.left, as_value)
    stops = 0 if e.op == "and" else 1
    if a.const is not None:
        return boolean(bool(stops)) if a.const == stops else _side(f, e.right, as_value)
    if f.is_unreachable(e.right):
        if a.stable:
            return a
        with f.doubtful(e.right):
            b, lines = f.body.capture(lambda: _side(f, e.right, as_value))
    else:
        b, lines = f.body.capture(lambda: _side(f, e.right, as_value))
    if not lines:
        sign = "&&" if e.op == "and" else "||"
        return Val(
            f"{_clause(a, sign)} {sign} {_clause(b, sign)}",
            BOOL,
            atom=False,
            stable=a.stable and b.stable,
            effect=a.effect or b.effect,
        )
    name = f.body.fresh("both" if e.op == "and" else "either")
    f.body.emit(f"bool {name} = {a.code};")
    with f.body.braces(f"if ({name})" if e.op == "and" else f"if (!{name})"):
        f.body.add(lines)
        f.body.emit(f"{name} = {b.code};")
    return Val(name, BOOL, stable=True)


def condition(f: Function, e: n.Expression) -> Val:
    """The truth of an expression, as a bool."""
    return _side(f, e, False)


def _side(f: Function, e: n.Expression, as_value: bool) -> Val:
    if isinstance(e, n.OpExpr) and e.op in ("and", "or"):
        return logic(f, e, as_value)
    v = lower(f, e)
    if as_value and v.type != BOOL:
        raise reject(f"`and` and `or` give one of their operands, here {show(v.type)}; write `a if test else b`", e)
    return truth(v, e)


def _clause(v: Val, sign: str) -> str:
    """An operand of && or ||: comparisons need no parentheses, the other of the two does."""
    other = "||" if sign == "&&" else "&&"
    return f"({v.code})" if other in v.code or "?" in v.code else v.code


def lower_unary(f: Function, e: n.UnaryExpr) -> Val:
    if e.op == "not":
        v = condition(f, e.expr)
        if v.const is not None:
            return boolean(not v.const)
        if v.inverse:
            return Val(v.inverse, BOOL, atom=False, stable=v.stable, effect=v.effect, inverse=v.code)
        return Val(f"!{v.operand}", BOOL, stable=v.stable, effect=v.effect)
    v = lower(f, e.expr)
    if e.op == "-" and v.type == LITERAL and v.const is not None:
        return literal(-v.const)
    instead = {"-": "unsigned integers have no sign", "~": "write bit_not(x)", "+": "drop it"}[e.op]
    if isinstance(v.type, Enumeration):
        instead = "name the flags to keep"
    raise reject(f"unary {e.op} of {show(v.type)}; {instead}", e)


def arithmetic(f: Function, op: str, a: Val, b: Val, e: n.Context) -> Val:
    """`a op b`, both evaluated already. `e` is the operation, or an augmented assignment."""
    if op in INSTEAD:
        raise reject(f"the operator {op} is outside the language; {INSTEAD[op]}", e)
    if isinstance(a.type, Enumeration) or isinstance(b.type, Enumeration):
        return _flags(op, a, b, e)
    if not is_number(a.type) or not is_number(b.type):
        raise reject(f"{show(a.type)} {op} {show(b.type)}; {_numbers_instead(a, b)}", e)
    if a.type == LITERAL and b.type == LITERAL:
        return _fold(op, a, b, e)
    shift = op in ("<<", ">>")
    if shift and a.type == LITERAL:
        raise reject(f"a plain int {op} {b.type.name} is a plain int; name the width: u64({a.code}) {op} …", e)
    t = a.type if isinstance(a.type, Int) else b.type
    assert isinstance(t, Int)
    if not shift:
        a, b = _same_width(a, t, op, e), _same_width(b, t, op, e)
    elif b.const is not None and not 0 <= b.const < 1 << 64:
        raise reject(f"shift by {b.const}; write a distance from 0 to the width", e)
    if isinstance(e, n.OpExpr) and not f.is_untyped(e) and f.type_of(e) != t:
        raise reject(f"{show(a.type)} {op} {show(b.type)} is a plain int under CPython; name the width of both", e)
    return _checked(op, a, b, t)


def _numbers_instead(a: Val, b: Val) -> str:
    if BOOL in (a.type, b.type):
        return "a bool is no number: write `1 if x else 0` with a width"
    return "arithmetic is of integers; test unions first"


def _same_width(v: Val, t: Int, op: str, e: n.Context) -> Val:
    if v.type == t:
        return v
    if v.type != LITERAL:
        raise reject(f"{t.name} {op} {show(v.type)}: the widths differ; cast one: {t.name}(…)", e)
    if v.const is not None and not 0 <= v.const < 1 << t.bits:
        raise reject(f"{v.const} does not fit {t.name}; write one from 0 to {(1 << t.bits) - 1}", e)
    if v.largest() >= 1 << t.bits:
        raise reject(f"a plain int may not fit {t.name}; cast it: {t.name}(…)", e)
    return Val(v.code, t, v.atom, v.const, v.stable, v.effect, limit=v.limit)


def _checked(op: str, a: Val, b: Val, t: Int) -> Val:
    limit = _limit(op, a, b, t)
    settled = a.stable and b.stable
    effect = a.effect or b.effect
    exact = _exact(op, a, b, t)
    if exact is not None and _is_literal(a) and _is_literal(b):
        return literal(exact, t)
    divides = op in ("//", "%") and b.const not in (None, 0)
    moves = op == ">>" and b.const is not None and b.const < t.bits
    if op in BITWISE or divides or moves or exact is not None:
        code = f"{a.operand} {C_OPERATOR.get(op, op)} {b.operand}"
        return Val(code, t, False, exact, settled, effect, limit=limit)
    return Val(f"{CHECKED[op]}_{t.name}({a.code}, {b.code})", t, effect=effect, limit=limit)


def _is_literal(v: Val) -> bool:
    return v.const is not None and v.code[0].isdigit()


def _exact(op: str, a: Val, b: Val, t: Int) -> int | None:
    """The result, where both operands are known and it does not trap."""
    if a.const is None or b.const is None:
        return None
    if (op in ("//", "%") and b.const == 0) or (op in ("<<", ">>") and b.const >= t.bits):
        return None
    result = FOLDED[op](a.const, b.const)
    return result if 0 <= result < 1 << t.bits else None


def _limit(op: str, a: Val, b: Val, t: Int) -> int | None:
    """The largest result, where the operands tell."""
    if op == "&":
        return min(a.largest(), b.largest())
    if op in "|^":
        return int((1 << max(a.largest().bit_length(), b.largest().bit_length())) - 1)
    if op == ">>" and b.const is not None:
        return a.largest() >> min(b.const, 64)
    if op == "%" and b.const:
        return min(a.largest(), b.const - 1)
    if op == "//" and b.const:
        return a.largest() // b.const
    return None


def _flags(op: str, a: Val, b: Val, e: n.Context) -> Val:
    t = a.type
    if not isinstance(t, Enumeration) or not t.is_flag:
        raise reject(f"{show(a.type)} {op} {show(b.type)}; only flags combine: write x.value in a cast", e)
    if op not in BITWISE:
        raise reject(f"{show(t)} {op} {show(b.type)}; flags combine by & | ^: cast to u64 for arithmetic", e)
    if b.type != t:
        raise reject(f"{show(t)} {op} {show(b.type)}; name the flags, or write {show(t)}(…)", e)
    const = None if a.const is None or b.const is None else FOLDED[op](a.const, b.const)
    code = f"{a.operand} {op} {b.operand}"
    return Val(code, t, False, const, a.stable and b.stable, a.effect or b.effect)


def _fold(op: str, a: Val, b: Val, e: n.Context) -> Val:
    if a.const is None or b.const is None:
        raise reject(f"a plain int {op} a plain int; name the width: u64(…)", e)
    if op in ("//", "%") and b.const == 0:
        raise reject("division by the constant 0; write another divisor", e)
    if op in ("<<", ">>") and not 0 <= b.const <= LARGEST_SHIFT:
        raise reject(f"shift by {b.const}; write a distance from 0 to 63", e)
    return literal(FOLDED[op](a.const, b.const))
