"""Arenas: slots with generations that never wrap."""

from __future__ import annotations

import pytest

from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.notification import Notification
from tyrne.lang import u16, u64
from tyrne.testing.kernels import PANIC, age, life
from tyrne.testing.state import state


def arena(capacity: int) -> Arena[Notification]:
    return Arena(capacity, lambda _: Notification())


def take(slots: Arena[Notification]) -> tuple[int, int] | None:
    """The slot that is allocated, and in which generation; None when there is none."""
    made = slots.allocate()
    if made is None:
        return None
    assert made is slots.items[made.life.index] and made.life.count % 2 == 1
    return int(made.life.index), int(made.life.generation())


def test_slots_are_used_from_0_up_in_generation_0() -> None:
    slots = arena(3)
    assert [take(slots) for _ in range(4)] == [(0, 0), (1, 0), (2, 0), None]
    assert slots.is_full() and slots.population == 3


def test_an_object_is_as_its_last_user_left_it() -> None:
    slots = arena(2)
    made = slots.allocate()
    assert made is not None
    made.set(u64(5))
    slots.free(u16(0))
    again = slots.allocate()
    assert again is made and again.word == 5


def test_free_invalidates_the_life_and_the_next_use_has_the_next_generation() -> None:
    slots = arena(2)
    made = slots.allocate()
    assert made is not None and made.life.lasts(life())
    slots.free(u16(0))
    assert not made.life.lasts(life()) and not made.life.lasts(life(1))
    assert take(slots) == (0, 1)
    assert not made.life.lasts(life()) and made.life.lasts(life(1))


def test_the_slot_freed_last_is_used_first() -> None:
    slots = arena(4)
    for _ in range(4):
        slots.allocate()
    for index in (1, 3, 2):
        slots.free(u16(index))
    assert [take(slots) for _ in range(4)] == [(2, 1), (3, 1), (1, 1), None]


@pytest.mark.parametrize("index", [1, 2, 3, 0xFFFF])
def test_a_slot_that_is_not_in_use_is_not_freed_and_nothing_changes(index: int) -> None:
    slots = arena(3)
    slots.allocate()
    before = state(slots)
    with pytest.raises(PANIC):
        slots.free(u16(index))
    assert state(slots) == before


def test_a_second_free_fails() -> None:
    slots = arena(1)
    slots.allocate()
    slots.free(u16(0))
    before = state(slots)
    with pytest.raises(PANIC):
        slots.free(u16(0))
    assert state(slots) == before


def test_an_arena_without_slots_is_legal_and_full() -> None:
    slots = arena(0)
    assert slots.is_full() and slots.allocate() is None


def test_the_largest_arena_uses_every_index() -> None:
    shared = Notification()
    slots = Arena(0xFFFF, lambda _: shared)
    slots.touched = slots.touched + 0xFFFE
    assert take(slots) == (0xFFFE, 0)
    assert slots.is_full()
    slots.free(u16(0xFFFE))
    assert not slots.is_full()
    assert take(slots) == (0xFFFE, 1)


def test_an_arena_with_more_slots_than_indices_is_refused() -> None:
    with pytest.raises(PANIC):
        Arena(0x1_0000, lambda _: None)


def test_a_slot_at_the_last_generation_is_retired() -> None:
    slots = arena(2)
    slots.allocate()
    age(slots, 0, LAST_GENERATION)
    last = slots.items[0].life
    assert last.lasts(life(0xFFFF_FFFF))
    slots.free(u16(0))
    assert slots.population == 0 and not slots.occupied[0]
    assert last.count == 1 << 33 and not last.lasts(life())
    assert [take(slots) for _ in range(2)] == [(1, 0), None]
    assert slots.is_full()
    with pytest.raises(PANIC):
        slots.free(u16(0))


def test_the_generation_before_the_last_is_not_retired() -> None:
    slots = arena(1)
    slots.allocate()
    age(slots, 0, LAST_GENERATION - 1)
    slots.free(u16(0))
    assert take(slots) == (0, 0xFFFF_FFFF)
