"""Spec 3.3: the capability table, one test for each row and each check of a row, in the order of the checks."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapHandle, Rights, Status
from tyrne.kernel import deletion
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.config import MAX_DEPTH, TABLE_SLOTS
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import ALL, endpoint_object, fill, handle, held, insert, slim_kernel
from tyrne.testing.state import state
from tyrne.testing.whole import revoke_whole
from tyrne.testing.world import World

R = Rights
STALE = [handle(0, 1), handle(1), handle(TABLE_SLOTS), handle(0xFFFF), handle(0xFFFF, 0xFFFF_FFFF)]
"""With one capability at handle (0, 0): a wrong generation, an empty slot, indices out of range."""


KERNEL = slim_kernel(MemoryBoard(1))
"""Nothing of it is touched: no object of these capabilities exists."""


def cap_derive(table: CapTable, source: CapHandle, rights: Rights) -> CapHandle | Status:
    """A child that names the source's own object: the only kind that a task can ask for."""
    named = table.lookup(source)
    return table.cap_derive(source, rights, DebugConsole() if named is None else named.object, u64(0))


def cap_revoke(table: CapTable, source: CapHandle) -> Status | None:
    return revoke_whole(KERNEL, table, source)


def cap_drop(table: CapTable, named: CapHandle) -> Status | None:
    return deletion.cap_drop(KERNEL, table, named)


def cap_take(table: CapTable, named: CapHandle, target: CapSlot) -> Status | None:
    """Move a capability out of its table, as a message does."""
    slot = table.leaf(named)
    if isinstance(slot, Status):
        return slot
    slot.move_to(target)
    return None


def derive(table: CapTable, source: CapHandle, rights: Rights = ALL) -> CapHandle:
    made = cap_derive(table, source, rights)
    assert isinstance(made, CapHandle)
    return made


def copy(table: CapTable, source: CapHandle, rights: Rights = ALL) -> CapHandle:
    made = table.cap_copy(source, rights)
    assert isinstance(made, CapHandle)
    return made


def depth(table: CapTable, named: CapHandle) -> int:
    slot = table.resolve(named)
    assert slot is not None
    return int(slot.depth)


def chain(table: CapTable, length: int) -> CapHandle:
    """The deepest of `length` capabilities, each derived from the one before; the first is a root."""
    at = insert(table)
    for _ in range(length - 1):
        at = derive(table, at)
    return at


def unchanged(table: CapTable, before: object) -> bool:
    return state(table) == before


# --- the table


@pytest.mark.promise("its own table, bounded by: 64 capabilities")
def test_spec_3_3_a_table_has_64_slots() -> None:
    table = CapTable()
    for index in range(64):
        assert insert(table) == handle(index)
    assert table.is_full()


def test_spec_3_3_free_slots_are_used_from_0_up_and_then_last_freed_first() -> None:
    table = CapTable()
    made = [insert(table) for _ in range(4)]
    for index in (1, 3, 0):
        assert cap_drop(table, made[index]) is None
    assert [insert(table) for _ in range(4)] == [handle(0, 1), handle(3, 1), handle(1, 1), handle(4)]


def test_spec_3_3_each_free_of_a_slot_adds_one_to_its_generation() -> None:
    table = CapTable()
    for generation in range(5):
        assert insert(table) == handle(0, generation)
        assert cap_drop(table, handle(0, generation)) is None


# --- handle resolution


@pytest.mark.parametrize("stale", STALE, ids=str)
def test_spec_3_3_resolution_refuses_index_then_generation_then_empty_slot(stale: CapHandle) -> None:
    table = CapTable()
    insert(table)
    before = state(table)
    assert table.lookup(stale) is None
    assert table.cap_copy(stale, R.NONE) is Status.INVALID_HANDLE
    assert cap_derive(table, stale, R.NONE) is Status.INVALID_HANDLE
    assert cap_revoke(table, stale) is Status.INVALID_HANDLE
    assert cap_drop(table, stale) is Status.INVALID_HANDLE
    assert cap_take(table, stale, CapSlot()) is Status.INVALID_HANDLE
    assert unchanged(table, before)


# --- insert_root


def test_spec_3_3_insert_root_has_no_parent_and_depth_0() -> None:
    table = CapTable()
    root = insert(table, R.SEND, DebugConsole())
    assert table.lookup(root) == Capability(R.SEND, DebugConsole())
    assert depth(table, root) == 0
    assert table.slots[0].parent is None


def test_spec_3_3_insert_root_into_a_full_table_is_caps_exhausted() -> None:
    table = CapTable()
    fill(table)
    before = state(table)
    assert table.insert(Capability(ALL, DebugConsole()), None) is Status.CAPS_EXHAUSTED
    assert unchanged(table, before)


