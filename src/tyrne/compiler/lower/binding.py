"""What a call says about the type variables of the function that it calls."""

from __future__ import annotations

from mypy import nodes as n
from mypy import types as m

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.lower.function import reject
from tyrne.compiler.lower.registry import Registry
from tyrne.compiler.lower.types import LITERAL, NONE, Array, Class, Environment, Type, alternatives, part_of, show


def bind(registry: Registry, env: Environment, declared: m.Type, have: Type, e: n.Context) -> None:
    """Bind the variables in a parameter's declared type so that an argument of type `have` fits it."""
    declared = m.get_proper_type(declared)
    if isinstance(declared, m.TypeVarType):
        _bind_one(env, declared, have, e)
    elif isinstance(declared, m.Instance) and declared.args:
        if isinstance(have, Array):
            bind(registry, env, declared.args[0], have.element, e)
        elif isinstance(have, Class) and have.info is declared.type:
            for inner, t in zip(declared.args, have.args, strict=True):
                bind(registry, env, inner, t, e)
    elif isinstance(declared, m.UnionType):
        _bind_union(registry, env, declared, have, e)


def check_bound(env: Environment, declared: m.Type, have: Type, called: str, e: n.Context) -> None:
    """Refuse an argument that leaves no type to a variable of its parameter, as `Status` does for `T | Status`."""
    declared = m.get_proper_type(declared)
    for item in declared.items if isinstance(declared, m.UnionType) else ():
        variable = m.get_proper_type(item)
        if isinstance(variable, m.TypeVarType) and variable.name not in env:
            what = f"{called}() of {show(have)} alone leaves no type for {variable.name}"
            raise reject(f"{what}; call a function that takes {show(have)}", e)


def _bind_one(env: Environment, variable: m.TypeVarType, have: Type, e: n.Context) -> None:
    if variable.values:
        raise reject(f"{variable.name} has a list of types; write a bound, or one function for each", e)
    if have == LITERAL:
        raise reject("a plain int where a type variable is; name its width: u64(…)", e)
    if not part_of(have, env.setdefault(variable.name, have)):
        raise reject(
            f"{variable.name} is {show(env[variable.name])} and {show(have)}; pass arguments of one type", e
        )


def _bind_union(registry: Registry, env: Environment, declared: m.UnionType, have: Type, e: n.Context) -> None:
    """`T | None`: T is what remains of the argument's alternatives without the others of the declaration."""
    open_items: list[m.Type] = []
    fixed: list[Type] = []
    for item in declared.items:
        try:
            fixed += alternatives(registry.of(item, {}))
        except Reject:
            open_items.append(item)
    rest = [p for p in alternatives(have) if p not in fixed]
    if len(open_items) == 1 and rest:
        bind(registry, env, open_items[0], registry.union(rest), e)
    elif len(open_items) > 1:
        for item in open_items:
            proper = m.get_proper_type(item)
            for part in rest:
                if part != NONE and isinstance(proper, m.Instance) and getattr(part, "info", None) is proper.type:
                    bind(registry, env, item, part, e)
