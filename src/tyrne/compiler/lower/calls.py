"""Calls: of functions and methods, of classes (to make values), of isinstance and casts."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from mypy import nodes as n

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.image.load import runtime
from tyrne.compiler.image.snapshot import part_test
from tyrne.compiler.lower import builtins
from tyrne.compiler.lower.binding import bind, check_bound
from tyrne.compiler.lower.constants import flags_from
from tyrne.compiler.lower.evaluate import extend, lower, raw, settle
from tyrne.compiler.lower.function import Function, Unreachable, reject
from tyrne.compiler.lower.narrowing import has_tag, lower_to, to
from tyrne.compiler.lower.types import (
    BOOL,
    NONE,
    NORETURN,
    Class,
    Enumeration,
    Environment,
    Place,
    Reference,
    Type,
    Union,
    Value,
    alternatives,
    is_open,
    show,
)
from tyrne.compiler.lower.value import Val, boolean, comparison
from tyrne.compiler.rules.constructs import FUNCTIONS
from tyrne.compiler.rules.marks import is_marked_only


def lower_call(f: Function, e: n.CallExpr) -> Val:
    callee = e.callee
    if any(kind not in (n.ARG_POS, n.ARG_NAMED) for kind in e.arg_kinds):
        raise reject("`*` arguments are outside the language; write each argument", e)
    node = callee.node if isinstance(callee, n.RefExpr) else None
    if isinstance(callee, n.IndexExpr):
        raise reject("type arguments in a call; leave them out: they follow from the arguments", e)
    if isinstance(node, n.TypeAlias):
        node = getattr(node.target, "type", None)
    if isinstance(callee, n.MemberExpr) and not _is_qualified(callee):
        return _method(f, e, callee)
    fullname = getattr(node, "fullname", "") or ""
    if fullname == "builtins.isinstance":
        return _isinstance(f, e)
    known = builtins.TABLE.get(fullname)
    if known is not None:
        return known(f, e)
    if fullname in FUNCTIONS:
        raise reject(f"{fullname.rpartition('.')[2]}() is outside the language; {FUNCTIONS[fullname]}", e)
    if isinstance(node, n.TypeInfo):
        return _construct(f, e, node)
    decorated = node.func if isinstance(node, n.Decorator) else node
    if isinstance(decorated, n.FuncDef):
        return invoke(f, e, decorated, node, None, None)
    if isinstance(node, n.OverloadedFuncDef):
        raise reject(f"{node.name} is overloaded; write one function with a union", e)
    raise reject(f"call of {getattr(callee, 'name', 'a value')}; call functions and methods by their names", e)


def _is_qualified(callee: n.MemberExpr) -> bool:
    """Whether `a.b(…)` calls a function of a module or a name of a class, not a method."""
    base = callee.expr
    if not isinstance(base, n.RefExpr):
        return False
    if isinstance(base.node, n.TypeInfo):
        if base.node.fullname == "tyrne.lang.arrays.Array":
            raise reject("an Array is made at module level only; put it into a place", callee)
        raise reject(f"{base.node.name}.{callee.name}(…) through the class; call it on an object", callee)
    return isinstance(base.node, n.MypyFile)


def _method(f: Function, e: n.CallExpr, callee: n.MemberExpr) -> Val:
    receiver = lower(f, callee.expr)
    t = receiver.type
    if not isinstance(t, Class | Enumeration):
        raise reject(f"{show(t)} has no methods; {_first(t)}", e)
    symbol = t.info.names.get(callee.name)
    node = symbol.node if symbol is not None else None
    if callee.name.startswith("__"):
        raise reject(f"{callee.name} has two leading underscores; write one, or another name", e)
    plain = node.func if isinstance(node, n.Decorator) and is_marked_only(node) else node
    if not isinstance(plain, n.FuncDef):
        what = "is a property or has a decorator; write a plain method" if isinstance(node, n.Decorator) else ""
        what = what or "is no method of that class; call one that it defines itself"
        raise reject(f"{show(t)}.{callee.name} {what}", e)
    return invoke(f, e, plain, node, t, receiver)


def _first(t: Type) -> str:
    return "test which of these it is first" if isinstance(t, Union | Reference) else "write a function"


def invoke(
    f: Function, e: n.CallExpr, node: n.FuncDef, symbol: n.Node | None, self_type: Type | None, receiver: Val | None
) -> Val:
    """Call a function, specialised for its receiver and its arguments. Missing arguments are the defaults."""
    program = f.program
    if program.module_of(node.fullname) not in program.modules:
        raise reject(f"{node.name}() of a library is outside the language; write a function of your own", e)
    if any(kind.is_star() for kind in node.arg_kinds):
        raise reject(f"{node.name} takes * arguments; name each parameter", e)
    slots = _match(e, node, self_type is not None)
    got: list[Val] = [] if receiver is None else [receiver]
    for argument, _ in slots.given:
        extend(f, got, argument)
    env: Environment = dict(program.image.environment(self_type)) if self_type is not None else {}
    declared = _declared(node, self_type is not None)
    values = dict(zip([name for _, name in slots.given], got[len(got) - len(slots.given) :], strict=True))
    for name, t in declared:
        if name in values:
            bind(program.registry, env, t, values[name].type, e)
    for name, t in declared:
        if name in values:
            check_bound(env, t, values[name].type, node.name, e)
    types: list[tuple[str, Type]] = []
    for name, t in declared:
        wanted = _parameter(f, node, name, t, env)
        if is_open(wanted):
            if name not in values:
                raise reject(f"{name} has a default and a protocol for its type; pass it", e)
            wanted = _concrete(f, values[name].type, wanted, e)
        types.append((name, wanted))
    first = len(got) - len(slots.given)
    for i, (argument, name) in enumerate(slots.given):
        wanted = dict(types)[name]
        v, lines = f.body.capture(lambda v=got[first + i], wanted=wanted, a=argument: to(f, v, wanted, a))  # type: ignore[misc]
        if lines:
            got = [f.once(w) for w in got]
        f.body.add(lines)
        got[first + i] = v
    given = [name for _, name in slots.given]
    settle(f, got, in_order=given == [name for name, _ in types if name in given])
    by_name = dict(zip(given, got[first:], strict=True))
    for name, t in types:
        if name not in by_name:
            by_name[name] = _default(f, node, name, t, e)
    parameters = types if self_type is None else [("self", self_type), *types]
    instance = program.request(node, symbol, self_type, env, parameters, e)
    f.calls(instance.c_name, e.line)
    arguments = [by_name[name].code for name, _ in types]
    if receiver is not None:
        arguments.insert(0, got[0].code)
    result = instance.result
    v = Val(f"{instance.c_name}({', '.join(arguments)})", result, effect=True, hint=node.name.strip("_"))
    if result == NORETURN:
        f.body.emit(f"{v.code};")
        raise Unreachable
    return v


def _parameter(f: Function, node: n.FuncDef, name: str, t: Any, env: Environment) -> Type:
    try:
        return f.program.registry.of(t, env)
    except Reject as why:
        path = f.program.modules[f.program.module_of(node.fullname)].path
        raise Reject(f"{name}: {why.what}", why.line if why.path else node.line, why.path or path) from None


def _concrete(f: Function, have: Type, wanted: Type, e: n.Context) -> Type:
    if isinstance(have, Class) or not hasattr(wanted, "info"):
        return have
    raise reject(f"{show(have)} where {show(wanted)} is needed; pass an object of one class", e)


class _Slots:
    """The arguments of a call in the order of their evaluation, each with the name of its parameter."""

    def __init__(self) -> None:
        self.given: list[tuple[n.Expression, str]] = []


def _declared(node: n.FuncDef, is_method: bool) -> list[tuple[str, Any]]:
    types = getattr(node.type, "arg_types", None)
    if types is None:
        raise reject(f"{node.name} has no annotations; write them", node)
    pairs = [(a.variable.name, t) for a, t in zip(node.arguments, types, strict=True)]
    return pairs[1:] if is_method else pairs


def _match(e: n.CallExpr, node: n.FuncDef, is_method: bool) -> _Slots:
    names = [a.variable.name for a in node.arguments][1 if is_method else 0 :]
    slots = _Slots()
    for i, (argument, name) in enumerate(zip(e.args, e.arg_names, strict=True)):
        if i >= len(names) or (name is not None and name not in names):
            raise reject(f"{node.name} has no such parameter; pass {len(names)} at most", argument)
        slots.given.append((argument, name if name is not None else names[i]))
    return slots


def _default(f: Function, node: n.FuncDef, name: str, t: Type, e: n.CallExpr) -> Val:
    """The value of a default argument, which CPython made when it imported the module."""
    function = runtime(node.fullname, f.program.module_of(node.fullname))
    value = _defaults(function).get(name, _MISSING)
    if value is _MISSING:
        raise reject(f"{node.name} is called without {name}; pass it", e)
    try:
        return f.program.constant(t, value, f"{node.name}({name})")
    except Reject as why:
        raise reject(f"the default of {name}: {why.what}", e) from None


_MISSING = object()


def _defaults(function: Any) -> dict[str, Any]:
    code = function.__code__
    names: Sequence[str] = code.co_varnames[: code.co_argcount]
    values = function.__defaults__ or ()
    return {**dict(zip(names[len(names) - len(values) :], values, strict=True)), **(function.__kwdefaults__ or {})}


# -- classes


def _construct(f: Function, e: n.CallExpr, info: n.TypeInfo) -> Val:
    t = f.program.registry.class_type(info, ()) if f.is_untyped(e) and not info.type_vars else f.type_of(e)
    if isinstance(t, Enumeration):
        if len(e.args) != 1:
            raise reject(f"{info.name}(…) takes one number", e)
        return flags_from(f, t, lower(f, e.args[0]), e)
    if isinstance(t, Place):
        raise reject(f"{info.name} is a place, and places are not made at run time; make it at module level", e)
    if not isinstance(t, Value):
        raise reject(f"{info.name}(…) is outside the language; name a value's class", e)
    fields = f.program.image.fields(t)
    names = positional_fields(f.program.registry.runtime(info))
    got: list[Val] = []
    order: list[str] = []
    for i, (argument, name) in enumerate(zip(e.args, e.arg_names, strict=True)):
        order.append(name if name is not None else names[i])
        before = len(got)
        wanted = fields[order[-1]].type
        extend(f, got, argument, lambda f, a, wanted=wanted: lower_to(f, a, wanted))  # type: ignore[misc]
        assert len(got) == before + 1
    settle(f, got, in_order=order == [name for name in fields if name in order])
    given = dict(zip(order, got, strict=True))
    defaults = f.program.registry.runtime(info).__dataclass_fields__
    parts = []
    for name, item in fields.items():
        v = given.get(name) or f.program.constant(item.type, defaults[name].default, f"{info.name}.{name}")
        parts.append(f".{item.c_name} = {v.code}")
    return Val(
        f"({t.name}){{{', '.join(parts)}}}",
        t,
        stable=all(v.stable for v in got),
        effect=any(v.effect for v in got),
        hint=info.name,
    )


def positional_fields(value_class: Any) -> list[str]:
    """The fields of a value that may stand without a name, in a call and in a pattern."""
    return [item.name for item in dataclasses.fields(value_class) if not item.kw_only]


def _isinstance(f: Function, e: n.CallExpr) -> Val:
    tested, classes = e.args
    v = raw(f, tested)
    items = classes.items if isinstance(classes, n.TupleExpr) else [classes]
    wanted = [_class_of(f, item, v.type) for item in items]
    if not wanted:
        raise reject("isinstance with no class; name classes", e)
    return is_one_of(f, v, wanted, e)


def _class_of(f: Function, item: n.Expression, t: Type) -> Type:
    """The alternative of `t` that a class names."""
    node = item.node if isinstance(item, n.RefExpr) else None
    if isinstance(node, n.TypeAlias):
        node = getattr(node.target, "type", None)
    if not isinstance(node, n.TypeInfo):
        raise reject("isinstance with something that is no class; name classes, or a tuple of them", item)
    return alternative_named(t, node, item)


def alternative_named(t: Type, info: n.TypeInfo, e: n.Context) -> Type:
    """The alternative of a type whose class is `info`."""
    if info.is_protocol:
        raise reject(f"a test for the protocol {info.name}; name the class", e)
    for part in alternatives(t):
        if getattr(part, "info", None) is info or part.name == info.fullname.removeprefix("tyrne.lang.integers."):
            return part
        if info.fullname == f"builtins.{part.name}":
            return part
    raise reject(f"{show(t)} is never {info.name}; name one of its alternatives", e)


def is_one_of(f: Function, v: Val, wanted: list[Type], e: n.Context) -> Val:
    """The condition that a union or nullable reference is one of some alternatives."""
    if all(p in wanted for p in alternatives(v.type)):
        if v.effect:
            f.body.temporary(v)
        return boolean(True)
    if isinstance(v.type, Reference):
        sign = "==" if wanted == [NONE] else "!="
        return comparison(v.operand, sign, "NULL", v.stable, v.effect)
    if len(wanted) > 1 and v.effect:
        v = f.once(v)
    assert isinstance(v.type, Union)
    if len(wanted) == 1:
        return comparison(*part_test(f.program.image, v.operand, v.type, wanted[0]), v.stable, v.effect)
    return Val(has_tag(f, v, tuple(wanted)), BOOL, atom=False, stable=v.stable, effect=v.effect)

