"""Arenas: fixed storage for kernel objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from tyrne.lang import Array, u16, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.life import Life


class Living(Protocol):
    """What arenas hold."""

    life: Life


T = TypeVar("T", bound=Living)

LAST_GENERATION: Final = u32(0xFFFF_FFFF)
"""A slot freed in this generation is retired: a reference to it can never become valid again."""


class Arena(Generic[T]):
    """Slots for places of one class. A freed slot is the next to be used again, in its next generation.

    Links between free slots are one more than the index, so that all zero is the initial state.
    """

    def __init__(self, capacity: int, make: Callable[[int], T]) -> None:
        assert capacity <= 0xFFFF
        self.items: Array[T] = Array.of(capacity, make)
        self.occupied: Array[bool] = Array.filled(capacity, False)
        self.next_free: Array[u16] = Array.filled(capacity, u16(0))
        self.first_free: u16 = u16(0)
        self.touched: u16 = u16(0)
        self.population: u16 = u16(0)

    def allocate(self) -> T | None:
        """The object of a free slot, as its last user left it, to begin its next life; None when none is free."""
        index = self.touched
        if self.first_free != 0:
            index = self.first_free - 1
            self.first_free = self.next_free[index]
        elif index < len(self.items):
            self.touched += 1
        else:
            return None
        self.occupied[index] = True
        self.population += 1
        item = self.items[index]
        item.life.index = index
        item.life.count += 1
        return item

    def free(self, index: u16) -> None:
        """End the life of the object in a slot, and give the slot back."""
        assert self.occupied[index], "a slot is freed that is not in use"
        self.occupied[index] = False
        self.population -= 1
        life = self.items[index].life
        life.count += 1
        if life.generation() <= u64(LAST_GENERATION):
            self.next_free[index] = self.first_free
            self.first_free = index + 1

    def is_full(self) -> bool:
        return self.first_free == 0 and self.touched == len(self.items)
