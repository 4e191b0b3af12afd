"""Comparisons: numbers of any widths, identity, generated equality of values and unions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mypy import nodes as n

from tyrne.compiler.image.measure import Image
from tyrne.compiler.image.snapshot import part_test, tag
from tyrne.compiler.lower.evaluate import lower, operands, raw
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.narrowing import to
from tyrne.compiler.lower.types import (
    BOOL,
    LITERAL,
    NONE,
    Class,
    Enumeration,
    Int,
    Place,
    Reference,
    Type,
    Union,
    Value,
    alternatives,
    is_int_like,
    is_number,
    part_of,
    show,
)
from tyrne.compiler.lower.value import Val, boolean, comparison

Lowering = Callable[[Function, n.Expression], Val]
EqualText = Callable[[Type, str, str], str]
"""The C condition that two members of a type are equal."""

C_OPERATOR: Final = {"is": "==", "is not": "!="}
_LISTED: Final = {n.TupleExpr: "tuples", n.ListExpr: "lists", n.SetExpr: "sets"}
_MEMBERS: Final = {"in": ("==", "or"), "not in": ("!=", "and")}
"""How each member of what is listed is compared instead, and how the comparisons are joined."""
_SPELLED: Final = 4
"""Members that a refusal spells out."""


def lower_comparison(f: Function, e: n.ComparisonExpr) -> Val:
    """`a < b < c`: each operand once, from left to right, and none after the first false comparison."""
    for op, left, right in zip(e.operators, e.operands, e.operands[1:], strict=False):
        _refuse_listed(op, left, right)
    a, b = operands(f, e.operands[:2], _operand(f, e))
    if len(e.operators) > 1:
        a, b = f.once(a), f.once(b)
    result = compare(f, e.operators[0], a, b, e)
    for op, operand in zip(e.operators[1:], e.operands[2:], strict=True):
        a = b
        (b, test), lines = f.body.capture(lambda a=a, op=op, operand=operand: _next(f, op, a, operand, e))  # type: ignore[misc]
        if lines:
            name = f.body.fresh("in_order")
            f.body.emit(f"bool {name} = {result.code};")
            with f.body.braces(f"if ({name})"):
                f.body.add(lines)
                f.body.emit(f"{name} = {test.code};")
            result = Val(name, BOOL, stable=True)
            if len(e.operators) > 2:
                raise reject("this chain of comparisons needs calls in its middle; write it as several with `and`", e)
        else:
            result = Val(
                f"{result.code} && {test.code}",
                BOOL,
                atom=False,
                stable=result.stable and test.stable,
                effect=result.effect or test.effect,
            )
            if not b.stable and len(e.operators) > 2:
                raise reject("this chain of comparisons reads memory in its middle; write it as several with `and`", e)
    return result


def _refuse_listed(op: str, left: n.Expression, right: n.Expression) -> None:
    """Refuse `x in (A, B)`, with the comparisons that say the same."""
    if op not in _MEMBERS or not isinstance(right, n.TupleExpr | n.ListExpr | n.SetExpr) or not right.items:
        return
    sign, word = _MEMBERS[op]
    tests = [f"{_spelled(left)} {sign} {_spelled(item)}" for item in right.items[:_SPELLED]]
    more = [] if len(right.items) <= _SPELLED else ["…"]
    raise reject(f"{_LISTED[type(right)]} are outside the language; write {f' {word} '.join([*tests, *more])}", right)


def _spelled(e: n.Expression) -> str:
    """A name, a field, a number, or a call of one argument with one of these, as it is written; `…` for all else."""
    match e:
        case n.NameExpr():
            return e.name
        case n.MemberExpr():
            return f"{_spelled(e.expr)}.{e.name}"
        case n.IntExpr():
            return str(e.value)
        case n.CallExpr(args=[argument]) if isinstance(e.callee, n.NameExpr):
            return f"{e.callee.name}({_spelled(argument)})"
        case _:
            return "…"


def _next(f: Function, op: str, a: Val, operand: n.Expression, e: n.ComparisonExpr) -> tuple[Val, Val]:
    b = lower(f, operand)
    return b, compare(f, op, a, b, e)


def _operand(f: Function, e: n.ComparisonExpr) -> Lowering:
    """How operands are lowered: what is compared with None keeps its declared type."""
    with_none = any(isinstance(x, n.NameExpr) and x.fullname == "builtins.None" for x in e.operands)
    return raw if with_none else lower


def compare(f: Function, op: str, a: Val, b: Val, e: n.Context) -> Val:
    """One comparison of two operands that are evaluated already."""
    if op in ("is", "is not"):
        return _identity(f, op, a, b, e)
    if op in ("in", "not in"):
        return _membership(f, op, a, b, e)
    if op in ("==", "!="):
        return _equality(f, op, a, b, e)
    if not is_number(a.type) or not is_number(b.type):
        raise reject(f"{show(a.type)} {op} {show(b.type)}; only integers have an order", e)
    return _plain(op, a, b, e)


def _plain(op: str, a: Val, b: Val, e: n.Context) -> Val:
    for v in (a, b):
        if v.const is not None and v.const < 0:
            raise reject(f"comparison with {v.const}; unsigned integers have no sign", e)
        if v.const is not None and v.const >= 1 << 64:
            raise reject(f"comparison with {v.const:#x}; no number of the language is that large", e)
    sign = C_OPERATOR.get(op, op)
    if a.const is not None and b.const is not None and is_number(a.type):
        return boolean(_FOLDED[sign](a.const, b.const))
    effect, stable = a.effect or b.effect, a.stable and b.stable
    return comparison(a.operand, sign, b.operand, stable, effect)


_FOLDED: Final = {
    "==": int.__eq__,
    "!=": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _identity(f: Function, op: str, a: Val, b: Val, e: n.Context) -> Val:
    if NONE in (a.type, b.type):
        return _is_none(f, op, b if a.type == NONE else a)
    if isinstance(a.type, Place | Reference) and isinstance(b.type, Place | Reference):
        if _place(a.type) != _place(b.type):
            raise reject(f"{show(a.type)} {op} {show(b.type)} are never the same; compare places of one class", e)
        return _plain(op, a, b, e)
    if a.type == b.type == BOOL:
        return _plain(op, a, b, e)
    parts = [p for t in (a.type, b.type) for p in alternatives(t) if p != NONE]
    if parts and all(isinstance(p, Enumeration) and not p.is_flag for p in parts):
        return _equality(f, "==" if op == "is" else "!=", a, b, e)
    raise reject(f"{show(a.type)} {op} {show(b.type)}; `is` compares with None, enum members and places: write ==", e)


def _place(t: Type) -> Type:
    return t.place if isinstance(t, Reference) else t


def _is_none(f: Function, op: str, v: Val) -> Val:
    sign = C_OPERATOR[op]
    if isinstance(v.type, Reference):
        return comparison(v.operand, sign, "NULL", v.stable, v.effect)
    if isinstance(v.type, Union) and NONE in v.type.parts:
        left, _, right = part_test(f.program.image, v.operand, v.type, NONE)
        return comparison(left, sign, right, v.stable, v.effect)
    if v.effect:
        f.body.temporary(v)
    return boolean((v.type == NONE) == (op == "is"))


def _membership(f: Function, op: str, a: Val, b: Val, e: n.Context) -> Val:
    if not isinstance(a.type, Enumeration) or not a.type.is_flag or a.type != b.type:
        raise reject(f"{show(a.type)} {op} {show(b.type)}; write a `for` loop, or `or` between comparisons", e)
    a = f.once(a)
    sign = "==" if op == "in" else "!="
    return comparison(f"({b.operand} & {a.operand})", sign, a.operand, b.stable, b.effect)


def _equality(f: Function, op: str, a: Val, b: Val, e: n.Context) -> Val:
    if is_number(a.type) and is_number(b.type):
        return _plain(op, a, b, e)
    if a.type == NONE or b.type == NONE:
        raise reject(f"comparison with None by {op}; write `is None`", e)
    for v, w in ((a, b), (b, a)):
        if isinstance(v.type, Union) and w.type == LITERAL:
            ints = [p for p in v.type.parts if isinstance(p, Int)]
            if len(ints) != 1:
                raise reject(f"{show(v.type)} {op} a plain int; name its width: u64(…)", e)
            sized = to(f, w, ints[0], e)
            a, b = (v, sized) if v is a else (sized, v)
            break
    t = a.type if part_of(b.type, a.type) else b.type
    if not (part_of(a.type, t) and part_of(b.type, t)):
        raise reject(f"{show(a.type)} {op} {show(b.type)}; compare two of one type", e)
    a, b = to(f, a, t, e), to(f, b, t, e)
    if isinstance(t, Enumeration) and t.is_flag:
        for v in (a, b):
            if v.const is not None:
                f.test_flags(t, v.const, e.line)
    if isinstance(t, Enumeration) or t == BOOL:
        return _plain(op, a, b, e)
    if isinstance(t, Place | Reference):
        raise reject(f"places are compared by {op}; write `{'is' if op == '==' else 'is not'}`", e)
    if not isinstance(t, Value | Union):
        raise reject(f"{show(t)} {op} {show(t)}; compare the elements in a `for` loop", e)
    check_equality(f, t, e)
    code = f"{f.program.equality(t)}({a.code}, {b.code})"
    return Val(code if op == "==" else f"!{code}", BOOL, effect=a.effect or b.effect, stable=a.stable and b.stable)


def check_equality(f: Function, t: Type, e: n.Context) -> None:
    """Refuse what CPython would compare across types: `u8(1) == u16(1)` in a union of the two."""
    if isinstance(t, Union):
        if sum(is_int_like(p) for p in t.parts) > 1:
            raise reject(f"== of {show(t)}: CPython compares these across types; test with isinstance first", e)
        for part in t.parts:
            check_equality(f, part, e)
    elif isinstance(t, Value):
        for item in f.program.image.fields(t).values():
            check_equality(f, item.type, e)


def equality_function(
    image: Image, f_fields: list[tuple[str, Type]], t: Class | Union, name: str, equal: EqualText
) -> str:
    """The C function that compares two values, or two unions."""
    head = f"static inline bool {name}({t.name} a, {t.name} b) {{"
    if isinstance(t, Union) and image.niche(t) is not None:
        ((member, part),) = f_fields
        here, there = (" ".join(part_test(image, side, t, NONE)) for side in ("a", "b"))
        both = f"{here} || {equal(part, f'a.{member}', f'b.{member}')}"
        return f"{head}\n    return ({here}) == ({there}) && ({both});\n}}"
    if isinstance(t, Union):
        lines = [head, "    if (a.tag != b.tag)", "        return false;", "    switch (a.tag) {"]
        for member, part in f_fields:
            lines.append(f"    case {tag(part)}: return {equal(part, f'a.{member}', f'b.{member}')};")
        return "\n".join([*lines, "    default: return true;", "    }", "}"])
    tests = [equal(part, f"a.{member}", f"b.{member}") for member, part in f_fields]
    return f"{head}\n    return {' && '.join(tests) or 'true'};\n}}"
