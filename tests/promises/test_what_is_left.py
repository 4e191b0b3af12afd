"""What is left after a revocation and after the end of a task: what other tests say of it, and these were missing."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.lang import u64
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

LENT = int(Rights.SEND | Rights.RECV | Rights.TRANSFER)
USES = [
    (C.SEND, Status.STALE_HANDLE), (C.WAIT, Status.STALE_HANDLE), (C.CAP_QUERY, Status.INVALID_HANDLE),
    (C.CAP_MOVE, Status.INVALID_HANDLE), (C.CAP_DROP, Status.INVALID_HANDLE),
]  # fmt: skip


@pytest.mark.promise("a capability in any table, afterwards: its handle is stale")
@pytest.mark.parametrize("used_again", [False, True])
def test_the_handle_of_a_revoked_capability_is_stale_also_when_its_slot_is_used_again(used_again: bool) -> None:
    w = World(2)
    root = w.give(0, w.endpoint())
    lent = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, LENT, 0), w.give_task(0, 1))
    slot = w.slot(1, lent)
    w.ok(0, C.CAP_REVOKE, root)
    if used_again:
        assert w.slot(1, w.give(1, w.endpoint())) is slot
    for call, status in USES:
        assert w.refused(1, call, lent, NULL, 0, 0, 0, NULL) is status, call


@pytest.mark.promise(
    "messages that it left in an endpoint with send: stay",
    "messages that it left in an endpoint with send: for the capabilities in them the first line holds",
)
@pytest.mark.parametrize(("derived", "stays"), [(True, False), (False, True), (None, False)])
@pytest.mark.parametrize("end", ["exit", "fault", "end"])
def test_a_message_of_a_task_that_has_ended_arrives_with_what_was_not_derived_from_what_it_held(
    end: str, derived: bool | None, stays: bool
) -> None:
    w = World(2)
    door, bell = w.endpoint(), w.notification()
    send, get = w.give(0, door), w.give(1, door)
    held = w.give(0, bell)
    gift = w.ok(0, C.CAP_DERIVE, held, int(Rights.TRANSFER), 0) if derived else w.give(0, bell)
    gift = NULL if derived is None else gift
    w.ok(0, C.SEND, send, 1, 2, 3, 4, gift)
    match end:
        case "exit":
            w.call(0, C.TASK_EXIT, 0)
        case "fault":
            w.fault(0)
        case "end":
            w.ok(1, C.TASK_END, w.give_task(1, 0), 0)
    assert w.call(1, C.RECV, get) is not None
    assert w.x(1)[:6] == (0, 0, 1, 2, 3, 4)
    assert (w.x(1)[6] != NULL) is stays


@pytest.mark.promise("A task that is ended by another, or because nothing names it any more, ends without a notice")
@pytest.mark.parametrize("how", ["drop", "revoke", "end"])
def test_the_supervisor_of_a_task_that_nothing_names_any_more_hears_nothing(how: str) -> None:
    w = World(1)
    purse, watch = w.give_quota(0), w.endpoint()
    ear = w.give(0, watch)
    child, space = (w.ok(0, C.CREATE, purse, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, child, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_SUPERVISE, child, ear)
    w.ok(0, C.TASK_RESUME, child)
    match how:
        case "drop":
            w.ok(0, C.CAP_DROP, child)
        case "revoke":
            w.ok(0, C.CAP_REVOKE, purse)
        case "end":
            w.ok(0, C.TASK_END, child, 3)
    assert w.endpoint_at(watch).senders.head is None
    assert w.ok(0, C.RECV, ear) == 1, "nothing is there"


@pytest.mark.promise("one by which a task waits, afterwards: the task goes on with ABORTED")
@pytest.mark.parametrize("waits", [C.SEND_WAIT, C.CALL, C.WAIT])
def test_who_waits_by_a_capability_of_another_task_goes_on_when_that_is_revoked_far_above(waits: C) -> None:
    """Through a chain of three tables."""
    w = World(3)
    root = w.give(0, w.endpoint())
    every = LENT | int(Rights.DERIVE)
    middle = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, every, 0), w.give_task(0, 1))
    leaf = w.ok(1, C.CAP_MOVE, w.ok(1, C.CAP_DERIVE, middle, LENT, 5), w.give_task(1, 2))
    w.blocks(2, waits, leaf, 1, 2, 3, 4, NULL)
    w.ok(0, C.CAP_REVOKE, root)
    assert w.x(2)[0] == Status.ABORTED.value and not w.holds(2, leaf) and not w.holds(1, middle)


@pytest.mark.promise("callers that it has not answered: go on with ABORTED")
@pytest.mark.parametrize("end", ["exit", "fault", "end", "dropped"])
@pytest.mark.parametrize("received", [True, False])
def test_callers_of_a_server_that_made_its_endpoint_go_on_however_it_ends(end: str, received: bool) -> None:
    w = World(2)
    purse = w.give_quota(0)
    server, space = (w.ok(0, C.CREATE, purse, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    door = w.ok(0, C.CREATE, purse, CapKind.ENDPOINT.value)
    w.ok(0, C.TASK_CONFIGURE, server, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_PRIORITY, server, 8)
    client = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, door, int(Rights.SEND | Rights.TRANSFER), 0), w.give_task(0, 1))
    serve = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, door, int(Rights.RECV | Rights.TRANSFER)), server)
    w.ok(0, C.CAP_COPY, door, int(Rights.SEND))  # which lets nobody receive
    w.ok(0, C.TASK_RESUME, server)
    w.blocks(1, C.CALL, client, 1, 2, 3, 4, NULL)
    if received:
        w.ok(2, C.WAIT, serve)
    match end:
        case "exit":
            w.call(2, C.TASK_EXIT, 0)
        case "fault":
            w.fault(2)
        case "end":
            w.ok(0, C.TASK_END, server, 0)
        case "dropped":
            w.ok(0, C.CAP_DROP, server)
    if not received:
        assert w.x(1)[0] != Status.ABORTED.value, "task 0 can still receive it"
        w.ok(0, C.CAP_REVOKE, purse)
    assert w.x(1) == (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any more: it "
    "goes with every capability over it and the message that was left in it, and who waits to send to it, or for an "
    "answer, goes on with ABORTED"
)
@pytest.mark.parametrize("received", [True, False])
def test_who_calls_an_endpoint_that_nobody_can_receive_from_any_more_goes_on_also_when_its_call_was_received(
    received: bool,
) -> None:
    """The server drops its capability to receive, and keeps the one to answer: who called is told, not kept waiting."""
    w = World(2)
    door = w.ok(0, C.CREATE, w.give_quota(0), CapKind.ENDPOINT.value)
    client = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, door, int(Rights.SEND | Rights.TRANSFER)), w.give_task(0, 1))
    w.blocks(1, C.CALL, client, 1, 2, 3, 4, NULL)
    if received:
        w.ok(0, C.WAIT, door)
    reply = w.x(0)[7]
    w.ok(0, C.CAP_DROP, door)
    assert w.x(1) == (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0) and not w.holds(1, client)
    assert not received or not w.holds(0, reply)
    assert w.kernel.endpoints.population == 0


@pytest.mark.promise("floating point: its own registers, zero at first use")
@pytest.mark.parametrize("end", ["suspended", "exited", "faulted"])
def test_a_new_life_of_a_task_finds_no_register_of_the_former_one_not_even_of_floating_point(end: str) -> None:
    w = World(2, held=(1,))
    it, task, space = w.give_task(0, 1), w.task(1), w.give_space(0, 0)
    w.ok(0, C.TASK_RESUME, it)
    task.thread.floating = True
    task.thread.fpcr = task.thread.fpsr = task.thread.tpidr = u64(0x5EC4E7)
    for registers in (task.frame.x, task.thread.q):
        for at in range(len(registers)):
            registers[at] = u64(0x5EC4E7)
    match end:
        case "suspended":
            w.ok(0, C.TASK_SUSPEND, it)
        case "exited":
            w.call(1, C.TASK_EXIT, 0)
        case "faulted":
            w.fault(1)
    w.ok(0, C.TASK_CONFIGURE, it, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, it)
    thread = task.thread
    assert {*task.frame.x, *thread.q, thread.fpcr, thread.fpsr, thread.tpidr} == {0} and not thread.floating
