"""Arenas: slots with generations that never wrap."""

from __future__ import annotations

import pytest

from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.notification import Notification
from tyrne.lang import u64
from tyrne.testing.kernels import PANIC, age, living, slot_id
from tyrne.testing.state import state


def arena(capacity: int) -> Arena[Notification]:
    return Arena(capacity, lambda _: Notification())


def test_slots_are_used_from_0_up_in_generation_0() -> None:
    slots = arena(3)
    assert [slots.allocate() for _ in range(4)] == [slot_id(0), slot_id(1), slot_id(2), None]
    assert slots.is_full() and slots.population == 3


def test_get_finds_the_object_and_changes_go_through() -> None:
    slots = arena(2)
    made = slots.allocate()
    assert made is not None
    found = living(slots, made)
    assert found is slots.items[0]
    found.set(u64(5))
    again = living(slots, made)
    assert again is not None and again.word == 5


def test_free_invalidates_the_id_and_the_next_use_has_the_next_generation() -> None:
    slots = arena(2)
    slots.allocate()
    assert slots.free(slot_id(0))
    assert living(slots, slot_id(0)) is None and not slots.contains(slot_id(0))
    assert slots.allocate() == slot_id(0, 1)
    assert living(slots, slot_id(0)) is None and slots.contains(slot_id(0, 1))


def test_the_slot_freed_last_is_used_first() -> None:
    slots = arena(4)
    for _ in range(4):
        slots.allocate()
    for index in (1, 3, 2):
        assert slots.free(slot_id(index))
    assert [slots.allocate() for _ in range(4)] == [slot_id(2, 1), slot_id(3, 1), slot_id(1, 1), None]


@pytest.mark.parametrize("stale", [(0, 1), (1, 0), (2, 0), (3, 0), (0xFFFF, 0), (0, 0xFFFF_FFFF)])
def test_free_of_a_stale_id_fails_and_changes_nothing(stale: tuple[int, int]) -> None:
    slots = arena(3)
    slots.allocate()
    before = state(slots)
    assert not slots.free(slot_id(*stale))
    assert living(slots, slot_id(*stale)) is None
    assert state(slots) == before


def test_a_second_free_fails() -> None:
    slots = arena(1)
    slots.allocate()
    assert slots.free(slot_id(0))
    before = state(slots)
    assert not slots.free(slot_id(0))
    assert not slots.free(slot_id(0, 1))
    assert state(slots) == before


def test_an_arena_without_slots_is_legal_and_full() -> None:
    slots = arena(0)
    assert slots.is_full() and slots.allocate() is None
    assert not slots.contains(slot_id(0))


def test_the_largest_arena_uses_every_index() -> None:
    shared = Notification()
    slots = Arena(0xFFFF, lambda _: shared)
    slots.touched = slots.touched + 0xFFFE
    assert slots.allocate() == slot_id(0xFFFE)
    assert slots.is_full()
    assert slots.free(slot_id(0xFFFE))
    assert not slots.is_full()
    assert slots.allocate() == slot_id(0xFFFE, 1)


def test_an_arena_with_more_slots_than_indices_is_refused() -> None:
    with pytest.raises(PANIC):
        Arena(0x1_0000, lambda _: None)


def test_a_slot_at_the_last_generation_is_retired() -> None:
    slots = arena(2)
    slots.allocate()
    age(slots, 0, LAST_GENERATION)
    last = slot_id(0, 0xFFFF_FFFF)
    assert slots.contains(last)
    assert slots.free(last)
    assert slots.population == 0 and not slots.occupied[0]
    assert not slots.contains(last) and not slots.contains(slot_id(0))
    assert [slots.allocate() for _ in range(2)] == [slot_id(1), None]
    assert slots.is_full()
    assert not slots.free(last)


def test_the_generation_before_the_last_is_not_retired() -> None:
    slots = arena(1)
    slots.allocate()
    age(slots, 0, LAST_GENERATION - 1)
    assert slots.free(slot_id(0, 0xFFFF_FFFE))
    assert slots.allocate() == slot_id(0, 0xFFFF_FFFF)


def test_id_at_names_the_present_use() -> None:
    slots = arena(2)
    slots.allocate()
    slots.free(slot_id(0))
    assert slots.id_at(u64(0)) == slot_id(0, 1)
