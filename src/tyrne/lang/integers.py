"""Checked unsigned integers of fixed width: a result that does not fit traps, on every machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, TypeVar


class Trap(BaseException):
    """A check of the language failed: overflow, bounds, division by zero, stale narrowing, `assert`.

    Compiled code stops in the panic handler at the same place. Kernel Python never catches it.
    """


_PAGE = 0x1000


class UnsignedInteger(int):
    """Common behaviour of u8, u16, u32 and u64: arithmetic with itself and with literals only."""

    BITS: ClassVar[int] = 0
    LIMIT: ClassVar[int] = 0

    def __new__(cls, value: int = 0, /) -> Self:
        if not 0 <= value < cls.LIMIT:
            raise Trap(f"{cls.__name__} overflow: {int(value)}")
        return int.__new__(cls, value)

    def __repr__(self) -> str:
        """Large numbers are addresses, sets of bits or all ones for the most part: from a page on in hexadecimal."""
        return f"{type(self).__name__}({int(self):{'#x' if self >= _PAGE else ''}})"

    __str__ = int.__repr__

    def __rshift__(self, distance: int, /) -> Self:
        return type(self)(int(self) >> int(distance))

    def __lshift__(self, distance: int, /) -> Self:
        """Shift left; a bit that would be lost traps."""
        if self == 0:
            return self
        if distance >= self.BITS:
            raise Trap(f"{type(self).__name__} overflow: {int(self)} << {int(distance)}")
        return type(self)(int(self) << int(distance))

    if TYPE_CHECKING:

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


def _checked(name: str) -> Callable[[Any, Any], Any]:
    """The method `name` of int, refusing other widths and checking the range of its result."""
    operation = getattr(int, name)

    def method(self: Any, other: Any, /) -> Any:
        kind = type(self)
        if type(other) is not kind and type(other) is not int:
            raise TypeError(f"{kind.__name__}.{name} with {type(other).__name__}: cast one of the two")
        try:
            value = operation(self, other)
        except ZeroDivisionError:
            raise Trap("division by zero") from None
        if not 0 <= value < kind.LIMIT:
            raise Trap(f"{kind.__name__} overflow: {int(value)}")
        return int.__new__(kind, value)

    method.__name__ = name
    return method


def _refused(name: str, instead: str) -> Callable[..., NoReturn]:
    def method(self: Any, *_: Any) -> NoReturn:
        raise TypeError(f"{type(self).__name__}.{name} is outside the language: {instead}")

    method.__name__ = name
    return method


for _name in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor"):
    for _method in (f"__{_name}__", f"__r{_name}__"):
        setattr(UnsignedInteger, _method, _checked(_method))
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


def trailing_zeros(a: U) -> U:
    """The number of zero bits below the lowest one bit; the width itself for 0."""
    return type(a)((int(a) & -int(a)).bit_length() - 1 if a else a.BITS)
