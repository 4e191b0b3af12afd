"""Messages that are waited for: every pairing, who goes first, what travels, and the exact registers."""

from __future__ import annotations

from itertools import product

import pytest

from kernel.pair import ANSWER, BADGE, WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, Status, TaskState
from tyrne.kernel.endpoint import EndpointState, Message
from tyrne.lang import u64
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

# --- every pairing of a way to send and a way to receive, in both orders


@pytest.mark.parametrize("receiver_first", [True, False])
@pytest.mark.parametrize("way", [C.SEND, C.SEND_WAIT, C.CALL])
def test_a_message_reaches_who_waits_with_its_badge_words_and_no_capability(way: C, receiver_first: bool) -> None:
    w = Pair()
    if receiver_first:
        w.blocks(1, C.WAIT, w.server)
        w.call(0, way, w.client, *WORDS, NULL)
    else:
        w.call(0, way, w.client, *WORDS, NULL)
        w.call(1, C.WAIT, w.server)
    reply = w.x(1)[7]
    assert w.x(1)[:7] == arrived(WORDS)[:7]
    assert (reply != NULL) is (way is C.CALL)
    sender = w.state(0)
    assert sender is (TaskState.CALLING if way is C.CALL else TaskState.READY)
    if way is C.SEND:
        assert w.x(0) == (0, 0 if receiver_first else 1, 0, 0, 0, 0, 0, 0)
    elif way is C.SEND_WAIT:
        assert w.x(0) == (0,) * 8


def test_a_delivered_message_wakes_its_receiver() -> None:
    for way in (C.SEND, C.SEND_WAIT, C.CALL):
        w = Pair()
        w.blocks(1, C.WAIT, w.server)
        assert w.state(1) is TaskState.RECEIVING
        w.call(0, way, w.client, *WORDS, NULL)
        assert w.state(1) is TaskState.READY
        assert w.current() == 1 or 1 in w.ready()


def test_a_parked_message_comes_before_those_that_wait_to_send() -> None:
    w = Pair()
    assert w.ok(0, C.SEND, w.client, 1, 1, 1, 1, NULL) == 1
    w.blocks(2, C.SEND_WAIT, w.other, 2, 2, 2, 2, NULL)
    assert w.call(1, C.WAIT, w.server) == arrived((1, 1, 1, 1))
    assert w.call(1, C.WAIT, w.server) == arrived((2, 2, 2, 2), badge=2)


# --- first in, first out


@pytest.mark.promise("an endpoint, bounded by: a task waits in one queue, which is first in, first out")
@pytest.mark.parametrize("order", [(0, 2, 3), (3, 2, 0), (2, 0, 3)])
def test_senders_are_received_in_the_order_in_which_they_came(order: tuple[int, ...]) -> None:
    w = World(4)
    door = w.endpoint()
    words = {task: w.give(task, door, badge=task + 1) for task in (0, 2, 3)}
    server = w.give(1, door)
    for task in order:
        w.blocks(task, C.CALL if task == 2 else C.SEND_WAIT, words[task], task, 0, 0, 0, NULL)
    badges = [w.ok(1, C.WAIT, server) for _ in order]
    assert badges == [task + 1 for task in order]


@pytest.mark.promise("an endpoint, bounded by: a task waits in one queue, which is first in, first out")
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_receivers_are_served_in_the_order_in_which_they_came(order: tuple[int, ...]) -> None:
    w = World(4)
    door = w.endpoint()
    client = w.give(0, door)
    words = {task: w.give(task, door) for task in order}
    for task in order:
        w.blocks(task, C.WAIT, words[task])
    for number, task in enumerate(order):
        w.ok(0, C.SEND, client, number, 0, 0, 0, NULL)
        assert w.x(task) == arrived((number, 0, 0, 0), badge=0)


# --- capabilities in messages


@pytest.mark.parametrize(("way", "receiver_first"), list(product([C.SEND, C.SEND_WAIT, C.CALL], [True, False])))
def test_a_capability_travels_with_its_rights_badge_and_place_in_the_tree(way: C, receiver_first: bool) -> None:
    w = Pair()
    box = w.endpoint()
    gift = w.give(0, box, Rights.TRANSFER | Rights.SEND, badge=99)
    if receiver_first:
        w.blocks(1, C.WAIT, w.server)
        w.call(0, way, w.client, *WORDS, gift)
    else:
        w.call(0, way, w.client, *WORDS, gift)
        w.call(1, C.WAIT, w.server)
    got = w.x(1)[6]
    assert w.x(1)[:6] == arrived(WORDS)[:6] and got != NULL
    assert not w.holds(0, gift)
    held = w.slot(1, got)
    assert (held.held().rights, held.held().badge) == (Rights.TRANSFER | Rights.SEND, 99)
    assert held.parent is box and box.first_child is held


