"""The one derivation tree over all tables: copy, derive, move, revoke, drop, and the generations of slots."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapHandle, CapKind, Rights, Status
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.config import MAX_DEPTH
from tyrne.lang import u32, u64
from tyrne.testing.kernels import ALL, NULL, endpoint_object, handle, held, insert
from tyrne.testing.world import World

EVERY = int(Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER | Rights.SEND | Rights.RECV)


class Family(World):
    """Task 0 holds a root and may fill the tables of tasks 1 and 2."""

    def __init__(self) -> None:
        super().__init__(3, slots=24)
        self.box = self.endpoint()
        self.root = self.give(0, self.box)
        self.others = {1: self.give_task(0, 1), 2: self.give_task(0, 2)}
        self.back = {1: self.give_task(1, 2), 2: self.give_task(2, 1)}

    def derive(self, task: int, source: int, rights: int = EVERY) -> int:
        return self.ok(task, C.CAP_DERIVE, source, rights, 0)

    def hand(self, source: int, task: int) -> int:
        """Let task 0 move a capability to another's table."""
        return self.ok(0, C.CAP_MOVE, source, self.others[task])


def children(slot: CapSlot) -> list[CapSlot]:
    found = []
    at = slot.first_child
    while at is not None:
        found.append(at)
        at = at.next_sibling
    return found


# --- moving


def test_a_moved_capability_keeps_parent_depth_rights_badge_and_object() -> None:
    w = Family()
    first = w.ok(0, C.CAP_DERIVE, w.root, EVERY, 99)
    grandchild = w.derive(0, first, int(Rights.SEND | Rights.TRANSFER))
    before = w.slot(0, grandchild)
    depth, capability = before.depth, before.capability
    arrived = w.slot(1, w.hand(grandchild, 1))
    assert (arrived.depth, arrived.capability) == (depth, capability)
    assert arrived.held().badge == 99
    assert arrived.parent is w.slot(0, first) and first != grandchild
    assert not w.holds(0, grandchild)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_moved_capability_keeps_its_place_among_its_siblings(position: int) -> None:
    w = Family()
    words = [w.derive(0, w.root) for _ in range(3)]
    places = [w.slot(0, word) for word in reversed(words)]
    places[2 - position] = w.slot(1, w.hand(words[position], 1))
    found = children(w.slot(0, w.root))
    assert all(a is b for a, b in zip(found, places, strict=True))


def test_a_move_within_the_own_table_gives_another_handle_and_the_old_one_is_stale() -> None:
    w = Family()
    moved = w.ok(0, C.CAP_MOVE, w.root, NULL)
    assert moved != w.root and w.holds(0, moved)
    assert w.refused(0, C.CAP_QUERY, w.root) is Status.INVALID_HANDLE


def test_a_capability_without_transfer_moves_within_the_own_table_only() -> None:
    w = Family()
    bare = w.give(0, w.box, Rights.SEND)
    assert w.refused(0, C.CAP_MOVE, bare, w.others[1]) is Status.INSUFFICIENT_RIGHTS
    w.ok(0, C.CAP_MOVE, bare, NULL)


@pytest.mark.promise("To drop a capability of one's own needs no right, but nothing may be derived from it")
def test_a_capability_with_children_stays_where_it_is() -> None:
    w = Family()
    w.derive(0, w.root)
    assert w.refused(0, C.CAP_MOVE, w.root, NULL) is Status.HAS_CHILDREN
    assert w.refused(0, C.CAP_DROP, w.root) is Status.HAS_CHILDREN


# --- revoking


@pytest.mark.promise(
    "Capabilities form one tree over all tables and messages",
    "a capability in any table, afterwards: is gone",
)
def test_revoke_reaches_other_tables_and_their_derivations() -> None:
    w = Family()
    in_one = w.hand(w.derive(0, w.root), 1)
    in_two = w.ok(1, C.CAP_MOVE, w.derive(1, in_one), w.back[1])
    deepest = w.derive(2, in_two)
    bystander = w.give(1, w.box)
    w.ok(0, C.CAP_REVOKE, w.root)
    assert [w.holds(0, w.root), w.holds(1, in_one), w.holds(2, in_two), w.holds(2, deepest)] == [True] + [False] * 3
    assert w.holds(1, bystander)


