"""Fixed arrays, and the ranges that walk over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar, overload

from tyrne.lang.integers import Trap, u64

T = TypeVar("T")

_SHOWN = 4
"""Elements that stand in the text of an array."""


class Array(Generic[T]):
    """A fixed number of elements: values, which are copied, or places, which stay where they are.

    The length is part of the array's place: it is the same in every instance of the class that holds it.
    """

    __slots__ = ("_items",)

    def __init__(self, items: list[T]) -> None:
        self._items = items

    @classmethod
    def of(cls, length: int, make: Callable[[int], T]) -> Array[T]:
        """An array of `length` elements, element i being `make(i)`."""
        return cls([make(i) for i in range(length)])

    @classmethod
    def filled(cls, length: int, value: T) -> Array[T]:
        """An array of `length` copies of a value (not of a place)."""
        return cls([value] * length)

    def __repr__(self) -> str:
        first = ", ".join(map(repr, self._items[:_SHOWN]))
        return f"Array({len(self._items)}: {first}{', …' if len(self._items) > _SHOWN else ''})"

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    def __getitem__(self, index: int, /) -> T:
        if not 0 <= index < len(self._items):
            raise Trap(f"index {int(index)} of {len(self._items)}")
        return self._items[index]

    def __setitem__(self, index: int, value: T, /) -> None:
        if not 0 <= index < len(self._items):
            raise Trap(f"index {int(index)} of {len(self._items)}")
        self._items[index] = value


@overload
def irange(stop: int, /) -> Iterator[u64]: ...
@overload
def irange(start: int, stop: int, /) -> Iterator[u64]: ...
def irange(*bounds: int) -> Iterator[u64]:
    """The numbers from start (or 0) up to but without stop, as u64."""
    return map(u64, range(*bounds))