def test_a_waiting_senders_capability_stays_in_its_table_until_it_is_received() -> None:
    w = Pair()
    gift = w.give(0, w.endpoint())
    w.blocks(0, C.SEND_WAIT, w.client, *WORDS, gift)
    assert w.holds(0, gift)
    w.ok(1, C.WAIT, w.server)
    assert not w.holds(0, gift)


@pytest.mark.promise(
    "one in a message that nobody has taken yet, afterwards: is gone",
    "one in a message that nobody has taken yet, afterwards: the message arrives without it",
)
def test_a_capability_that_was_revoked_while_its_sender_waited_arrives_as_null() -> None:
    w = Pair()
    root = w.give(2, w.endpoint())
    child = w.ok(2, C.CAP_DERIVE, root, int(Rights.TRANSFER), 0)
    gift = w.ok(2, C.CAP_MOVE, child, w.give_task(2, 0))
    w.blocks(0, C.SEND_WAIT, w.client, *WORDS, gift)
    w.ok(2, C.CAP_REVOKE, root)
    assert w.call(1, C.WAIT, w.server) == arrived(WORDS)


@pytest.mark.parametrize("aliased", [0, 1 << 48, 1 << 63])
@pytest.mark.parametrize("way", [C.SEND_WAIT, C.CALL])
@pytest.mark.parametrize("receiver_first", [True, False])
def test_the_capability_by_which_one_waits_cannot_travel_under_any_word(
    way: C, receiver_first: bool, aliased: int
) -> None:
    w = Pair()
    if receiver_first:
        w.blocks(1, C.WAIT, w.server)
    assert w.status(0, way, w.client, *WORDS, w.client | aliased) is Status.INVALID_TRANSFER_CAP
    assert w.holds(0, w.client)


def test_an_endpoint_capability_can_send_itself_without_waiting() -> None:
    w = Pair()
    w.blocks(1, C.WAIT, w.server)
    assert w.ok(0, C.SEND, w.client, *WORDS, w.client) == 0
    assert not w.holds(0, w.client)
    assert w.slot(1, w.x(1)[6]).held().badge == BADGE


def test_a_capability_without_transfer_or_with_children_or_that_is_not_there_does_not_travel() -> None:
    w = Pair()
    box = w.endpoint()
    bare = w.give(0, box, Rights.SEND | Rights.RECV)
    parent = w.give(0, box)
    w.ok(0, C.CAP_DERIVE, parent, int(Rights.SEND), 0)
    for gift, way in product((bare, parent, 0x7777), (C.SEND, C.SEND_WAIT, C.CALL)):
        assert w.status(0, way, w.client, *WORDS, gift) is Status.INVALID_TRANSFER_CAP


# --- the partner runs at once


def test_a_call_switches_to_the_receiver_and_the_answer_back_ahead_of_equals() -> None:
    w = Pair()
    w.blocks(1, C.WAIT, w.server)
    w.blocks(0, C.CALL, w.client, *WORDS, NULL)
    assert w.current() == 1 and w.ready() == [2]
    w.blocks(1, C.REPLY_WAIT, w.x(1)[7], *ANSWER, w.server)
    assert w.current() == 0 and w.ready() == [2]


def test_a_send_that_is_received_lets_the_sender_go_on() -> None:
    w = Pair()
    w.blocks(1, C.WAIT, w.server)
    w.ok(0, C.SEND_WAIT, w.client, *WORDS, NULL)
    assert w.current() == 0 and w.ready() == [2, 1]


def test_a_less_urgent_partner_waits_while_an_equal_of_the_caller_is_ready() -> None:
    w = World(3, priorities=(8, 12, 8))
    door = w.endpoint()
    client, server = w.give(0, door), w.give(1, door)
    w.blocks(1, C.WAIT, server)
    w.blocks(0, C.CALL, client, *WORDS, NULL)
    assert w.current() == 2 and w.ready(12) == [1]


# --- what a trace shows


def test_a_call_that_waited_is_traced_when_it_returns_with_the_registers_it_was_made_with() -> None:
    w = Pair()
    w.board.traces.clear()
    w.blocks(0, C.SEND_WAIT, w.client, *WORDS, NULL)
    assert w.board.traces == []
    w.ok(1, C.WAIT, w.server)
    kinds = [(trace[0], trace[1], int(trace[2].number)) for trace in w.board.traces]
    assert kinds == [("call", 0, C.SEND_WAIT.value), ("call", 1, C.WAIT.value)]
    made = w.board.traces[0][2]
    assert (made.a0, made.a1, made.a2, made.a3, made.a4, made.a5) == (w.client, *WORDS, NULL)


# --- what is left


def test_an_endpoint_keeps_nothing_of_a_message_that_was_received() -> None:
    w = Pair()
    w.ok(0, C.SEND, w.client, *WORDS, NULL)
    endpoint = w.kernel.endpoints.items[0]
    assert (endpoint.message, endpoint.badge) == (Message(*map(u64, WORDS)), BADGE)
    w.ok(1, C.RECV, w.server)
    assert (endpoint.message, endpoint.badge, endpoint.state) == (Message(), 0, EndpointState.IDLE)
