"""The one derivation tree: across tables, through messages, and when a task ends."""

from __future__ import annotations

import pytest

from kernel.support import ALL, endpoint_object, fill, handle, held, insert
from properties.tree import check_tree
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.lang import u32


def derived(table: CapTable, source: CapHandle, rights: Rights = ALL) -> CapHandle:
    made = table.cap_derive(source, rights)
    assert isinstance(made, CapHandle)
    return made


def moved(source: CapTable, named: CapHandle, target: CapTable) -> CapHandle:
    """Carry a capability from table to table, as a message does."""
    parked = CapSlot()
    assert source.cap_take(named, parked) is None
    arrived = target.cap_put(parked)
    assert isinstance(arrived, CapHandle)
    assert parked.capability is None
    return arrived


def slot(table: CapTable, named: CapHandle) -> CapSlot:
    found = table.resolve(named)
    assert found is not None
    return found


def test_a_moved_capability_keeps_parent_depth_rights_and_object() -> None:
    one, two = CapTable(), CapTable()
    root = insert(one, ALL, endpoint_object(3))
    arrived = moved(one, derived(one, derived(one, root), Rights.SEND), two)
    assert two.lookup(arrived) == Capability(Rights.SEND, endpoint_object(3))
    assert two.depth_of(arrived) == 2
    parent = slot(two, arrived).parent
    assert parent is not None and parent.table is one


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_moved_capability_keeps_its_place_among_its_siblings(position: int) -> None:
    one, two = CapTable(), CapTable()
    root = insert(one)
    children = [derived(one, root) for _ in range(3)]
    places = [slot(one, child) for child in reversed(children)]
    arrived = moved(one, children[position], two)
    places[2 - position] = slot(two, arrived)
    at, found = slot(one, root).first_child, []
    while at is not None:
        found.append(at)
        at = at.next_sibling
    assert all(a is b for a, b in zip(found, places, strict=True))
    check_tree([one, two], [])


def test_revoke_reaches_other_tables_and_their_derivations() -> None:
    one, two, three = CapTable(), CapTable(), CapTable()
    root = insert(one)
    in_two = moved(one, derived(one, root), two)
    in_three = moved(two, derived(two, in_two), three)
    derived(three, in_three)
    bystander = insert(two)
    assert one.cap_revoke(root) is None
    assert (held(one), held(two), held(three)) == ([root], [bystander], [])
    assert {insert(three) for _ in range(2)} == {handle(0, 1), handle(1, 1)}  # its slots are free again


def test_revoke_in_the_middle_of_a_chain_across_tables_spares_what_is_above() -> None:
    one, two = CapTable(), CapTable()
    root = insert(one)
    middle = moved(one, derived(one, root), two)
    moved(two, derived(two, middle), one)
    assert two.cap_revoke(middle) is None
    assert (held(one), held(two)) == ([root], [middle])


def test_revoke_takes_a_capability_out_of_flight() -> None:
    table = CapTable()
    root = insert(table)
    parked = CapSlot()
    assert table.cap_take(derived(table, root), parked) is None
    assert slot(table, root).first_child is parked
    assert table.cap_drop(root) is CapError.HAS_CHILDREN
    assert table.cap_revoke(root) is None
    assert parked.capability is None and parked.parent is None
    assert slot(table, root).first_child is None


def test_a_copy_of_a_moved_child_is_revoked_with_it() -> None:
    one, two = CapTable(), CapTable()
    root = insert(one)
    arrived = moved(one, derived(one, root), two)
    assert isinstance(two.cap_copy(arrived, Rights.SEND), CapHandle)
    assert one.cap_revoke(root) is None
    assert held(two) == []


def test_a_moved_root_stays_a_root_that_nobody_can_revoke() -> None:
    one, two = CapTable(), CapTable()
    other = insert(one)
    arrived = moved(one, insert(one), two)
    assert one.cap_revoke(other) is None
    assert held(two) == [arrived]
    assert two.depth_of(arrived) == 0


