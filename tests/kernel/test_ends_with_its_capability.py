"""What a holder did by a capability ends with it; and a refusal changes nothing, even in the last use of a slot."""

from __future__ import annotations

import pytest

from tyrne.abi import SIGNAL_BADGE, Rights, Status
from tyrne.abi import CallNumber as C
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u32
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, run
from tyrne.testing.world import World


def lend(w: World, origin: CapSlot, right: Rights) -> tuple[int, int]:
    """Task 0 holds all rights over an object, and task 1 a child of that with one right."""
    own = w.give(0, origin)
    child = w.ok(0, C.CAP_DERIVE, own, int(right | Rights.TRANSFER), 0)
    return own, w.ok(0, C.CAP_MOVE, child, w.give_task(0, 1))


@pytest.mark.promise("the capability by which a task lives in an address space, afterwards: is gone")
def test_who_was_let_into_an_address_space_by_a_capability_that_is_revoked_runs_there_no_more() -> None:
    w = World(3)
    own, lent = lend(w, w.space_of(0), Rights.BIND)
    guest = w.give_task(1, 2)
    w.ok(1, C.TASK_SUSPEND, guest)
    w.ok(1, C.TASK_CONFIGURE, guest, lent, BASE, BASE, BASE + PAGE)
    w.ok(1, C.TASK_RESUME, guest)
    w.ok(0, C.CAP_REVOKE, own)
    run(w.kernel, w.task(2))
    assert w.kernel.scheduler.core.active is w.kernel.bootstrap_space()
    assert w.refused(2, C.TASK_YIELD) is Status.INVALID_HANDLE
    assert w.refused(2, C.TASK_EXIT, 0) is Status.INVALID_HANDLE
    run(w.kernel, w.task(0))
    assert w.kernel.scheduler.core.active is w.kernel.spaces.items[1]


def test_the_owner_of_a_space_stays_in_it_when_it_turns_its_guest_out() -> None:
    w = World(3)
    own, lent = lend(w, w.space_of(0), Rights.BIND)
    guest = w.give_task(1, 2)
    w.ok(1, C.TASK_SUSPEND, guest)
    w.ok(1, C.TASK_CONFIGURE, guest, lent, BASE, BASE, BASE + PAGE)
    w.ok(0, C.CAP_REVOKE, own)
    assert w.kernel.scheduler.core.active is w.kernel.spaces.items[1]
    assert w.refused(1, C.TASK_RESUME, guest) is Status.BAD_STATE


@pytest.mark.promise(
    "one by which a notification was bound to an endpoint, of either, afterwards: is gone, and the two are bound "
    "no more"
)
def test_signals_do_not_reach_an_endpoint_bound_by_a_capability_that_is_revoked() -> None:
    w = World(2)
    bell, lent = lend(w, w.notification(), Rights.WAIT)
    w.ok(1, C.BIND, w.give(1, w.endpoint()), lent)
    w.ok(0, C.CAP_REVOKE, bell)
    w.ok(0, C.NOTIFY, bell, 5)
    w.ok(0, C.BIND, w.give(0, w.endpoint()), bell)
    assert w.ok(0, C.POLL, bell) == 5


@pytest.mark.promise(
    "one by which a notification was bound to an endpoint, of either, afterwards: is gone, and the two are bound "
    "no more"
)
def test_who_may_no_more_receive_from_an_endpoint_cannot_signal_its_receivers() -> None:
    w = World(2)
    door, lent = lend(w, w.endpoint(), Rights.RECV)
    bell = w.give(1, w.notification())
    w.ok(1, C.BIND, lent, bell)
    w.ok(0, C.CAP_REVOKE, door)
    w.ok(1, C.NOTIFY, bell, 0x666)
    w.blocks(0, C.WAIT, door)
    w.ok(1, C.NOTIFY, bell, 0x666)
    assert w.state(0) is T.RECEIVING and w.x(0)[1] != SIGNAL_BADGE


def test_a_binding_stays_behind_when_a_capability_that_made_it_moves() -> None:
    w = World(2)
    door, bell = w.give(0, w.endpoint()), w.give(0, w.notification())
    for which in (0, 1):
        pair = [door, bell]
        w.ok(0, C.BIND, *pair)
        pair[which] = w.ok(0, C.CAP_MOVE, pair[which], NULL)
        w.ok(0, C.BIND, *pair)  # so it was undone
        w.ok(0, C.BIND, pair[0], NULL)
        door, bell = pair


def test_reply_wait_in_the_last_generation_of_its_slot_counts_on_no_room_from_it() -> None:
    w = World(3)
    door = w.endpoint()
    client, server, other = w.give(0, door), w.give(1, door), w.give(2, door)
    w.fill_table(1, leave=1)
    table = w.task(1).capabilities
    last = table.allocate()
    last.generation = u32(LAST_GENERATION)
    table.first_free = last
    w.blocks(1, C.WAIT, server)
    w.blocks(0, C.CALL, client, 1, 2, 3, 4, NULL)
    reply = w.x(1)[7]
    w.blocks(2, C.CALL, other, 1, 2, 3, 4, NULL)
    assert w.refused(1, C.REPLY_WAIT, reply, 9, 9, 9, 9, server) is Status.RECEIVER_TABLE_FULL
    assert w.state(0) is T.CALLING
    w.ok(1, C.REPLY, reply, 9, 9, 9, 9, NULL)
    assert w.x(0)[2:6] == (9, 9, 9, 9)