# --- cap_copy


def test_spec_3_3_cap_copy_without_duplicate_is_insufficient_rights() -> None:
    table = CapTable()
    source = insert(table, ALL & ~R.DUPLICATE)
    fill(table)
    before = state(table)
    assert table.cap_copy(source, ALL) is Status.INSUFFICIENT_RIGHTS  # before widening, before room
    assert unchanged(table, before)


def test_spec_3_3_cap_copy_with_more_rights_is_widened_rights() -> None:
    table = CapTable()
    source = insert(table, R.DUPLICATE | R.SEND)
    fill(table)
    before = state(table)
    assert table.cap_copy(source, R.SEND | R.RECV) is Status.WIDENED_RIGHTS  # before room
    assert unchanged(table, before)


def test_spec_3_3_cap_copy_into_a_full_table_is_caps_exhausted() -> None:
    table = CapTable()
    source = insert(table)
    fill(table)
    before = state(table)
    assert table.cap_copy(source, R.SEND) is Status.CAPS_EXHAUSTED
    assert unchanged(table, before)


@pytest.mark.parametrize("rights", [R.DUPLICATE | R.SEND, R.SEND, R.NONE])
def test_spec_3_3_cap_copy_with_the_same_or_fewer_rights_names_the_same_object(rights: Rights) -> None:
    table = CapTable()
    source = insert(table, R.DUPLICATE | R.SEND, endpoint_object(3))
    peer = copy(table, source, rights)
    assert table.lookup(peer) == Capability(rights, endpoint_object(3))
    assert table.lookup(source) == Capability(R.DUPLICATE | R.SEND, endpoint_object(3))


def test_spec_3_3_cap_copy_of_a_root_is_another_root() -> None:
    table = CapTable()
    peer = copy(table, insert(table))
    assert depth(table, peer) == 0
    assert table.slots[peer.index].parent is None


def test_spec_3_3_cap_copy_of_a_child_is_the_new_first_child_of_the_same_parent_at_the_same_depth() -> None:
    table = CapTable()
    root = insert(table)
    child = derive(table, root)
    peer = copy(table, child)
    root_slot = table.slots[root.index]
    assert table.slots[peer.index].parent is root_slot
    assert root_slot.first_child is table.slots[peer.index]
    assert root_slot.first_child.next_sibling is table.slots[child.index]
    assert depth(table, peer) == depth(table, child) == 1


# --- cap_derive


def test_spec_3_3_cap_derive_without_derive_is_insufficient_rights() -> None:
    table = CapTable()
    source = insert(table, ALL & ~R.DERIVE)
    fill(table)
    before = state(table)
    assert cap_derive(table, source, ALL) is Status.INSUFFICIENT_RIGHTS
    assert unchanged(table, before)


def test_spec_3_3_cap_derive_with_more_rights_is_widened_rights() -> None:
    table = CapTable()
    deepest = chain(table, 17)
    narrow = copy(table, deepest, R.DERIVE)
    fill(table)
    before = state(table)
    assert cap_derive(table, narrow, R.DERIVE | R.SEND) is Status.WIDENED_RIGHTS  # before depth, before room
    assert unchanged(table, before)


def test_spec_3_3_cap_derive_accepts_depth_16_and_refuses_17_as_derivation_too_deep() -> None:
    table = CapTable()
    deepest = chain(table, 17)
    assert depth(table, deepest) == MAX_DEPTH == 16
    fill(table)
    before = state(table)
    assert cap_derive(table, deepest, R.NONE) is Status.DERIVATION_TOO_DEEP  # before room
    assert unchanged(table, before)


def test_spec_3_3_cap_derive_into_a_full_table_is_caps_exhausted() -> None:
    table = CapTable()
    source = insert(table)
    fill(table)
    before = state(table)
    assert cap_derive(table, source, R.NONE) is Status.CAPS_EXHAUSTED
    assert unchanged(table, before)


def test_spec_3_3_cap_derive_makes_the_new_first_child_one_level_deeper() -> None:
    table = CapTable()
    root = insert(table, ALL, endpoint_object(5))
    first = derive(table, root, R.SEND)
    second = derive(table, root, R.RECV)
    slot = table.slots[root.index]
    assert slot.first_child is table.slots[second.index]
    assert slot.first_child.next_sibling is table.slots[first.index]
    assert depth(table, first) == depth(table, second) == 1
    assert table.lookup(first) == Capability(R.SEND, endpoint_object(5))