def test_put_into_a_full_table_leaves_the_capability_parked() -> None:
    one, two = CapTable(), CapTable(2)
    root = insert(one)
    parked = CapSlot()
    assert one.cap_take(derived(one, root, Rights.SEND), parked) is None
    fill(two)
    assert two.cap_put(parked) is CapError.CAPS_EXHAUSTED
    assert parked.capability == Capability(Rights.SEND, endpoint_object())
    assert slot(one, root).first_child is parked


def test_clear_drops_everything_and_gives_children_elsewhere_to_their_grandparent() -> None:
    one, two, three = CapTable(), CapTable(), CapTable()
    root = insert(one)
    in_two = moved(one, derived(one, root), two)
    in_three = moved(two, derived(two, in_two), three)
    two.clear()
    assert held(two) == []
    assert held(three) == [in_three]
    assert slot(three, in_three).parent is slot(one, root)
    assert one.cap_revoke(root) is None
    assert held(three) == []


def test_clear_of_a_roots_table_makes_its_children_roots() -> None:
    one, two = CapTable(), CapTable()
    root = insert(one, ALL, DebugConsole())
    children = [moved(one, derived(one, root), two) for _ in range(3)]
    one.clear()
    assert held(one) == []
    assert held(two) == children
    for child in children:
        assert slot(two, child).parent is None
        assert slot(two, child).next_sibling is None and slot(two, child).previous_sibling is None
        assert two.cap_drop(child) is None


def test_a_copy_of_an_orphan_has_the_depth_of_the_orphan() -> None:
    one, two = CapTable(), CapTable()
    orphan = moved(one, derived(one, insert(one)), two)
    one.clear()
    peer = two.cap_copy(orphan, ALL)
    assert isinstance(peer, CapHandle)
    assert two.depth_of(peer) == two.depth_of(orphan)


def test_clear_of_a_table_with_a_tree_inside_leaves_all_slots_free() -> None:
    table = CapTable(8)
    root = insert(table)
    while not table.is_full():
        child = derived(table, root)
        if not table.is_full():
            derived(table, child)
    table.clear()
    assert held(table) == []
    assert len({insert(table).index for _ in range(8)}) == 8


def test_a_slot_at_the_last_generation_is_retired() -> None:
    table = CapTable(2)
    named = insert(table)
    table.slots[named.index].generation = LAST_GENERATION
    last = CapHandle(named.index, u32(0xFFFF_FFFF))
    assert table.cap_drop(last) is None
    assert table.lookup(last) is None
    assert insert(table) == handle(1)
    assert table.is_full()
    assert table.insert_root(Capability(ALL, DebugConsole())) is CapError.CAPS_EXHAUSTED


@pytest.mark.parametrize("how", ["revoke", "take", "clear"])
def test_a_slot_is_retired_however_it_is_freed(how: str) -> None:
    table = CapTable(2)
    root = insert(table)
    child = derived(table, root)
    table.slots[child.index].generation = LAST_GENERATION
    last = CapHandle(child.index, u32(0xFFFF_FFFF))
    if how == "revoke":
        assert table.cap_revoke(root) is None
    elif how == "take":
        assert table.cap_take(last, CapSlot()) is None
    else:
        table.clear()
        insert(table)
    assert table.lookup(last) is None
    assert table.is_full()


def test_a_sealed_table_holds_nothing_for_ever() -> None:
    table = CapTable()
    table.seal()
    assert table.is_full() and held(table) == []
    assert table.insert_root(Capability(ALL, DebugConsole())) is CapError.CAPS_EXHAUSTED
    assert table.cap_put(CapSlot()) is CapError.CAPS_EXHAUSTED
    for index in (0, 63, 64):
        assert table.lookup(handle(index)) is None
    table.clear()
    assert table.is_full()