def test_revoke_in_the_middle_of_a_chain_across_tables_spares_what_is_above() -> None:
    w = Family()
    middle = w.hand(w.derive(0, w.root), 1)
    leaf = w.ok(1, C.CAP_MOVE, w.derive(1, middle), w.back[1])
    w.ok(1, C.CAP_REVOKE, middle)
    assert w.holds(0, w.root) and w.holds(1, middle) and not w.holds(2, leaf)


@pytest.mark.promise(
    "Capabilities form one tree over all tables and messages",
    "one in a message that nobody has taken yet, afterwards: is gone",
    "one in a message that nobody has taken yet, afterwards: the message arrives without it",
)
def test_revoke_takes_a_capability_out_of_a_parked_message_which_stays() -> None:
    w = Family()
    door = w.endpoint()
    here, there = w.give(0, door), w.give(1, door)
    w.ok(0, C.SEND, here, 1, 2, 3, 4, w.derive(0, w.root))
    w.ok(0, C.CAP_REVOKE, w.root)
    assert w.endpoint_at(door).parked.capability is None
    assert w.call(1, C.RECV, there) == (0, 0, 1, 2, 3, 4, NULL, 0)


def test_a_copy_of_a_moved_child_is_revoked_with_it() -> None:
    w = Family()
    arrived = w.hand(w.derive(0, w.root), 1)
    copy = w.ok(1, C.CAP_COPY, arrived, int(Rights.SEND))
    w.ok(0, C.CAP_REVOKE, w.root)
    assert not w.holds(1, arrived) and not w.holds(1, copy)


@pytest.mark.promise(
    "DUPLICATE makes peers that revoking the copied one does not reach",
    "What revocation does not reach: copies of the revoked capability itself, which have the same parent",
)
def test_a_copy_of_the_revoked_capability_itself_stays() -> None:
    w = Family()
    copy = w.ok(0, C.CAP_COPY, w.root, EVERY)
    child = w.derive(0, w.root)
    other = w.derive(0, copy)
    w.ok(0, C.CAP_REVOKE, w.root)
    assert w.holds(0, copy) and w.holds(0, other) and not w.holds(0, child)


def test_revoking_one_that_has_no_children_changes_nothing() -> None:
    w = Family()
    w.ok(0, C.CAP_REVOKE, w.root)
    assert w.holds(0, w.root)


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any "
    "more: it goes with every capability over it and the message that was left in it, and who waits to send to "
    "it, or for an answer, goes on with ABORTED"
)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_dropping_copies_in_any_order_ends_the_object_with_the_last(order: tuple[int, ...]) -> None:
    w = Family()
    quota = w.give_quota(0)
    words = [w.ok(0, C.CREATE, quota, CapKind.NOTIFICATION.value, 0)]
    words += [w.ok(0, C.CAP_COPY, words[0], EVERY & 0xF) for _ in range(2)]
    for number in order:
        assert w.kernel.notifications.population == 1
        w.ok(0, C.CAP_DROP, words[number])
    assert w.kernel.notifications.population == 0
    assert w.claims(0)["NOTIFICATION"] == 2


# --- deriving


def test_a_chain_of_derivations_ends_at_the_greatest_depth() -> None:
    w = Family()
    at, depth = w.root, int(w.slot(0, w.root).depth)
    while depth < MAX_DEPTH:
        below = w.derive(0, at)
        depth += 1
        assert w.slot(0, below).depth == depth
        at = below
    assert w.refused(0, C.CAP_DERIVE, below, EVERY, 0) is Status.DERIVATION_TOO_DEEP
    w.ok(0, C.CAP_COPY, below, EVERY)  # a copy is no deeper


@pytest.mark.parametrize("rights", [0, int(Rights.SEND), EVERY])
@pytest.mark.parametrize("call", [C.CAP_COPY, C.CAP_DERIVE])
def test_what_is_made_has_the_rights_asked_for_and_none_more(call: C, rights: int) -> None:
    w = Family()
    assert w.slot(0, w.ok(0, call, w.root, rights, 0)).held().rights == rights


