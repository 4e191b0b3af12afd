"""Which classes the language has: enums, values and places."""

from __future__ import annotations

import dataclasses
from enum import Enum, FlagBoundary, IntEnum, IntFlag, StrEnum
from typing import Any, Final, Literal

from mypy import nodes as n

from tyrne.compiler.front.reject import Reject

Kind = Literal["enum", "value", "place"]

PERMITTED_BASES: Final = frozenset({"builtins.object", "typing.Generic"})
REPLACED_METHODS: Final = {
    "__eq__": "`==` is generated field by field; write a method of another name",
    "__ne__": "`==` is generated field by field; write a method of another name",
    "__bool__": "truth is of bool, ints and flags only; write a method",
    "__match_args__": "patterns name the fields in their order; drop it",
    "__post_init__": "values are made without running code; check in the function that makes them",
    "__new__": "values are made without running code; write a function that makes them",
    "__getattr__": "fields are declared; write a method",
    "__getattribute__": "fields are declared; write a method",
    "__setattr__": "fields are declared; write a method",
}
"""Methods that would give an operation of the language another meaning under CPython."""


def check_class(info: n.TypeInfo, runtime: Any) -> Kind:
    """What kind of class this is. Raises Reject, at the class, for what is none."""
    for name, instead in REPLACED_METHODS.items():
        if name in info.names and not (name in ("__new__",) and info.is_enum) and _written(info, name):
            raise _reject(info, f"{info.name} defines {name}; {instead}")
    if info.is_enum:
        return _check_enum(info, runtime)
    if info.is_newtype:
        raise _reject(info, f"{info.name} is a NewType; write a frozen dataclass with one field")
    if issubclass(runtime, BaseException):
        raise _reject(info, f"{info.name} is an exception; write an Enum and return it")
    _check_bases(info)
    parameters = getattr(runtime, "__dataclass_params__", None)
    if parameters is not None and "__dataclass_params__" in vars(runtime):
        return _check_value(info, runtime, parameters)
    return "place"


def _written(info: n.TypeInfo, name: str) -> bool:
    """Whether the source defines it, as opposed to what mypy's dataclass support adds."""
    return not info.names[name].plugin_generated


def _reject(info: n.TypeInfo, what: str) -> Reject:
    return Reject(what, info.line)


def _check_bases(info: n.TypeInfo) -> None:
    for base in info.mro[1:]:
        if base.fullname in PERMITTED_BASES or base.is_protocol:
            continue
        if base.module_name == "tyrne.lang.integers" or base.module_name == "builtins":
            raise _reject(info, f"{info.name} extends {base.name}; write a frozen dataclass with one field")
        if base.is_named_tuple or "NamedTuple" in base.fullname:
            raise _reject(info, f"{info.name} is a NamedTuple; write a frozen dataclass")
        raise _reject(info, f"{info.name} inherits from {base.name}; hold it in a field, or share a protocol")


def _check_enum(info: n.TypeInfo, runtime: Any) -> Kind:
    if not runtime.__members__:
        raise _reject(info, f"{info.name} has no members; give it some")
    if issubclass(runtime, IntFlag):
        _check_flags(info, runtime)
        return "enum"
    if issubclass(runtime, IntEnum):
        raise _reject(info, f"{info.name} is an IntEnum, which mixes with ints; write Enum and u64(x.value)")
    if issubclass(runtime, StrEnum) or runtime.__mro__[1] is not Enum:
        raise _reject(info, f"{info.name} extends {runtime.__mro__[1].__name__}; write Enum or IntFlag")
    return "enum"


def _check_flags(info: n.TypeInfo, runtime: Any) -> None:
    if runtime._boundary_ is not FlagBoundary.KEEP:
        raise _reject(info, f"{info.name} has a boundary; drop it: flags keep every bit")
    for name in ("__and__", "__or__", "__xor__", "__contains__"):
        if name in info.names:
            raise _reject(info, f"{info.name} defines {name}; flags combine bit by bit: write a method")


def _check_value(info: n.TypeInfo, runtime: Any, parameters: Any) -> Kind:
    if not parameters.frozen:
        raise _reject(info, f"{info.name} is a dataclass that is not frozen; write @dataclass(frozen=True)")
    if not parameters.eq:
        raise _reject(info, f"{info.name} has eq=False; drop it: `==` compares the fields")
    if not parameters.init or ("__init__" in info.names and _written(info, "__init__")):
        raise _reject(info, f"{info.name} has an __init__ of its own; drop it: a value is made from its fields")
    if parameters.order:
        raise _reject(info, f"{info.name} has order=True; drop it and compare the fields by name")
    known = {item.name for item in dataclasses.fields(runtime)}
    for name, pseudo in runtime.__dataclass_fields__.items():
        if name not in known and "INITVAR" in str(pseudo):
            raise _reject(info, f"{info.name}.{name} is an InitVar; write a plain field")
    for item in dataclasses.fields(runtime):
        if item.default_factory is not dataclasses.MISSING:
            raise _reject(info, f"{info.name}.{item.name} has a default_factory; give it a constant default")
        if not item.init or not item.compare:
            raise _reject(info, f"{info.name}.{item.name} is left out of __init__ or of ==; write a plain field")
    return "value"
