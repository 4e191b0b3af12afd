"""One slot by itself: what is left in it when its capability goes, and in which order slots are used again."""

from __future__ import annotations

import pytest

from tyrne.abi import Rights
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.lang import u8

CAPABILITY = Capability(Rights.NONE, DebugConsole())


@pytest.mark.parametrize("how", ["cleared", "moved"])
@pytest.mark.parametrize("position", range(3))
def test_an_objects_slot_that_is_emptied_is_out_of_the_tree(how: str, position: int) -> None:
    parent, slots, target = CapSlot(), [CapSlot() for _ in range(3)], CapSlot()
    for slot in slots:
        slot.fill(CAPABILITY, parent, u8(1))
    gone = slots[position]
    if how == "cleared":
        gone.clear()
    else:
        gone.move_to(target)
        slots[position] = target
    assert (gone.capability, gone.parent, gone.next_sibling, gone.previous_sibling) == (None, None, None, None)
    order = [slot for slot in reversed(slots) if slot is not gone]
    assert parent.first_child is order[0]
    for before, after in zip([None, *order], [*order, None], strict=True):
        assert before is None or before.next_sibling is after
        assert after is None or after.previous_sibling is before


def test_freed_slots_are_used_again_the_last_freed_first() -> None:
    table = CapTable(4)
    slots = [table.allocate() for _ in range(4)]
    for slot in slots:
        slot.fill(CAPABILITY, None, u8(0))
    for slot in slots[:3]:
        slot.clear()
    assert [table.allocate() for _ in range(3)] == [slots[2], slots[1], slots[0]]
    assert table.is_full()


def test_a_root_in_a_slot_that_is_used_again_has_no_siblings() -> None:
    table = CapTable(2)
    for slot in [table.allocate() for _ in range(2)]:
        slot.fill(CAPABILITY, None, u8(0))
        slot.clear()
    root = table.allocate()
    root.fill(CAPABILITY, None, u8(0))
    assert (root.parent, root.next_sibling, root.previous_sibling) == (None, None, None)


def test_a_table_is_full_when_no_slot_is_fresh_and_none_was_freed() -> None:
    table = CapTable(2)
    slots = [table.allocate() for _ in range(2)]
    for slot in slots:
        slot.fill(CAPABILITY, None, u8(0))
    assert table.is_full()
    slots[0].clear()
    assert not table.is_full()
