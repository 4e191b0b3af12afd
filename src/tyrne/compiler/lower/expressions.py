"""Expressions: names, fields, elements, conditions. Operators and calls have files of their own."""

from __future__ import annotations

from dataclasses import replace

from mypy import nodes as n

from tyrne.compiler.lower.body import Line
from tyrne.compiler.lower.calls import lower_call
from tyrne.compiler.lower.comparisons import lower_comparison
from tyrne.compiler.lower.constants import class_constant, enum_member, enum_value, module_constant
from tyrne.compiler.lower.evaluate import HANDLERS, bytes_of, lower, operands
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.narrowing import narrow, to
from tyrne.compiler.lower.operators import condition, lower_operator, lower_unary
from tyrne.compiler.lower.types import (
    BYTES,
    LITERAL,
    Array,
    Class,
    Enumeration,
    Int,
    Place,
    Type,
    Value,
    declare,
    is_number,
    is_open,
    part_of,
    show,
)
from tyrne.compiler.lower.value import NULL, Val, boolean, literal, pointer_to
from tyrne.compiler.rules.marks import is_marked_only

# -- names and fields


def _name(f: Function, e: n.NameExpr) -> Val:
    if e.fullname in ("builtins.True", "builtins.False"):
        return boolean(e.name == "True")
    if e.fullname == "builtins.None":
        return NULL
    local = f.body.locals.get(e.name)
    if local is not None and isinstance(e.node, n.Var) and e.kind == n.LDEF:
        v = Val(f.body.mention(local), local.type, stable=True, hint=e.name)
        return narrow(f, v, e)
    return _global(f, e)


def _global(f: Function, e: n.RefExpr) -> Val:
    node = e.node
    if isinstance(node, n.Var):
        if node.fullname.startswith(f.instance.fullname + ".") or e.kind == n.LDEF:
            raise reject(f"{node.name} may not be assigned yet; assign it first", e)
        return module_constant(f, node, e)
    if isinstance(node, n.FuncDef | n.OverloadedFuncDef | n.Decorator):
        raise reject("functions are no values; call the function by its name", e)
    if isinstance(node, n.TypeInfo | n.TypeAlias):
        raise reject("classes are no values; make a value, or name an enum's member", e)
    raise reject(f"{getattr(e, 'name', 'this name')} is outside the language here; use a Final module-level name", e)


def _member(f: Function, e: n.MemberExpr) -> Val:
    base = e.expr
    if isinstance(base, n.RefExpr):
        node = base.node
        if isinstance(node, n.TypeAlias):
            node = getattr(node.target, "type", None)
        if isinstance(node, n.MypyFile):
            return _global(f, e)
        if isinstance(node, n.TypeInfo):
            return enum_member(f, node, e) if node.is_enum else class_constant(f, node, e)
    v = lower(f, base)
    if isinstance(v.type, Enumeration):
        return enum_value(f, v, e)
    if not isinstance(v.type, Class):
        raise reject(f"{show(v.type)} has no field {e.name}; {_narrow_first(v.type)}", e)
    return narrow(f, field_of(f, v, e.name, e), e)


def _narrow_first(t: Type) -> str:
    return "test which of these it is first" if "|" in show(t) else "see docs/language.md"


def field_of(f: Function, v: Val, name: str, e: n.Context) -> Val:
    """A field of a value or a place, with its declared type."""
    assert isinstance(v.type, Class)
    item = f.program.image.fields(v.type).get(name)
    if item is None:
        symbol = v.type.info.names.get(name)
        if symbol is not None and isinstance(symbol.node, n.Var):
            return class_constant(f, v.type.info, e, name)
        if symbol is not None and isinstance(symbol.node, n.Decorator) and not is_marked_only(symbol.node):
            raise reject(f"{show(v.type)}.{name} is a property; write a method and call it", e)
        raise reject(f"{show(v.type)} has no field {name}; call methods, and declare fields in the class", e)
    if not item.is_stored:
        if v.effect:
            f.body.temporary(v)
        return f.program.constant(item.type, item.constant, f"{show(v.type)}.{name}")
    if isinstance(v.type, Value):
        code = f"{v.operand}.{item.c_name}"
        return Val(code, item.type, stable=v.stable, effect=v.effect, lvalue=v.lvalue, hint=name)
    if isinstance(item.type, Place):
        return replace(pointer_to(v.member(item.c_name), item.type, v.stable, name), effect=v.effect)
    code = v.member(item.c_name)
    if isinstance(item.type, Array):
        return Val(code, item.type, stable=v.stable, effect=v.effect, hint=name)
    return Val(code, item.type, effect=v.effect, lvalue=True, hint=name)


def _index(f: Function, e: n.IndexExpr) -> Val:
    base, index = operands(f, [e.base, e.index])
    return narrow(f, element(f, base, index, e), e)


