"""Arenas: fixed storage for kernel objects, named by index and generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class SlotId:
    """Names one use of one slot. It goes stale when the slot is freed."""

    index: u16
    generation: u32


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

    def allocate(self) -> SlotId | None:
        """Occupy a slot; None when none is free. The object in it is as its last user left it."""
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
        life = self.items[index].life
        life.index = index
        life.count += 1
        return self.id_at(u64(index))

    def free(self, slot: SlotId) -> bool:
        """Give a slot back; false, and nothing changed, when the id is stale."""
        if not self.contains(slot):
            return False
        index = slot.index
        self.occupied[index] = False
        self.population -= 1
        self.items[index].life.count += 1
        if slot.generation != LAST_GENERATION:
            self.next_free[index] = self.first_free
            self.first_free = index + 1
        return True

    def contains(self, slot: SlotId) -> bool:
        index = slot.index
        if index >= len(self.items):
            return False
        return self.items[index].life.count == u64(slot.generation) * 2 + 1

    def is_full(self) -> bool:
        return self.first_free == 0 and self.touched == len(self.items)

    def id_at(self, index: u64) -> SlotId:
        """The id of the present use of a slot that is not retired."""
        return SlotId(u16(index), u32(self.items[index].life.generation()))
