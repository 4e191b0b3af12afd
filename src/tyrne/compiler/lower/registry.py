"""From mypy's types to types of the language."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import Flag, IntFlag
from typing import Any, Final

from mypy import nodes as n
from mypy import types as m

from tyrne.compiler.front.reject import Reject
from tyrne.compiler.lower.names import Names, member_name
from tyrne.compiler.lower.types import (
    BOOL,
    BYTES,
    INTS,
    LITERAL,
    NONE,
    NORETURN,
    Array,
    Class,
    Enumeration,
    Environment,
    Open,
    Place,
    Reference,
    Type,
    Union,
    Value,
    alternatives,
    show,
)
from tyrne.compiler.rules.classes import check_class

ARRAY: Final = "tyrne.lang.arrays.Array"
MACHINE: Final = "tyrne.lang.machine"
BUILTINS: Final[dict[str, Type]] = {"builtins.bool": BOOL, "builtins.int": LITERAL, "builtins.bytes": BYTES, **INTS}
INSTEAD: Final = {
    "builtins.str": "text is `bytes`",
    "builtins.float": "write integers: u8, u16, u32, u64",
    "builtins.list": "write an Array of fixed length",
    "builtins.dict": "write a `match`",
    "builtins.set": "write an IntFlag or an Array of bool",
    "builtins.tuple": "write a frozen dataclass",
    "builtins.bytearray": "write an Array[u8]",
    "builtins.object": "name the type",
    "typing.Any": "name the type",
}


class Registry:
    """Every type of one program, each made once."""

    def __init__(self, names: Names, runtime: Callable[[n.TypeInfo], Any]) -> None:
        self.names = names
        self.runtime = runtime
        self.aliases: dict[frozenset[Type], str] = {}
        self._classes: dict[tuple[str, tuple[Type, ...]], Type] = {}
        self._unions: dict[frozenset[Type], Union] = {}

    def all_types(self) -> list[Type]:
        """Every enum, class and tagged union that was made."""
        return [*self._classes.values(), *self._unions.values()]

    def of(self, t: m.Type, env: Environment) -> Type:
        """The type that an annotation or an expression has, with type variables bound by `env`."""
        t = m.get_proper_type(t)
        if isinstance(t, m.NoneType):
            return NONE
        if isinstance(t, m.UninhabitedType):
            return NORETURN
        if isinstance(t, m.LiteralType):
            return self.of(t.fallback, env)
        if isinstance(t, m.TypeVarType):
            if t.name not in env:
                raise Reject(f"the type variable {t.name} is bound to no type here; bind it by a parameter")
            return env[t.name]
        if isinstance(t, m.UnionType):
            return self.union([self.of(item, env) for item in t.items])
        if isinstance(t, m.Instance):
            return self._instance(t, env)
        if isinstance(t, m.AnyType):
            raise Reject("the type Any is outside the language; write the annotation")
        if isinstance(t, m.TupleType):
            raise Reject("tuples are outside the language; write a frozen dataclass")
        if isinstance(t, m.CallableType | m.Overloaded):
            raise Reject("functions are no values; call the function by its name, or `match` on an Enum")
        if isinstance(t, m.TypeType):
            raise Reject("classes are no values; write a type variable or a protocol")
        raise Reject(f"the type {t} is outside the language; see docs/language.md for those that it has")

    def _instance(self, t: m.Instance, env: Environment) -> Type:
        fullname = t.type.fullname
        if t.type.is_intersection:  # mypy's idea of an object that passes two tests by isinstance
            both = " and ".join(base.type.name for base in t.type.bases)
            raise Reject(f"nothing is both {both}; drop the test that is never true")
        if fullname in BUILTINS:
            return BUILTINS[fullname]
        if fullname == ARRAY:
            return self.array(self.of(t.args[0], env), None)
        if fullname in INSTEAD:
            raise Reject(f"the type {t.type.name} is outside the language; {INSTEAD[fullname]}")
        if t.type.is_protocol and t.type.module_name not in ("typing", "collections.abc"):
            return Open(f"protocol {fullname}", t.type)
        return self.class_type(t.type, tuple(self.of(a, env) for a in t.args))

    def array(self, element: Type, length: int | None) -> Array:
        return Array(f"{element.name}[{'' if length is None else length}]", element, length)

    def class_type(self, info: n.TypeInfo, args: tuple[Type, ...]) -> Type:
        """An enum, a value or a place. Classes outside the language are refused here."""
        key = (info.fullname, args)
        if key not in self._classes:
            if info.module_name.partition(".")[0] in ("builtins", "typing", "enum", "collections"):
                instead = INSTEAD.get(info.fullname, "write a class of your own")
                raise Reject(f"the type {info.name} is outside the language; {instead}")
            runtime = self.runtime(info)
            try:
                kind = check_class(info, runtime)
            except Reject as why:
                raise Reject(why.what, why.line, self.source(info)) from None
            if kind == "enum":
                self._classes[key] = self._enum(info, runtime)
            else:
                made = Value if kind == "value" else Place
                self._classes[key] = made(self._class_name(info, args), info, args)
        return self._classes[key]

    @staticmethod
    def source(info: n.TypeInfo) -> str:
        """The file that defines a class."""
        return str(sys.modules[info.module_name].__file__)

    def _class_name(self, info: n.TypeInfo, args: tuple[Type, ...]) -> str:
        """The class's own name; type arguments that stand for a protocol (the board) only when they are needed."""
        shorter = [a for a, v in zip(args, info.defn.type_vars, strict=True) if not bound_to_protocol(v)]
        module = info.module_name.rpartition(".")[2]
        short = "_".join([info.name, *(type_word(a) for a in shorter)])
        long = "_".join([info.name, *(type_word(a) for a in args)])
        return self.names.give(
            (info.fullname, args),
            short,
            long,
            f"{module}_{short}",
            f"{module}_{long}",
            derived=lambda name: [member_name(name)],
        )

    def _enum(self, info: n.TypeInfo, runtime: Any) -> Enumeration:
        members = {name: self._member(info, name, member) for name, member in runtime.__members__.items()}
        module = info.module_name.rpartition(".")[2]
        name = self.names.give(
            info.fullname,
            info.name,
            f"{module}_{info.name}",
            derived=lambda name: [member_name(name), *(f"{name}_{member}" for member in members)],
        )
        if issubclass(runtime, IntFlag):
            return Enumeration(name, info, members, 32, True)
        largest = max(members.values(), default=0)
        bits = next((b for b in (8, 16, 32, 64) if largest < 1 << b), 0)
        if not bits:
            raise Reject(f"{info.name} has a value beyond 64 bits; use smaller ones", info.line, self.source(info))
        return Enumeration(name, info, members, bits, False)

    def _member(self, info: n.TypeInfo, name: str, member: Any) -> int:
        value = member.value
        if info.module_name == MACHINE:
            return list(type(member).__members__).index(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            what = f"{info.name}.{name} is {value!r}; an enum's values are ints from 0 on"
            raise Reject(what, info.line, self.source(info))
        if isinstance(member, Flag) and value >= 1 << 32:
            raise Reject(f"{info.name}.{name} is beyond 32 bits; use lower flags", info.line, self.source(info))
        return int(value)

    def union(self, parts: list[Type]) -> Type:
        """The union of some types: flat, each once; with None alone beside a place it is a nullable reference."""
        flat = list(dict.fromkeys(p for part in parts for p in alternatives(part)))
        flat = [p for p in flat if p != NORETURN]
        if len(flat) == 1:
            return flat[0]
        if len(flat) == 2 and NONE in flat:
            other = flat[0] if flat[1] == NONE else flat[1]
            if isinstance(other, Place):
                return Reference(f"{other.name} or None", other)
        key = frozenset(flat)
        if key not in self._unions:
            classes = [p.info for p in flat if isinstance(p, Class)]
            if len(set(classes)) != len(classes):
                raise Reject(f"{' | '.join(show(p) for p in flat)}: no test tells these apart; write two classes")
            for part in flat:
                if isinstance(part, Open | Array) or part in (LITERAL, BYTES):
                    raise Reject(f"{show(part)} cannot be one of a union; use a concrete type of fixed size")
            ordered = sorted((p for p in flat if p != NONE), key=lambda p: p.name) + [NONE] * (NONE in flat)
            joined = "_or_".join(p.name for p in ordered)
            alias = self.aliases.get(key, joined)
            self._unions[key] = Union(self.names.give(("union", key), alias, joined), tuple(ordered))
        return self._unions[key]


def bound_to_protocol(variable: m.TypeVarLikeType) -> bool:
    bound = m.get_proper_type(variable.upper_bound)
    return isinstance(bound, m.Instance) and bound.type.is_protocol


def type_word(t: Type) -> str:
    """A type as part of a C name."""
    return "".join(c if c.isalnum() else "_" for c in t.name).strip("_")


def alias_union(registry: Registry, tree: n.MypyFile) -> None:
    """Give the unions that a module names by an alias (`Effect = Resume | Block`) that name."""
    for name, symbol in tree.names.items():
        node = symbol.node
        if not isinstance(node, n.TypeAlias) or node.alias_tvars or not node.fullname.startswith(tree.fullname + "."):
            continue
        target = m.get_proper_type(node.target)
        if isinstance(target, m.UnionType):
            try:
                parts = frozenset(p for item in target.items for p in alternatives(registry.of(item, {})))
            except Reject:
                continue
            registry.aliases.setdefault(parts, name)