def element(f: Function, base: Val, index: Val, e: n.IndexExpr) -> Val:
    """An element of an array or of bytes, with its declared type."""
    if not is_number(index.type):
        raise reject(f"index of type {show(index.type)}; write a number", e)
    if base.type == BYTES:
        base = f.once(base)
        return Val(
            f"{base.operand}.data[at({index.code}, {base.operand}.length)]", LITERAL, limit=255, effect=index.effect
        )
    if not isinstance(base.type, Array):
        raise reject(f"{show(base.type)} is not indexed; only an Array and bytes are", e)
    length = base.type.length
    assert length is not None
    if index.const is not None and not 0 <= index.const < length:
        raise reject(f"index {index.const} of an Array of {length}; write one from 0 to {length - 1}", e)
    text = index.code if index.const is not None else f"at({index.code}, {length})"
    code = f"{base.operand}[{text}]"
    stable = base.stable and index.const is not None
    effect = base.effect or index.effect
    kind = base.type.element
    hint = base.hint.removesuffix("s") if base.hint != "value" else "item"
    if isinstance(kind, Place):
        return replace(pointer_to(code, kind, stable, hint), effect=effect)
    if isinstance(kind, Array):
        return Val(code, kind, stable=stable, effect=effect, hint=hint)
    return Val(code, kind, effect=effect, lvalue=True, hint=hint)


# -- constants and choices


def _int(f: Function, e: n.IntExpr) -> Val:
    return literal(e.value)


def _bytes(f: Function, e: n.BytesExpr) -> Val:
    return f.program.constant(BYTES, bytes_of(e), "bytes")


def _conditional(f: Function, e: n.ConditionalExpr) -> Val:
    test = condition(f, e.cond)
    if test.const is not None:
        return lower(f, e.if_expr if test.const else e.else_expr)
    branches = (e.if_expr, e.else_expr)
    dead = [f.is_unreachable(x) for x in branches]
    if any(dead) and test.stable:
        return lower(f, branches[0 if dead[1] else 1])
    (a, if_lines), (b, else_lines) = (_branch(f, x) for x in branches)
    t = _common(f, a.type, b.type, e)
    if is_open(t):
        raise reject(f"{show(a.type)} or {show(b.type)}: two types; write two statements", e)
    (a, more_if), (b, more_else) = (f.body.capture(lambda v=v: _into(f, v, t, e)) for v in (a, b))  # type: ignore[misc]
    if_lines, else_lines = if_lines + more_if, else_lines + more_else
    limit = max(a.largest(), b.largest()) if is_number(t) else None
    if not if_lines and not else_lines:
        return Val(
            f"{test.operand} ? {_arm(a)} : {_arm(b)}",
            t,
            atom=False,
            stable=test.stable and a.stable and b.stable,
            effect=test.effect or a.effect or b.effect,
            limit=limit,
        )
    return _choose(f, test, (a, if_lines), (b, else_lines), t)


def _branch(f: Function, e: n.Expression) -> tuple[Val, list[Line]]:
    if not f.is_unreachable(e):
        return f.body.capture(lambda: lower(f, e))
    with f.doubtful(e):
        return f.body.capture(lambda: lower(f, e))


def _common(f: Function, a: Type, b: Type, e: n.ConditionalExpr) -> Type:
    """The type of a choice. mypy may have ruled one branch out, by a field that can change since."""
    if a == b:
        return a
    if f.wanted is not None and f.wanted[0] is e and part_of(a, f.wanted[1]) and part_of(b, f.wanted[1]):
        return f.wanted[1]
    return f.type_of(e) if LITERAL in (a, b) else f.program.registry.union([a, b])


def _into(f: Function, v: Val, t: Type, e: n.ConditionalExpr) -> Val:
    if t == LITERAL and isinstance(v.type, Int):
        raise reject(f"a plain int in one branch and {v.type.name} in the other; name the width in both", e)
    return to(f, v, t, e)


def _arm(v: Val) -> str:
    return v.code if v.atom or "?" not in v.code else f"({v.code})"


def _choose(f: Function, test: Val, yes: tuple[Val, list[Line]], no: tuple[Val, list[Line]], t: Type) -> Val:
    """A conditional expression whose branches need statements."""
    name = f.body.fresh("chosen")
    f.body.emit(f"{declare(t, name)};")
    with f.body.braces(f"if ({test.code})"):
        f.body.add(yes[1])
        f.body.emit(f"{name} = {yes[0].code};")
    with f.body.braces("else"):
        f.body.add(no[1])
        f.body.emit(f"{name} = {no[0].code};")
    return Val(name, t, stable=True)


HANDLERS.update(
    {
        "NameExpr": _name,
        "MemberExpr": _member,
        "IndexExpr": _index,
        "IntExpr": _int,
        "BytesExpr": _bytes,
        "ConditionalExpr": _conditional,
        "OpExpr": lower_operator,
        "UnaryExpr": lower_unary,
        "ComparisonExpr": lower_comparison,
        "CallExpr": lower_call,
    }
)
