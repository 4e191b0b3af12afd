"""Checked unsigned integers of fixed width: a result that does not fit traps, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, Self, TypeVar


class Trap(BaseException):
    """A check of the language failed: overflow, bounds, division by zero, stale narrowing, `assert`.

    Compiled code stops in the panic handler at the same place. Kernel Python never catches it.
    """


_PAGE = 0x1000
SHARED: Final = 1024
"""Of the numbers below this one every width that can hold it has one object each, which no operation makes again."""


class UnsignedInteger(int):
    """Common behaviour of u8, u16, u32 and u64: arithmetic with itself and with literals only."""

    BITS: ClassVar[int] = 0
    LIMIT: ClassVar[int] = 0

    def __repr__(self) -> str:
        """Large numbers are addresses, sets of bits or all ones for the most part: from a page on in hexadecimal."""
        return f"{type(self).__name__}({int(self):{'#x' if self >= _PAGE else ''}})"

    __str__ = int.__repr__

    if TYPE_CHECKING:

        def __new__(cls, value: int = 0, /) -> Self: ...
        def __rshift__(self, distance: int, /) -> Self: ...
        def __lshift__(self, distance: int, /) -> Self:
            """Shift left; a bit that would be lost traps."""
            ...

        def __add__(self, other: int, /) -> Self: ...
        def __sub__(self, other: int, /) -> Self: ...
        def __mul__(self, other: int, /) -> Self: ...
        def __floordiv__(self, other: int, /) -> Self: ...
        def __mod__(self, other: int, /) -> Self: ...
        def __and__(self, other: int, /) -> Self: ...
        def __or__(self, other: int, /) -> Self: ...
        def __xor__(self, other: int, /) -> Self: ...
        def __radd__(self, other: int, /) -> Self: ...
        def __rsub__(self, other: int, /) -> Self: ...
        def __rmul__(self, other: int, /) -> Self: ...
        def __rfloordiv__(self, other: int, /) -> Self: ...
        def __rmod__(self, other: int, /) -> Self: ...
        def __rand__(self, other: int, /) -> Self: ...
        def __ror__(self, other: int, /) -> Self: ...
        def __rxor__(self, other: int, /) -> Self: ...


def _complete(kind: type[UnsignedInteger]) -> None:
    """Give a width its operations, as functions that know it: most of what the kernel does under CPython is these."""
    shared: list[Any] = [int.__new__(kind, value) for value in range(min(SHARED, kind.LIMIT))]
    bits, limit, below, new = kind.BITS, kind.LIMIT, len(shared), int.__new__

    def construct(cls: type[UnsignedInteger], value: int = 0, /) -> Any:
        if 0 <= value < below:
            return shared[value]
        if value < 0 or value >= limit:
            raise Trap(f"{kind.__name__} overflow: {int(value)}")
        return new(kind, value)

    def checked(name: str) -> Callable[[Any, Any], Any]:
        """The method `name` of int, refusing other widths and checking the range of its result."""
        operation = getattr(int, name)

        def method(self: Any, other: Any, /) -> Any:
            if type(other) is not kind and type(other) is not int:
                raise TypeError(f"{kind.__name__}.{name} with {type(other).__name__}: cast one of the two")
            try:
                value = operation(self, other)
            except ZeroDivisionError:
                raise Trap("division by zero") from None
            if 0 <= value < below:
                return shared[value]
            if value < 0 or value >= limit:
                raise Trap(f"{kind.__name__} overflow: {int(value)}")
            return new(kind, value)

        method.__name__ = name
        return method

    def shift_right(self: Any, distance: int, /) -> Any:
        value = to_the_right(self, distance)
        return shared[value] if value < below else new(kind, value)

    def shift_left(self: Any, distance: int, /) -> Any:
        if self == 0:
            return self
        if distance >= bits:
            raise Trap(f"{kind.__name__} overflow: {int(self)} << {int(distance)}")
        return construct(kind, to_the_left(self, distance))

    to_the_right, to_the_left = int.__rshift__, int.__lshift__
    methods: dict[str, Any] = {"__new__": staticmethod(construct), "__rshift__": shift_right, "__lshift__": shift_left}
    for operator in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor"):
        for name in (f"__{operator}__", f"__r{operator}__"):
            methods[name] = checked(name)
    for name, method in methods.items():
        setattr(kind, name, method)


def _refused(name: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Any, *_: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__}.{name} is outside the language: {instead}")

    method.__name__ = name
    return method


for _method, _instead in {
    "__truediv__": "write //",
    "__pow__": "write the product",
    "__neg__": "unsigned integers have no sign",
    "__divmod__": "write // and %",
    "__rlshift__": "name the width: u64(1) << x",
    "__rrshift__": "name the width: u64(1) >> x",
}.items():
    setattr(UnsignedInteger, _method, _refused(_method, _instead))


class u8(UnsignedInteger):
    """8 bits."""

    BITS = 8
    LIMIT = 1 << 8


class u16(UnsignedInteger):
    """16 bits."""

    BITS = 16
    LIMIT = 1 << 16


class u32(UnsignedInteger):
    """32 bits."""

    BITS = 32
    LIMIT = 1 << 32


class u64(UnsignedInteger):
    """64 bits."""

    BITS = 64
    LIMIT = 1 << 64


usize = u64

for _kind in (u8, u16, u32, u64):
    _complete(_kind)

U = TypeVar("U", u8, u16, u32, u64)


def wrapping_add(a: U, b: U) -> U:
    """a + b modulo 2 to the width."""
    return type(a)((int(a) + int(b)) % a.LIMIT)


def wrapping_sub(a: U, b: U) -> U:
    """a - b modulo 2 to the width."""
    return type(a)((int(a) - int(b)) % a.LIMIT)


def wrapping_mul(a: U, b: U) -> U:
    """a * b modulo 2 to the width."""
    return type(a)((int(a) * int(b)) % a.LIMIT)


def saturating_add(a: U, b: U) -> U:
    """a + b, or the largest value of the width when that does not fit."""
    return type(a)(min(int(a) + int(b), a.LIMIT - 1))


def saturating_sub(a: U, b: U) -> U:
    """a - b, or 0 when b is larger."""
    return type(a)(max(int(a) - int(b), 0))


def saturating_mul(a: U, b: U) -> U:
    """a * b, or the largest value of the width when that does not fit."""
    return type(a)(min(int(a) * int(b), a.LIMIT - 1))


def bit_not(a: U) -> U:
    """Every bit of a inverted."""
    return type(a)(a.LIMIT - 1 - int(a))


def leading_zeros(a: U) -> U:
    """The number of zero bits above the highest one bit; the width itself for 0."""
    return type(a)(a.BITS - int(a).bit_length())


def trailing_zeros(a: U) -> U:
    """The number of zero bits below the lowest one bit; the width itself for 0."""
    return type(a)((int(a) & -int(a)).bit_length() - 1 if a else a.BITS)