def test_spec_3_3_a_derivation_names_the_object_of_its_source_as_v1_did_not_check() -> None:
    world = World(1)
    word = world.give(0, world.endpoint())
    child = world.ok(0, C.CAP_DERIVE, word, int(R.SEND), 0)
    assert world.slot(0, child).held().object == world.slot(0, word).held().object


# --- cap_revoke


def test_spec_3_3_cap_revoke_without_revoke_is_insufficient_rights() -> None:
    table = CapTable()
    source = insert(table, ALL & ~R.REVOKE)
    derive(table, source, R.NONE)
    before = state(table)
    assert cap_revoke(table, source) is Status.INSUFFICIENT_RIGHTS
    assert unchanged(table, before)


def test_spec_3_3_cap_revoke_of_a_leaf_changes_nothing() -> None:
    table = CapTable()
    source = insert(table)
    before = state(table)
    assert cap_revoke(table, source) is None
    assert unchanged(table, before)


def test_spec_3_3_cap_revoke_frees_all_descendants_and_keeps_the_source() -> None:
    table = CapTable()
    root = insert(table)
    family = [derive(table, root), derive(table, root)]
    family += [derive(table, family[0]), derive(table, family[0]), derive(table, family[1])]
    family += [derive(table, family[2])]
    assert cap_revoke(table, root) is None
    assert held(table) == [root]
    assert all(table.lookup(gone) is None for gone in family)
    assert cap_drop(table, root) is None  # no children left


def test_spec_3_3_cap_revoke_leaves_peers_and_their_subtrees() -> None:
    table = CapTable()
    root = insert(table)
    source = derive(table, root)
    peer = copy(table, source)
    below_peer = derive(table, peer)
    derive(table, source)
    assert cap_revoke(table, source) is None
    assert set(held(table)) == {root, source, peer, below_peer}


def test_spec_3_3_cap_revoke_of_a_whole_table_needs_no_scratch() -> None:
    table = CapTable()
    root = insert(table)
    at = root
    while not table.is_full():
        at = derive(table, root if depth(table, at) == 16 else at)
    assert cap_revoke(table, root) is None
    assert held(table) == [root]


# --- cap_drop and cap_take


@pytest.mark.parametrize("operation", ["cap_drop", "cap_take"])
def test_spec_3_3_cap_drop_and_cap_take_of_a_parent_are_has_children(operation: str) -> None:
    table = CapTable()
    parent = insert(table)
    child = derive(table, parent)
    parked = CapSlot()
    before = state(table, parked)
    if operation == "cap_drop":
        assert cap_drop(table, parent) is Status.HAS_CHILDREN
    else:
        assert cap_take(table, parent, parked) is Status.HAS_CHILDREN
    assert state(table, parked) == before
    assert cap_drop(table, child) is None
    assert cap_drop(table, parent) is None


@pytest.mark.promise("To drop a capability of one's own needs no right, but nothing may be derived from it")
def test_spec_3_3_cap_drop_needs_no_right() -> None:
    table = CapTable()
    assert cap_drop(table, insert(table, R.NONE)) is None
    assert held(table) == []


@pytest.mark.parametrize("position", [0, 1, 2])
def test_spec_3_3_cap_drop_keeps_the_siblings(position: int) -> None:
    table = CapTable()
    root = insert(table)
    children = [derive(table, root) for _ in range(3)]
    dropped = children.pop(position)
    assert cap_drop(table, dropped) is None
    assert set(held(table)) == {root, *children}
    assert cap_revoke(table, root) is None
    assert held(table) == [root]


@pytest.mark.parametrize("position", [0, 1, 2])
def test_spec_3_3_cap_take_moves_the_capability_and_keeps_the_siblings(position: int) -> None:
    table = CapTable()
    root = insert(table)
    children = [derive(table, root, R.SEND) for _ in range(3)]
    taken = children.pop(position)
    parked = CapSlot()
    assert cap_take(table, taken, parked) is None
    assert parked.capability == Capability(R.SEND, endpoint_object())
    assert table.lookup(taken) is None
    assert set(held(table)) == {root, *children}
    assert insert(table) == handle(int(taken.index), 1)  # its slot is the next to be used


# --- lookup and is_full. v1's references_object has no successor: no capability outlives its object


def test_spec_3_3_lookup_reads_and_changes_nothing() -> None:
    table = CapTable()
    named = insert(table, R.RECV, endpoint_object(7))
    before = state(table)
    assert table.lookup(named) == Capability(R.RECV, endpoint_object(7))
    assert unchanged(table, before)


def test_spec_3_3_is_full_follows_every_change() -> None:
    table = CapTable()
    assert not table.is_full()
    fill(table)
    assert table.is_full()
    assert cap_drop(table, handle(17)) is None
    assert not table.is_full()
    insert(table)
    assert table.is_full()
