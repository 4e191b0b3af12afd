"""Receivers that poll: what `recv` takes from among those who wait, and how long it counts that one has asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.pair import ANSWER, WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import Notice, Rights, Status, TaskState
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.endpoint import EndpointState
from tyrne.system.parts import NO_QUOTA
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL
from tyrne.testing.world import World

PENDING = (0, 1, 0, 0, 0, 0, 0, 0)
DELIVERED, ENQUEUED = 0, 1


def taken(words: tuple[int, ...], cap: int = NULL) -> tuple[int, ...]:
    """What `recv` answers when it has a message."""
    return (0, 0, *words, cap, 0)


# --- what a poll takes


class Crowd(World):
    """Tasks 0 and 1 may receive at one endpoint; tasks 2 to 5 wait there with all that can wait, task 6 may send."""

    def __init__(self) -> None:
        super().__init__(7, quota=NO_QUOTA)
        self.door = self.endpoint()
        self.server, self.second = self.give(0, self.door), self.give(1, self.door)
        self.client = {task: self.give(task, self.door, badge=task) for task in range(2, 7)}

    def waits(self, what: str, task: int, gift: int = NULL) -> None:
        match what:
            case "message":
                self.blocks(task, C.SEND_WAIT, self.client[task], task, 0, 0, 0, gift)
            case "call":
                self.blocks(task, C.CALL, self.client[task], task, 0, 0, 0, gift)
            case "fault":
                self.supervise(task, self.door, task)
                self.fault(task)
            case "exit":
                self.supervise(task, self.door, task)
                self.call(task, C.TASK_EXIT, task)


OTHERS = ("call", "fault", "exit")


@pytest.mark.promise(
    "an endpoint, bounded by: a poll takes the first message that wants no answer, whatever waits before it"
)
@pytest.mark.parametrize("before", [("call",), ("fault",), ("exit",), OTHERS])
def test_a_poll_takes_a_message_whatever_waits_before_it_and_leaves_that_to_wait(before: tuple[str, ...]) -> None:
    w = Crowd()
    for task, what in enumerate(before, 2):
        w.waits(what, task)
    w.waits("message", 5)
    assert w.call(0, C.RECV, w.server) == taken((5, 0, 0, 0))
    assert w.state(5) is TaskState.READY and w.x(5) == (0,) * 8
    assert w.call(0, C.RECV, w.server) == PENDING
    assert [w.ok(0, C.WAIT, w.server) for _ in before] == list(range(2, 2 + len(before)))


@pytest.mark.parametrize("what", OTHERS)
def test_a_poll_takes_neither_a_call_nor_a_fault_nor_an_exit(what: str) -> None:
    w = Crowd()
    w.waits(what, 2)
    assert w.call(0, C.RECV, w.server) == PENDING
    assert w.ok(0, C.WAIT, w.server) == 2
    assert w.x(0)[2] == {"call": 2, "fault": Notice.FAULTED.value, "exit": Notice.EXITED.value}[what]


def test_polls_take_messages_in_the_order_in_which_they_came() -> None:
    w = Crowd()
    for task, what in ((2, "message"), (3, "call"), (4, "message"), (5, "message")):
        w.waits(what, task)
    assert [w.call(0, C.RECV, w.server) for _ in range(3)] == [taken((task, 0, 0, 0)) for task in (2, 4, 5)]
    assert w.ok(0, C.WAIT, w.server) == 3


def test_a_poll_does_not_take_the_signals_of_a_bound_notification() -> None:
    w = Pair()
    bell = w.give(1, w.notification())
    w.ok(1, C.BIND, w.server, bell)
    w.blocks(0, C.SEND_WAIT, w.client, *WORDS, NULL)
    w.ok(1, C.NOTIFY, bell, 0xF0)
    assert w.call(1, C.RECV, w.server) == taken(WORDS)
    assert w.call(1, C.RECV, w.server) == PENDING
    assert w.call(1, C.POLL, bell) == (0, 0xF0, 0, 0, 0, 0, 0, 0)


# --- `send` while somebody waits to send


@pytest.mark.parametrize("what", ["message", *OTHERS])
def test_send_is_refused_while_somebody_waits_to_send_and_nobody_has_polled(what: str) -> None:
    w = Crowd()
    w.waits(what, 2)
    assert w.refused(6, C.SEND, w.client[6], *WORDS, NULL) is Status.QUEUE_FULL


@pytest.mark.parametrize("what", OTHERS)
def test_send_is_accepted_once_for_each_poll_whatever_waits(what: str) -> None:
    w = Crowd()
    w.waits(what, 2)
    for _ in range(3):
        assert w.call(0, C.RECV, w.server) == PENDING
        assert w.ok(6, C.SEND, w.client[6], *WORDS, NULL) == DELIVERED
        assert w.refused(6, C.SEND, w.client[6], *WORDS, NULL) is Status.QUEUE_FULL
        assert w.call(0, C.RECV, w.server) == taken(WORDS)
        assert w.refused(6, C.SEND, w.client[6], *WORDS, NULL) is Status.QUEUE_FULL
    assert w.ok(0, C.WAIT, w.server) == 2


@pytest.mark.promise(
    "an endpoint, what it can still do: not delay send_wait and call by more than one turn, and one message for each "
    "poll that finds nothing"
)
def test_a_message_that_waits_is_delayed_by_one_send_for_each_poll_and_by_no_more() -> None:
    w = Crowd()
    assert w.call(0, C.RECV, w.server) == PENDING
    w.waits("message", 2)
    assert w.ok(6, C.SEND, w.client[6], *WORDS, NULL) == DELIVERED
    assert w.call(0, C.RECV, w.server) == taken(WORDS)
    assert w.refused(6, C.SEND, w.client[6], *WORDS, NULL) is Status.QUEUE_FULL
    assert w.call(0, C.RECV, w.server) == taken((2, 0, 0, 0))


@pytest.mark.promise(
    "an endpoint, what it can still do: not delay send_wait and call by more than one turn, and one message for each "
    "poll that finds nothing"
)
def test_a_call_that_waits_is_delayed_by_one_send_for_each_poll_and_by_no_more() -> None:
    w = Crowd()
    w.waits("call", 2)
    assert w.call(0, C.RECV, w.server) == PENDING
    assert w.ok(6, C.SEND, w.client[6], *WORDS, NULL) == DELIVERED
    assert w.call(0, C.WAIT, w.server) == (0, 6, *WORDS, NULL, NULL)
    assert w.refused(6, C.SEND, w.client[6], *WORDS, NULL) is Status.QUEUE_FULL
    assert w.ok(0, C.WAIT, w.server) == 2


# --- the receiver that a poll registers


def test_a_second_poll_is_pending_not_refused() -> None:
    w = Pair()
    for task, word in ((1, w.server), (1, w.server), (2, w.other)):
        assert w.call(task, C.RECV, word) == PENDING
    assert w.endpoint_at(w.door).state is EndpointState.RECV_WAITING
    assert w.ok(0, C.SEND, w.client, *WORDS, NULL) == DELIVERED
    assert w.call(1, C.RECV, w.server) == taken(WORDS)


def test_a_waiting_receiver_comes_before_the_one_that_polled() -> None:
    w = Pair()
    w.ok(2, C.RECV, w.other)
    w.blocks(1, C.WAIT, w.server)
    assert w.ok(0, C.SEND, w.client, *WORDS, NULL) == DELIVERED
    assert w.x(1) == arrived(WORDS)
    assert w.endpoint_at(w.door).state is EndpointState.RECV_WAITING


def test_cancel_withdraws_the_receiver_that_polled_and_nothing_else() -> None:
    w = Pair()
    w.ok(1, C.RECV, w.server)
    w.ok(1, C.CANCEL, w.server)
    assert w.endpoint_at(w.door).state is EndpointState.IDLE
    assert w.ok(0, C.SEND, w.client, *WORDS, NULL) == ENQUEUED
    w.ok(1, C.CANCEL, w.server)
    assert w.endpoint_at(w.door).state is EndpointState.SEND_PENDING
    w.ok(1, C.RECV, w.server)
    w.blocks(2, C.WAIT, w.other)
    w.ok(1, C.CANCEL, w.server)
    assert w.state(2) is TaskState.RECEIVING


def test_whoever_may_receive_can_withdraw_the_receiver_that_another_has_registered() -> None:
    w = Pair()
    w.ok(1, C.RECV, w.server)
    w.ok(2, C.CANCEL, w.other)
    assert w.ok(0, C.SEND, w.client, *WORDS, NULL) == ENQUEUED


class Poller(World):
    """Task 1 has polled by a capability that comes from one of task 0; task 2 may receive too and send."""

    def __init__(self) -> None:
        super().__init__(3)
        self.door: CapSlot = self.endpoint()
        self.owner = self.give(0, self.door)
        self.other = self.give(2, self.door)
        child = self.ok(0, C.CAP_DERIVE, self.owner, int(Rights.RECV | Rights.TRANSFER), 0)
        self.polls = self.ok(0, C.CAP_MOVE, child, self.give_task(0, 1))
        assert self.call(1, C.RECV, self.polls) == PENDING

    def stop(self) -> None:
        self.ok(0, C.TASK_SUSPEND, self.give_task(0, 1))

    def configure(self) -> None:
        self.stop()
        self.ok(0, C.TASK_CONFIGURE, self.give_task(0, 1), self.give_space(0, 1), BASE, BASE, BASE + PAGE)


ENDS: dict[str, Callable[[Poller], object]] = {
    "dropped": lambda w: w.ok(1, C.CAP_DROP, w.polls),
    "revoked": lambda w: w.ok(0, C.CAP_REVOKE, w.owner),
    "moved": lambda w: w.ok(1, C.CAP_MOVE, w.polls, NULL),
    "moved to another task": lambda w: w.ok(1, C.CAP_MOVE, w.polls, w.give_task(1, 2)),
    "sent along": lambda w: w.ok(1, C.SEND, w.give(1, w.endpoint()), *WORDS, w.polls),
    "its holder exits": lambda w: w.call(1, C.TASK_EXIT, 0),
    "its holder faults": lambda w: w.fault(1),
    "its holder is ended": lambda w: w.ok(0, C.TASK_END, w.give_task(0, 1), 3),
    "its holder begins a new life": Poller.configure,
    "cancelled": lambda w: w.ok(1, C.CANCEL, w.polls),
    "cancelled by another": lambda w: w.ok(2, C.CANCEL, w.other),
}


@pytest.mark.promise(
    "one by which recv was the last to find nothing, afterwards: is gone, and nobody is registered as a receiver: a "
    "message is not said to be delivered",
    "its registration as a receiver, by recv: is gone",
    "When a task that has run is configured anew, the life that it had is over: callers that it has not answered go on "
    "with ABORTED, tasks whose repair it owed end as faulted, and it is registered as a receiver no more",
)
@pytest.mark.parametrize("end", ENDS)
def test_a_poll_stands_for_as_long_as_the_capability_by_which_it_was_made(end: str) -> None:
    w = Poller()
    assert w.endpoint_at(w.door).state is EndpointState.RECV_WAITING
    ENDS[end](w)
    assert w.endpoint_at(w.door).state is EndpointState.IDLE
    assert w.ok(2, C.SEND, w.other, *WORDS, NULL) == ENQUEUED
    assert w.call(0, C.RECV, w.owner) == taken(WORDS)


def test_a_message_in_which_the_capability_that_asked_travels_itself_is_not_delivered() -> None:
    w = World(2)
    door = w.endpoint()
    owner, asker = w.give(0, door), w.give(1, door)
    assert w.ok(1, C.RECV, asker) == 1
    assert w.ok(1, C.SEND, asker, *WORDS, asker) == ENQUEUED
    assert w.endpoint_at(door).state is EndpointState.SEND_PENDING
    assert w.call(0, C.RECV, owner)[2:6] == WORDS


STAYS: dict[str, Callable[[Poller], object]] = {
    "another capability of its holder is dropped": lambda w: w.ok(1, C.CAP_DROP, w.give(1, w.door)),
    "another capability of its holder moves": lambda w: w.ok(1, C.CAP_MOVE, w.give(1, w.door), NULL),
    "its holder is suspended": Poller.stop,
    "another task ends": lambda w: w.ok(0, C.TASK_END, w.give_task(0, 2), 3),
    "its holder waits for repair": lambda w: w.supervise(1, w.endpoint()) or w.fault(1),
}


@pytest.mark.parametrize("event", STAYS)
def test_a_poll_stands_while_the_capability_by_which_it_was_made_does(event: str) -> None:
    w = Poller()
    STAYS[event](w)
    assert w.ok(0, C.SEND, w.owner, *WORDS, NULL) == DELIVERED


def test_a_message_that_was_delivered_stays_when_the_capability_that_asked_for_it_goes() -> None:
    w = Poller()
    assert w.ok(2, C.SEND, w.other, *WORDS, NULL) == DELIVERED
    w.ok(0, C.CAP_REVOKE, w.owner)
    assert w.call(0, C.RECV, w.owner) == taken(WORDS)


@pytest.mark.parametrize(("goes", "outcome"), [(1, DELIVERED), (2, ENQUEUED)])
def test_of_several_that_poll_it_is_the_last_that_is_registered(goes: int, outcome: int) -> None:
    """The message is the same either way, and waits for whoever polls again."""
    w = Pair()
    w.ok(1, C.RECV, w.server)
    w.ok(2, C.RECV, w.other)
    w.ok(goes, C.CAP_DROP, w.server if goes == 1 else w.other)
    assert w.ok(0, C.SEND, w.client, *WORDS, NULL) == outcome
    stays, word = (2, w.other) if goes == 1 else (1, w.server)
    assert w.call(stays, C.RECV, word) == taken(WORDS)


def test_a_new_life_asks_for_no_message_until_it_polls_itself() -> None:
    w = Poller()
    w.configure()
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    assert w.endpoint_at(w.door).state is EndpointState.IDLE
    assert w.call(1, C.RECV, w.polls) == PENDING
    assert w.ok(2, C.SEND, w.other, *WORDS, NULL) == DELIVERED


def test_an_answer_is_not_delayed_by_a_poll_of_the_server_in_between() -> None:
    w = Pair()
    reply = w.serve()
    assert w.call(1, C.RECV, w.server) == PENDING
    w.ok(1, C.REPLY, reply, *ANSWER, NULL)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert w.ok(2, C.SEND, w.other, *WORDS, NULL) == DELIVERED
