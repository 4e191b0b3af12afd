"""What holds of the derivation tree at all times, over any number of tables and parked capabilities."""

from __future__ import annotations

from collections.abc import Sequence

from tyrne.kernel.abi import includes
from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.cap_slot import MAX_DEPTH, CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import kind_of
from tyrne.kernel.endpoint import Endpoint


def check_tree(tables: Sequence[CapTable], parked: Sequence[CapSlot]) -> None:
    """Links are symmetric, authority shrinks, depth is bounded, nothing is orphaned, free slots are really free."""
    slots = [slot for table in tables for slot in table.slots] + list(parked)
    known = {id(slot) for slot in slots}
    for slot in slots:
        if slot.capability is None:
            assert slot.first_child is None and slot.parent is None and slot.previous_sibling is None
        else:
            check_occupied(slot, known)
    for table in tables:
        check_free_slots(table)


def check_occupied(slot: CapSlot, known: set[int]) -> None:
    assert slot.capability is not None
    assert slot.depth <= MAX_DEPTH
    parent = slot.parent
    if parent is None:
        assert slot.next_sibling is None and slot.previous_sibling is None
    else:
        assert id(parent) in known and parent.capability is not None
        assert slot.depth > parent.depth
        assert includes(parent.capability.rights, slot.capability.rights)
        assert kind_of(slot.capability.object) is kind_of(parent.capability.object)
        assert slot.previous_sibling is not None or parent.first_child is slot
    previous, child = None, slot.first_child
    count = 0
    while child is not None:
        assert child.parent is slot and child.previous_sibling is previous and id(child) in known
        previous, child = child, child.next_sibling
        count += 1
        assert count <= len(known), "a cycle among siblings"


def check_free_slots(table: CapTable) -> None:
    """Each slot is occupied, free in the list, never used, or retired: exactly one of them."""
    listed = set()
    at = table.first_free
    while at is not None:
        assert at.capability is None and at.table is table and id(at) not in listed
        listed.add(id(at))
        at = at.next_sibling
    for index, slot in enumerate(table.slots):
        fresh = index >= table.touched
        free = id(slot) in listed
        occupied = slot.capability is not None
        retired = not occupied and not free and slot.generation == LAST_GENERATION
        assert fresh + free + occupied + retired == 1
        if fresh:
            assert slot.generation == 0
        else:
            assert slot.table is table and slot.index == index
    assert table.is_full() == (not listed and table.touched == len(table.slots))


def parked_in(endpoints: Arena[Endpoint]) -> list[CapSlot]:
    return [endpoint.parked for endpoint in endpoints.items]
