"""Arenas: fixed storage for kernel objects, named by index and generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from tyrne.lang import Array, u16, u32, u64

T = TypeVar("T")

LAST_GENERATION: Final = u32(0xFFFF_FFFF)
"""A slot freed in this generation is retired: a handle to it can never become valid again."""


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
        self.generations: Array[u32] = Array.filled(capacity, u32(0))
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
        return SlotId(index, self.generations[index])

    def free(self, slot: SlotId) -> bool:
        """Give a slot back; false, and nothing changed, when the id is stale."""
        if not self.contains(slot):
            return False
        index = slot.index
        self.occupied[index] = False
        self.population -= 1
        if slot.generation != LAST_GENERATION:
            self.generations[index] = slot.generation + 1
            self.next_free[index] = self.first_free
            self.first_free = index + 1
        return True

    def contains(self, slot: SlotId) -> bool:
        index = slot.index
        if index >= len(self.items):
            return False
        return self.occupied[index] and self.generations[index] == slot.generation

    def get(self, slot: SlotId) -> T | None:
        """The object; None when the id is stale."""
        if not self.contains(slot):
            return None
        return self.items[slot.index]

    def is_full(self) -> bool:
        return self.first_free == 0 and self.touched == len(self.items)

    def id_at(self, index: u64) -> SlotId:
        """The id of the present use of a slot."""
        at = u16(index)
        return SlotId(at, self.generations[at])
