"""Types of the language as C sees them. Two types are the same when their class and name are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from mypy.nodes import TypeInfo


@dataclass(frozen=True)
class Type:
    """`name` is the C name of what has one, and unique in the program."""

    name: str


@dataclass(frozen=True)
class Int(Type):
    """u8, u16, u32 or u64."""

    bits: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Literal(Type):
    """A plain int of Python: a constant, or a length. It takes the width of what it meets, and is never stored."""


@dataclass(frozen=True)
class Enumeration(Type):
    """A plain Enum, as small as its values allow, or an IntFlag of 32 bits (`is_flag`)."""

    info: TypeInfo = field(compare=False)
    members: dict[str, int] = field(compare=False)
    bits: int = field(compare=False)
    is_flag: bool = field(compare=False)


@dataclass(frozen=True)
class Class(Type):
    """A value or a place, specialised for the type arguments of its class."""

    info: TypeInfo = field(compare=False)
    args: tuple[Type, ...] = field(compare=False)


@dataclass(frozen=True)
class Value(Class):
    """A frozen dataclass: copied, a C struct."""


@dataclass(frozen=True)
class Place(Class):
    """A plain class: a C struct in static storage. Expressions of this type are pointers, never null."""


@dataclass(frozen=True)
class Reference(Type):
    """`Place | None`: a pointer, null for None."""

    place: Place


@dataclass(frozen=True)
class Array(Type):
    """`length` elements in a place; an expression of this type is a pointer to the first.

    A length of None is what an annotation alone says: the parameter is specialised for the array that is passed.
    """

    element: Type = field(compare=False)
    length: int | None = field(compare=False)


@dataclass(frozen=True)
class Union(Type):
    """Two or more alternatives: a tag, and the member that it names. Nested unions are flat, and None is last."""

    parts: tuple[Type, ...] = field(compare=False)


@dataclass(frozen=True)
class Open(Type):
    """A protocol: the concrete type comes from what is passed."""

    info: TypeInfo = field(compare=False)


VOID: Final = Type("void")
"""What a function without a result returns."""
NORETURN: Final = Type("noreturn")
"""What a function returns that does not return."""
NONE: Final = Type("None")
BOOL: Final = Type("bool")
BYTES: Final = Type("Bytes")
"""Constant bytes and their length."""
LITERAL: Final = Literal("int")
U8: Final = Int("u8", 8)
U16: Final = Int("u16", 16)
U32: Final = Int("u32", 32)
U64: Final = Int("u64", 64)
INTS: Final = {f"tyrne.lang.integers.{t.name}": t for t in (U8, U16, U32, U64)}


_C_NAMES: Final = {"noreturn": "void", "int": "u64"}
"""A plain int that is not a constant is the length of bytes, or a byte: it fits."""


def is_open(t: Type) -> bool:
    """Whether an annotation leaves open what the type of a parameter is."""
    return isinstance(t, Open) or (isinstance(t, Array) and (t.length is None or is_open(t.element)))


def is_number(t: Type) -> bool:
    return isinstance(t, Int | Literal)


def is_int_like(t: Type) -> bool:
    """Whether CPython compares values of this type with ints."""
    return isinstance(t, Int | Literal) or t == BOOL or (isinstance(t, Enumeration) and t.is_flag)


def pointer_to_element(t: Array, name: str) -> str:
    """The declaration of a variable that denotes an array."""
    if isinstance(t.element, Array):
        return stored(t.element, f"(*{name})")
    return stored(t.element, f"*{name}")


def declare(t: Type, name: str) -> str:
    """The C declaration of a parameter, a local or a result of a type: places by pointer."""
    if isinstance(t, Place):
        return _join(f"{t.name} *", name)
    if isinstance(t, Array):
        return pointer_to_element(t, name)
    return stored(t, name)


def stored(t: Type, name: str) -> str:
    """The C declaration of a field of a place, an element or a global: places are embedded."""
    if isinstance(t, Reference):
        return _join(f"{t.place.name} *", name)
    if isinstance(t, Array):
        return stored(t.element, f"{name}[{t.length}]")
    return _join(f"{_C_NAMES.get(t.name, t.name)} ", name)


def _join(base: str, name: str) -> str:
    return base + name if name else base.rstrip()


def show(t: Type) -> str:
    """The type as its annotation is written, for messages."""
    if isinstance(t, Reference):
        return f"{show(t.place)} | None"
    if isinstance(t, Union):
        return " | ".join(show(p) for p in t.parts)
    if isinstance(t, Array):
        return f"Array[{show(t.element)}]"
    if isinstance(t, Class) and t.args:
        return f"{t.info.name}[{', '.join(show(a) for a in t.args)}]"
    if isinstance(t, Enumeration | Class | Open):
        return str(t.info.name)
    return {"Bytes": "bytes", "void": "None", "noreturn": "NoReturn"}.get(t.name, t.name)


def part_of(t: Type, other: Type) -> bool:
    """Whether a value of type `t` is one of `other` without a change of width or kind."""
    if t == other:
        return True
    if isinstance(other, Reference):
        return t in (NONE, other.place)
    if isinstance(other, Union):
        return all(p in other.parts for p in alternatives(t))
    return False


def alternatives(t: Type) -> tuple[Type, ...]:
    """The members of a union, of a nullable reference, or the type alone."""
    if isinstance(t, Union):
        return t.parts
    if isinstance(t, Reference):
        return (t.place, NONE)
    return (t,)


Environment = dict[str, Type]
"""Type variables by name, as one instance of a class or function binds them."""
