"""An endpoint lives as long as somebody can receive from it; then those who would send are told, and it goes."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.kernel.task import TaskState as T
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

ABORTED = (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)
SEND = int(Rights.SEND | Rights.TRANSFER)
BOTH = int(Rights.SEND | Rights.RECV | Rights.TRANSFER)


class Served(World):
    """Task 0 made an endpoint; task 1 may only send to it, by a peer of task 0's capability."""

    def __init__(self) -> None:
        super().__init__(3)
        self.purse = self.give_quota(0)
        self.door = self.ok(0, C.CREATE, self.purse, CapKind.ENDPOINT.value, 0)
        self.its = self.ok(0, C.CAP_MOVE, self.ok(0, C.CAP_COPY, self.door, SEND), self.give_task(0, 1))

    def lives(self) -> bool:
        return self.kernel.endpoints.population == 1


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any "
    "more: it goes with every capability over it and the message that was left in it, and who waits to send to "
    "it, or for an answer, goes on with ABORTED"
)
@pytest.mark.parametrize("call", [C.SEND_WAIT, C.CALL])
@pytest.mark.parametrize("how", ["drop", "exit", "end", "revoke"])
def test_who_waits_to_send_is_told_when_the_last_who_could_receive_is_gone(how: str, call: C) -> None:
    w = Served()
    w.blocks(1, call, w.its, 1, 2, 3, 4, NULL)
    match how:
        case "drop":
            w.ok(0, C.CAP_DROP, w.door)
        case "exit":
            w.call(0, C.TASK_EXIT, 0)
        case "end":
            w.ok(2, C.TASK_END, w.give_task(2, 0), 0)
        case "revoke":
            w.ok(0, C.CAP_REVOKE, w.purse)
    assert not w.lives() and w.x(1) == ABORTED and w.state(1) is T.READY
    assert not w.holds(1, w.its)
    assert w.refused(1, C.SEND, w.its, 0, 0, 0, 0, NULL) is Status.STALE_HANDLE


def test_the_claim_of_an_endpoint_without_receivers_returns() -> None:
    w = Served()
    before = w.claims(0)["ENDPOINT"]
    w.ok(0, C.CAP_DROP, w.door)
    assert w.claims(0)["ENDPOINT"] == before + 1


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any "
    "more: it goes with every capability over it and the message that was left in it, and who waits to send to "
    "it, or for an answer, goes on with ABORTED"
)
@pytest.mark.parametrize("how", ["copy", "derived elsewhere", "in flight"])
def test_it_lives_while_anybody_else_can_receive(how: str) -> None:
    w = Served()
    other = w.ok(0, C.CAP_COPY, w.door, BOTH)
    if how != "copy":
        box = w.endpoint()
        put, get = w.give(0, box), w.give(2, box)
        w.ok(0, C.SEND, put, 0, 0, 0, 0, other)
    if how == "derived elsewhere":
        w.ok(2, C.RECV, get)
        other = w.x(2)[6]
    w.ok(0, C.CAP_DROP, w.door)
    assert w.holds(1, w.its)
    w.blocks(1, C.SEND_WAIT, w.its, 1, 2, 3, 4, NULL)
    if how == "in flight":
        w.ok(2, C.RECV, get)
        other = w.x(2)[6]
    assert w.call(0 if how == "copy" else 2, C.RECV, other) == (0, 0, 1, 2, 3, 4, NULL, 0)


def test_while_an_endpoint_goes_who_may_send_to_it_can_add_nothing() -> None:
    w = Served()
    rights = int(Rights.SEND | Rights.TRANSFER | Rights.DUPLICATE | Rights.DERIVE)
    held = [w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_COPY, w.door, rights), w.give_task(0, 1)) for _ in range(3)]
    w.preempted(0, 1, C.CAP_DROP, w.door)
    left = [word for word in held if w.holds(1, word)]
    assert w.current() == 1 and left
    for call in (C.CAP_COPY, C.CAP_DERIVE):
        assert w.refused(1, call, left[-1], SEND, 0) is Status.BEING_REVOKED
    while w.current() != 0:
        w.tick()
    assert not w.lives() and not any(w.holds(1, word) for word in held)


def test_moving_the_only_capability_to_receive_loses_nobody() -> None:
    w = Served()
    moved = w.ok(0, C.CAP_MOVE, w.door, w.give_task(0, 2))
    w.blocks(1, C.SEND_WAIT, w.its, 1, 2, 3, 4, NULL)
    assert w.call(2, C.RECV, moved) == (0, 0, 1, 2, 3, 4, NULL, 0)


def test_dropping_capabilities_that_only_send_ends_nothing() -> None:
    w = Served()
    w.ok(1, C.CAP_DROP, w.its)
    assert w.lives()


@pytest.mark.promise(
    "An object lives as long as a capability names it, but for an endpoint that nobody can receive from any "
    "more: it goes with every capability over it and the message that was left in it, and who waits to send to "
    "it, or for an answer, goes on with ABORTED"
)
def test_a_message_that_nobody_can_receive_any_more_is_dropped_with_what_it_carries() -> None:
    w = Served()
    bell = w.ok(0, C.CREATE, w.purse, CapKind.NOTIFICATION.value, 0)
    w.ok(0, C.SEND, w.door, 0, 0, 0, 0, bell)
    w.ok(0, C.CAP_DROP, w.door)
    assert not w.lives() and w.kernel.notifications.population == 0


def test_a_supervised_task_whose_supervisor_is_gone_ends_by_its_fault() -> None:
    w = Served()
    w.ok(1, C.TASK_SUPERVISE, w.give_task(1, 2), w.its)
    w.fault(2)
    assert w.state(2) is T.SENDING
    w.ok(0, C.CAP_DROP, w.door)
    assert w.state(2) is T.FAULTED and not w.lives()


def test_an_endpoint_that_was_never_received_from_lives_until_such_a_right_is_lost() -> None:
    w = World(2)
    made = w.endpoint()
    word = w.give(0, made, Rights.SEND)
    w.blocks(0, C.SEND_WAIT, word, 1, 2, 3, 4, NULL)
    assert w.state(0) is T.SENDING


def test_dropping_one_of_several_capabilities_to_send_is_not_losing_a_receiver() -> None:
    w = World(2)
    made = w.endpoint()
    word, other = w.give(0, made, Rights.SEND), w.give(0, made, Rights.SEND)
    w.ok(0, C.CAP_DROP, other)
    assert w.holds(0, word)


def test_what_else_goes_does_not_take_an_endpoint_along_that_nobody_could_ever_receive_from() -> None:
    w = World(2)
    word, other = w.give(0, w.endpoint(), Rights.SEND), w.give(0, w.notification())
    w.ok(0, C.CAP_DROP, other)
    assert w.holds(0, word)


def test_that_an_endpoint_lost_its_receivers_says_nothing_of_the_next_in_its_place() -> None:
    w = Served()
    place = w.slot(0, w.door).parent
    w.ok(0, C.CAP_DROP, w.door)
    made = w.endpoint()
    word, other = w.give(0, made, Rights.SEND), w.give(0, w.notification())
    w.ok(0, C.CAP_DROP, other)
    assert made is place and w.holds(0, word)
