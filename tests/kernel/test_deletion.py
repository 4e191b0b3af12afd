"""What goes with a capability, and with a task: waits, mappings, objects, and everything that they held."""

from __future__ import annotations

from itertools import permutations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.hal.frame import Vector
from tyrne.kernel.deletion import delete_one
from tyrne.kernel.endpoint import EndpointState
from tyrne.kernel.task import TaskState as T
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, run
from tyrne.testing.state import resources
from tyrne.testing.world import World

ABORTED = (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
NOT_MADE = CapKind.DEBUG_CONSOLE, CapKind.REPLY, CapKind.CLOCK, CapKind.INTERRUPT
KINDS = [kind for kind in CapKind if kind not in NOT_MADE]
TOKEN = int(Rights.TRANSFER | Rights.SEND | Rights.RECV)


class Trio(World):
    """Task 0 made an endpoint and gave parts of it to tasks 1 and 2."""

    def __init__(self) -> None:
        super().__init__(3)
        self.purse = self.give_quota(0)
        self.door = self.ok(0, C.CREATE, self.purse, CapKind.ENDPOINT.value, 0)
        self.tasks = [self.give_task(0, task) for task in range(3)]
        self.its = {task: self.hand(task, self.ok(0, C.CAP_DERIVE, self.door, TOKEN, task)) for task in (1, 2)}

    def hand(self, task: int, word: int) -> int:
        return self.ok(0, C.CAP_MOVE, word, self.tasks[task])


# --- who waits by a capability that goes


@pytest.mark.promise(
    "one by which a task waits, afterwards: is gone",
    "one by which a task waits, afterwards: the task goes on with ABORTED",
)
@pytest.mark.parametrize("call", [C.SEND_WAIT, C.CALL, C.WAIT])
def test_who_waits_by_a_capability_that_is_revoked_is_released_with_aborted(call: C) -> None:
    w = Trio()
    w.blocks(1, call, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(0, C.CAP_REVOKE, w.door)
    assert w.x(1) == ABORTED and w.state(1) is T.READY
    assert not w.holds(1, w.its[1])
    door = w.kernel.endpoints.items[0]
    assert door.senders.head is None and door.receivers.head is None


def test_who_waits_by_another_capability_of_the_endpoint_waits_on() -> None:
    w = Trio()
    other = w.hand(2, w.ok(0, C.CAP_COPY, w.door, TOKEN))
    w.blocks(1, C.SEND_WAIT, w.its[1], 1, 2, 3, 4, NULL)
    w.blocks(2, C.SEND_WAIT, other, 1, 2, 3, 4, NULL)
    w.ok(0, C.CAP_REVOKE, w.door)
    assert (w.state(1), w.state(2)) == (T.READY, T.SENDING)


@pytest.mark.promise(
    "a reply capability of a call that was made through it, afterwards: is gone",
    "a reply capability of a call that was made through it, afterwards: the caller goes on with ABORTED",
)
def test_a_caller_is_released_when_the_capability_it_called_by_is_revoked_and_the_reply_capability_is_gone() -> None:
    w = Trio()
    w.blocks(1, C.CALL, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(2, C.WAIT, w.its[2])
    reply = w.x(2)[7]
    w.ok(0, C.CAP_REVOKE, w.door)
    assert w.x(1) == ABORTED and not w.holds(2, reply)


def test_those_who_wait_by_what_a_caller_has_derived_are_released_before_it() -> None:
    w = Trio()
    mine = w.hand(1, w.ok(0, C.CAP_DERIVE, w.door, TOKEN | int(Rights.DERIVE), 0))
    child = w.ok(1, C.CAP_MOVE, w.ok(1, C.CAP_DERIVE, mine, TOKEN, 0), w.give_task(1, 2))
    w.blocks(1, C.CALL, mine, 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    w.blocks(2, C.SEND_WAIT, child, 1, 2, 3, 4, NULL)
    w.ok(0, C.CAP_REVOKE, w.door)
    assert w.ready() == [2, 1] and w.x(1) == w.x(2) == ABORTED


@pytest.mark.promise("a reply capability of a call that was made through it, afterwards: is gone")
def test_revoking_a_caller_capability_takes_a_reply_capability_out_of_a_parked_message() -> None:
    w = Trio()
    box = w.endpoint()
    put, get = w.give(2, box), w.give(0, box)
    w.blocks(1, C.CALL, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(2, C.WAIT, w.its[2])
    w.ok(2, C.SEND, put, 9, 0, 0, 0, w.x(2)[7])
    w.ok(0, C.CAP_REVOKE, w.door)
    assert w.x(1) == ABORTED
    assert w.call(0, C.RECV, get) == (0, 0, 9, 0, 0, 0, NULL, 0)


@pytest.mark.promise("its place in queues, its own reply capability: are gone")
def test_the_end_of_a_caller_takes_its_reply_capability_out_of_a_parked_message() -> None:
    w = Trio()
    box = w.endpoint()
    put, get = w.give(2, box), w.give(0, box)
    w.blocks(1, C.CALL, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(2, C.WAIT, w.its[2])
    w.ok(2, C.SEND, put, 9, 0, 0, 0, w.x(2)[7])
    w.ok(0, C.TASK_END, w.tasks[1], 0)
    assert w.call(0, C.RECV, get) == (0, 0, 9, 0, 0, 0, NULL, 0)


def test_a_reply_capability_in_a_destroyed_endpoint_releases_its_caller() -> None:
    w = Trio()
    box = w.ok(0, C.CREATE, w.purse, CapKind.ENDPOINT.value, 0)
    w.blocks(1, C.CALL, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    w.ok(0, C.SEND, box, 0, 0, 0, 0, w.x(0)[7])
    assert w.state(1) is T.CALLING
    w.ok(0, C.CAP_DROP, box)
    assert w.x(1) == ABORTED


def test_a_reply_capability_given_in_an_answer_to_another_still_answers_its_caller() -> None:
    w = Trio()
    w.blocks(1, C.CALL, w.its[1], 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    first = w.x(0)[7]
    w.blocks(2, C.CALL, w.its[2], 1, 2, 3, 4, NULL)
    w.ok(0, C.WAIT, w.door)
    w.ok(0, C.REPLY, w.x(0)[7], 0, 0, 0, 0, first)
    w.ok(2, C.REPLY, w.x(2)[6], 5, 6, 7, 8, NULL)
    assert w.x(1) == (0, 0, 5, 6, 7, 8, NULL, NULL)


# --- the last capability of an object


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any "
    "more: it goes with every capability over it and the message that was left in it, and who waits to send to "
    "it, or for an answer, goes on with ABORTED"
)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["drop", "revoke", "end", "exit", "in flight"])
def test_an_object_dies_with_its_last_capability_however_that_goes(kind: CapKind, how: str) -> None:
    w = World(2)
    purse = w.give_quota(0)
    before = resources(w.kernel)
    population = [int(arena.population) for arena in arenas(w)]
    made = w.ok(0, C.CREATE, purse, kind.value, 2)
    assert [int(arena.population) for arena in arenas(w)] != population
    if how == "drop":
        w.ok(0, C.CAP_DROP, made)
    elif how == "revoke":
        w.ok(0, C.CAP_REVOKE, purse)
    elif how == "in flight":
        door = w.ok(0, C.CREATE, purse, CapKind.ENDPOINT.value, 0)
        w.ok(0, C.SEND, door, 0, 0, 0, 0, made)
        w.ok(0, C.CAP_DROP, door)
    else:
        it = w.give_task(0, 1)
        w.ok(0, C.CAP_MOVE, made, it)
        w.ok(0, C.TASK_END, it, 0) if how == "end" else w.call(1, C.TASK_EXIT, 0)
    if how in ("end", "exit"):
        # the task has ended too: its space goes back to the kernel's quota
        assert [int(arena.population) for arena in arenas(w)][:3] == population[:3]
        assert w.claims(0) == {kind.name: 2 for kind in KINDS} | {"MEMORY": 4, "FRAMES": 40}
        return
    assert resources(w.kernel) == before


def arenas(w: World) -> list:  # type: ignore[type-arg]
    kernel = w.kernel
    return [kernel.tasks, kernel.endpoints, kernel.notifications, kernel.regions, kernel.quotas, kernel.spaces]


@pytest.mark.parametrize("parked", [True, False])
def test_a_destroyed_endpoint_loses_its_message_and_its_place_starts_idle(parked: bool) -> None:
    w = Trio()
    spare = w.ok(0, C.CREATE, w.purse, CapKind.ENDPOINT.value, 0)
    w.ok(0, C.SEND, spare, 1, 2, 3, 4, w.ok(0, C.CAP_DERIVE, w.door, TOKEN, 7) if parked else NULL)
    w.ok(0, C.CAP_DROP, spare)
    again = w.ok(0, C.CREATE, w.purse, CapKind.ENDPOINT.value, 0)
    assert w.kernel.endpoints.items[1].state is EndpointState.IDLE
    assert w.call(0, C.RECV, again) == (0, 1, 0, 0, 0, 0, 0, 0)


def test_a_registered_receiver_is_gone_with_its_endpoint() -> None:
    w = Trio()
    spare = w.ok(0, C.CREATE, w.purse, CapKind.ENDPOINT.value, 0)
    w.ok(0, C.RECV, spare)
    w.ok(0, C.CAP_DROP, spare)
    again = w.ok(0, C.CREATE, w.purse, CapKind.ENDPOINT.value, 0)
    assert w.ok(0, C.SEND, again, 1, 2, 3, 4, NULL) == 1


# --- the end of a task


@pytest.mark.promise(
    "its capabilities: are gone, with everything derived from them, wherever it is",
    "its capabilities: what it gave away that was not derived from those stays",
)
def test_the_end_of_a_task_drops_what_was_derived_from_its_capabilities_and_copies_live_on() -> None:
    w = Trio()
    mine = w.hand(1, w.ok(0, C.CAP_COPY, w.door, 0xFF & ~0xC0))
    child, peer = w.ok(1, C.CAP_DERIVE, mine, TOKEN, 0), w.ok(1, C.CAP_COPY, mine, TOKEN)
    other = w.give_task(1, 2)
    child, peer = (w.ok(1, C.CAP_MOVE, word, other) for word in (child, peer))
    w.call(1, C.TASK_EXIT, 0)
    assert not w.holds(2, child) and w.holds(2, peer)


@pytest.mark.promise("callers that it has not answered: go on with ABORTED")
def test_a_server_that_ends_releases_all_its_callers_with_aborted() -> None:
    w = Trio()
    for task in (1, 2):
        w.blocks(task, C.CALL, w.its[task], 1, 2, 3, 4, NULL)
        w.ok(0, C.WAIT, w.door)
    w.call(0, C.TASK_EXIT, 0)
    assert w.x(1) == ABORTED and w.x(2) == ABORTED
    assert w.current() in (1, 2)


def test_the_end_of_the_task_that_made_an_endpoint_releases_who_waits_there() -> None:
    w = Trio()
    w.blocks(1, C.WAIT, w.its[1])
    w.blocks(2, C.WAIT, w.its[2])
    w.call(0, C.TASK_EXIT, 0)
    assert w.x(1) == ABORTED and w.x(2) == ABORTED


def test_two_tasks_that_hold_each_other_are_both_given_back_when_one_ends_the_other_by_its_end() -> None:
    w = World(1)
    purse = w.give_quota(0)
    before = resources(w.kernel)
    one, two, space = (w.ok(0, C.CREATE, purse, kind, 0) for kind in (4, 4, 5))
    for task in (one, two):
        w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.CAP_DROP, space)
    of_one, of_two = (w.ok(0, C.CAP_COPY, task, int(Rights.TRANSFER)) for task in (one, two))
    w.ok(0, C.CAP_MOVE, of_one, two)
    w.ok(0, C.CAP_MOVE, of_two, one)
    w.ok(0, C.CAP_DROP, two)
    assert w.kernel.tasks.population == 3
    w.ok(0, C.TASK_END, one, 0)  # which drops the last capability to the other
    assert w.kernel.tasks.population == 2
    w.ok(0, C.CAP_DROP, one)
    assert resources(w.kernel) == before


def test_a_notice_in_a_queue_goes_with_the_last_capability_to_its_task() -> None:
    w = World(1)
    purse = w.give_quota(0)
    task, space, ear = (w.ok(0, C.CREATE, purse, kind, 0) for kind in (4, 5, 2))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_SUPERVISE, task, ear)
    w.ok(0, C.TASK_RESUME, task)
    w.call(1, C.TASK_EXIT, 5)
    w.ok(0, C.CAP_DROP, task)
    assert w.kernel.tasks.population == 1
    assert w.kernel.endpoints.items[0].senders.head is None
    w.ok(0, C.CAP_DROP, ear)


# --- the address space of a task


class Tenant(World):
    """Task 0 made task 2 and a space; the task holds the space, and lives in it by what it derived from that."""

    def __init__(self) -> None:
        super().__init__(2)
        purse = self.give_quota(0)
        self.it, space = (self.ok(0, C.CREATE, purse, kind, 0) for kind in (4, 5))
        first = self.ok(0, C.CREATE, purse, CapKind.ADDRESS_SPACE.value, 0)
        self.root = self.ok(0, C.CAP_MOVE, space, self.it)
        self.ok(0, C.TASK_PRIORITY, self.it, 8)
        self.settle(first)
        below = self.ok(2, C.CAP_DERIVE, self.root, int(Rights.BIND | Rights.TRANSFER), 0)
        door = self.endpoint()
        self.ok(2, C.SEND, self.give(2, door), 0, 0, 0, 0, below)
        self.ok(0, C.RECV, self.give(0, door))
        self.below = self.x(0)[6]
        self.ok(0, C.TASK_SUSPEND, self.it)
        self.settle(self.below)
        self.ok(0, C.CAP_DROP, first)

    def settle(self, space: int) -> None:
        self.ok(0, C.TASK_CONFIGURE, self.it, space, BASE, BASE, BASE + PAGE)
        self.ok(0, C.TASK_RESUME, self.it)


def test_a_task_lives_on_when_another_capability_to_its_space_goes() -> None:
    w = Tenant()
    w.ok(0, C.CAP_DROP, w.below)
    assert w.status(2, C.TASK_YIELD) is Status.OK


@pytest.mark.promise(
    "the capability by which a task lives in an address space, afterwards: the task faults at its next "
    "instruction, also when the space stays"
)
def test_a_task_whose_capability_to_its_space_is_revoked_leaves_it_and_can_do_nothing_but_fault() -> None:
    w = Tenant()
    run(w.kernel, w.task(2))
    active, bootstrap = w.kernel.scheduler.core.active, w.kernel.bootstrap_space()
    assert active is not None and active is not bootstrap
    w.board.events.clear()
    assert w.call(2, C.CAP_REVOKE, w.root) == (0,) * 8
    assert w.kernel.scheduler.core.active is bootstrap and w.current() == 2
    assert w.board.events == [("activate", int(bootstrap.root), int(bootstrap.asid))]
    assert w.task(2).context is None and w.kernel.spaces.population == 4  # the task still holds the space itself
    assert w.status(2, C.TASK_YIELD) is Status.INVALID_HANDLE  # no context, no call
    w.enter(Vector.SYNCHRONOUS, 0x8200_0006, BASE)
    assert w.state(2) is T.FAULTED and w.kernel.spaces.population == 3


def test_a_task_that_was_turned_out_while_it_was_suspended_is_configured_before_it_is_resumed() -> None:
    w = Tenant()
    w.ok(0, C.TASK_SUSPEND, w.it)
    delete_one(w.kernel, w.slot(2, w.root))  # as its revocation by its holder does
    assert w.refused(0, C.TASK_RESUME, w.it) is Status.BAD_STATE
    w.settle(w.give_space(0, 1))
    assert w.status(2, C.TASK_YIELD) is Status.OK


def test_a_space_that_is_destroyed_while_it_is_active_is_left_before_its_tables_are_free() -> None:
    w = World(2)
    w.board.events.clear()
    space = w.kernel.spaces.items[1]
    w.call(0, C.TASK_EXIT, 0)
    bootstrap = w.kernel.bootstrap_space()
    assert w.board.events[:2] == [
        ("activate", int(bootstrap.root), int(bootstrap.asid)),
        ("invalidate_space", int(space.asid)),
    ]


# --- in every order


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_dropping_a_task_its_space_its_memory_and_its_endpoint_in_any_order_gives_all_back(
    order: tuple[int, ...],
) -> None:
    w = World(1)
    purse = w.give_quota(0)
    before = resources(w.kernel)
    task, space, memory, door = words = [w.ok(0, C.CREATE, purse, kind, 2) for kind in (4, 5, 6, 2)]
    w.ok(0, C.MAP, space, memory, BASE, 1)
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    its = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, door, TOKEN), task)
    w.ok(0, C.TASK_RESUME, task)
    w.blocks(1, C.SEND_WAIT, its, 1, 2, 3, 4, NULL)
    for number in order:
        w.ok(0, C.CAP_DROP, words[number])
    assert resources(w.kernel) == before


@pytest.mark.repeats
@pytest.mark.parametrize("end", ["exit", "fault", "end", "drop", "revoke"])
@pytest.mark.parametrize("doing", ["running", "receiving", "calling", "repairing", "suspended"])
def test_fifty_lives_leave_nothing_behind_however_each_ends(doing: str, end: str) -> None:
    w = World(1)
    purse = w.give_quota(0)
    ear = w.give(0, w.endpoint())
    kept = w.ok(0, C.CAP_COPY, purse, int(Rights.CREATE | Rights.REVOKE))
    before = resources(w.kernel)
    for _ in range(50 if end == "exit" else 10):
        task, space, memory, door = (w.ok(0, C.CREATE, kept, kind, 2) for kind in (4, 5, 6, 2))
        w.ok(0, C.MAP, space, memory, BASE, 1)
        w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
        its = w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, door, TOKEN), task)
        w.ok(0, C.CAP_MOVE, memory, task)
        w.ok(0, C.TASK_PRIORITY, task, 8)
        w.ok(0, C.TASK_RESUME, task)
        reply = NULL
        match doing:
            case "receiving":
                w.blocks(1, C.WAIT, its)
            case "calling":
                w.blocks(1, C.CALL, its, 1, 2, 3, 4, NULL)
                w.ok(0, C.WAIT, door)
                reply = w.x(0)[7]
            case "repairing":
                w.ok(0, C.TASK_SUPERVISE, task, ear)
                w.fault(1)
                w.ok(0, C.WAIT, ear)
                reply = w.x(0)[7]
            case "suspended":
                w.ok(0, C.TASK_SUSPEND, task)
        if end in ("exit", "fault") and w.state(1) is T.READY:
            w.call(1, C.TASK_EXIT, 3) if end == "exit" else w.fault(1)
        elif end == "end":
            w.ok(0, C.TASK_END, task, 3)
        elif end == "drop" and reply != NULL:
            w.ok(0, C.CAP_DROP, reply)
        elif end == "drop":
            w.ok(0, C.CAP_DROP, task)
        w.ok(0, C.CAP_REVOKE, kept)
    assert resources(w.kernel) == before


def test_what_a_task_held_that_goes_with_its_maker_is_given_back_before_endpoints_are_looked_at() -> None:
    """Who waits for the task's answer is released before those who wait to send to an endpoint of its maker."""
    w = World(3)
    purse, asked, sent = w.give_quota(0), w.endpoint(), w.endpoint()
    child, space = (w.ok(0, C.CREATE, purse, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, child, space, BASE, BASE, BASE + PAGE)
    door = w.ok(0, C.CAP_MOVE, w.give(0, asked), child)
    w.ok(0, C.TASK_RESUME, child)
    w.blocks(1, C.CALL, w.give(1, asked, Rights.SEND), 1, 2, 3, 4, NULL)
    w.call(3, C.WAIT, door)
    w.give(0, sent, Rights.RECV)
    w.blocks(2, C.SEND_WAIT, w.give(2, sent, Rights.SEND), 1, 2, 3, 4, NULL)
    w.call(0, C.TASK_EXIT, 0)
    assert w.current() == 1 and w.ready() == [2]
    assert w.x(1) == w.x(2) == ABORTED