@pytest.mark.promise(
    "Rights only shrink from parent to child, and a child names the same object or a part of its pages",
)
@pytest.mark.parametrize("call", [C.CAP_COPY, C.CAP_DERIVE])
def test_rights_that_the_source_lacks_cannot_be_made_and_unknown_bits_ask_for_nothing(call: C) -> None:
    w = Family()
    bare = w.give(0, w.box, Rights.DUPLICATE | Rights.DERIVE | Rights.SEND)
    assert w.refused(0, call, bare, int(Rights.SEND | Rights.RECV), 0) is Status.WIDENED_RIGHTS
    assert w.slot(0, w.ok(0, call, bare, int(Rights.SEND) | 1 << 40, 0)).held().rights == Rights.SEND


@pytest.mark.promise("a badge once set never changes")
def test_a_badge_is_given_once_and_only_to_an_endpoint_and_never_that_of_signals() -> None:
    w = Family()
    badged = w.ok(0, C.CAP_DERIVE, w.root, EVERY, 5)
    assert w.slot(0, badged).held().badge == 5
    assert w.slot(0, w.ok(0, C.CAP_DERIVE, badged, EVERY, 0)).held().badge == 5
    bell = w.give(0, w.notification())
    for source, badge in ((badged, 6), (badged, 5), (w.root, NULL), (bell, 1)):
        assert w.refused(0, C.CAP_DERIVE, source, 0, badge) is Status.BAD_ARGUMENT


def test_a_query_tells_kind_rights_badge_and_depth() -> None:
    w = Family()
    badged = w.ok(0, C.CAP_DERIVE, w.root, int(Rights.SEND), 5)
    depth = int(w.slot(0, w.root).depth) + 1
    assert w.call(0, C.CAP_QUERY, badged) == (0, CapKind.ENDPOINT.value, int(Rights.SEND), 5, depth, 0, 0, 0)


# --- slots


@pytest.mark.promise("Handles carry a generation: a handle to a slot that was used again is stale")
def test_a_freed_slot_is_the_next_to_be_used_in_its_next_generation() -> None:
    w = Family()
    child = w.derive(0, w.root)
    w.ok(0, C.CAP_DROP, child)
    assert w.derive(0, w.root) == child + (1 << 16)


@pytest.mark.promise("A slot whose 2^32 generations are used up is retired, not wrapped round")
@pytest.mark.parametrize("how", ["drop", "revoke", "move", "send"])
def test_a_slot_at_the_last_generation_is_retired_however_it_is_freed(how: str) -> None:
    w = Family()
    door = w.give(0, w.endpoint())
    child = w.derive(0, w.root)
    slot = w.slot(0, child)
    slot.generation = LAST_GENERATION
    last = int(slot.index) | 0xFFFF_FFFF << 16
    if how == "drop":
        w.ok(0, C.CAP_DROP, last)
    elif how == "revoke":
        w.ok(0, C.CAP_REVOKE, w.root)
    elif how == "move":
        w.hand(last, 1)
    else:
        w.ok(0, C.SEND, door, 0, 0, 0, 0, last)
    assert not w.holds(0, last)
    w.fill_table(0)
    assert slot.capability is None


def test_a_table_counts_its_room_exactly() -> None:
    table = CapTable(4)
    for used in range(5):
        for count in range(7):
            assert table.has_room(u64(count)) is (count <= 4 - used)
        if used < 4:
            insert(table)
    assert table.is_full() and table.insert(Capability(ALL, DebugConsole()), None) is Status.CAPS_EXHAUSTED


def test_a_sealed_table_holds_nothing_for_ever() -> None:
    table = CapTable()
    table.seal()
    assert table.is_full() and held(table) == [] and not table.has_room(u64(1))
    assert table.insert(Capability(ALL, DebugConsole()), None) is Status.CAPS_EXHAUSTED
    for index in (0, 63, 64):
        assert table.lookup(handle(index)) is None


@pytest.mark.promise("handles: guessing one gains nothing that the table does not hold")
def test_a_handle_out_of_range_or_of_another_generation_names_nothing() -> None:
    table = CapTable(2)
    named = insert(table, ALL, endpoint_object(3))
    assert table.lookup(named) == Capability(ALL, endpoint_object(3))
    for stale in (handle(0, 1), handle(1), handle(2), handle(0xFFFF), CapHandle(named.index, u32(0xFFFF_FFFF))):
        assert table.lookup(stale) is None and table.leaf(stale) is Status.INVALID_HANDLE
