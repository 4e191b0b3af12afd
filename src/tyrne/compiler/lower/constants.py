"""Names whose values are known when the program is built: constants of modules and classes, enum members."""

from __future__ import annotations

from mypy import nodes as n

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.image.load import runtime
from tyrne.compiler.image.snapshot import enumerator
from tyrne.compiler.lower.function import Function, reject
from tyrne.compiler.lower.types import LITERAL, Array, Enumeration, Int, Place, is_open, show
from tyrne.compiler.lower.value import Val, literal, pointer_to


def module_constant(f: Function, node: n.Var, e: n.Context) -> Val:
    """A module-level name: a place, or a constant."""
    known = f.program.image.globals.get(node.fullname)
    if known is not None:
        f.program.use_global(known)
        if isinstance(known.type, Array):
            return Val(known.path, known.type, stable=True, hint=node.name.lower())
        return pointer_to(known.path, known.type, True, node.name.lower())
    module = node.fullname.rpartition(".")[0]
    if module not in f.program.modules:
        raise reject(f"{node.name} of a library is outside the language; write a Final of your own", e)
    if not node.is_final:
        raise reject(f"{node.name} is a module-level variable; write {node.name}: Final = …, or a field of a place", e)
    if node.type is None or module not in f.program.checked.trees:
        raise reject(f"{node.name} has no type here; annotate it", e)
    try:
        t = f.program.registry.of(node.type, {})
    except Reject as why:
        raise Reject(f"{node.name}: {why.what}", why.line if why.path else e.line, why.path) from None
    if is_open(t):
        raise reject(f"{node.name} is declared as {show(t)}; declare its class", e)
    if isinstance(t, Place):
        raise reject(f"{node.name} is a place that was not found in the image; make it a module-level Final", e)
    return f.program.named_constant(node.fullname, t, runtime(node.fullname, module))


def class_constant(f: Function, info: n.TypeInfo, e: n.Context, name: str = "") -> Val:
    """A constant of a class: `Table.CAPACITY`."""
    name = name or getattr(e, "name", "")
    symbol = info.names.get(name)
    node = symbol.node if symbol is not None else None
    if not isinstance(node, n.Var) or not (node.is_final or node.is_classvar) or node.type is None:
        raise reject(f"{info.name}.{name} is no constant; write {name}: Final = … at module level", e)
    t = f.program.registry.of(node.type, {})
    return f.program.constant(t, getattr(f.program.registry.runtime(info), name), f"{info.name}.{name}")


def enum_member(f: Function, info: n.TypeInfo, e: n.MemberExpr) -> Val:
    """`Status.OK`."""
    t = f.program.registry.class_type(info, ())
    assert isinstance(t, Enumeration)
    if e.name not in t.members:
        raise reject(f"{info.name} has no member {e.name}; name one of its members", e)
    value = t.members[e.name]
    name = f.program.registry.runtime(info)[e.name].name or e.name  # Of two names of one member, the first.
    return Val(enumerator(t, name), t, const=value, stable=True, limit=value)


def enum_value(f: Function, v: Val, e: n.MemberExpr) -> Val:
    """`x.value`: a plain int, which a cast gives its width."""
    assert isinstance(v.type, Enumeration)
    if e.name not in ("value", "_value_"):
        raise reject(f"{show(v.type)}.{e.name} is outside the language; write x.value, or `match` on x", e)
    if v.const is not None:
        return literal(v.const)
    largest = max(v.type.members.values(), default=0)
    limit = (1 << 32) - 1 if v.type.is_flag else largest
    return Val(v.code, LITERAL, v.atom, stable=v.stable, effect=v.effect, limit=limit)


def flags_from(f: Function, t: Enumeration, v: Val, e: n.Context) -> Val:
    """`Rights(x)`: any 32 bits, as under CPython. A wider number is masked or cast first."""
    if not t.is_flag:
        raise reject(f"{show(t)}(…) looks a member up by its value; write a `match` that names the members", e)
    if not isinstance(v.type, Int) and v.type != LITERAL:
        raise reject(f"{show(t)}({show(v.type)}); write {show(t)}(u32(…))", e)
    if v.const is not None and not 0 <= v.const < 1 << 32:
        raise reject(f"{show(t)}({v.const}) is beyond 32 bits; write a smaller number", e)
    if v.largest() >= 1 << 32:
        raise reject(f"{show(t)}({show(v.type)}) may be beyond 32 bits; mask it, or write {show(t)}(u32(…))", e)
    return Val(f"({t.name}){v.operand}", t, atom=False, const=v.const, stable=v.stable, effect=v.effect)


