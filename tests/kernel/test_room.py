"""Tables without room: who learns it, who goes on, and that what a sender adds to its message stops no receiver."""

from __future__ import annotations

from itertools import product

import pytest

from kernel.pair import ANSWER, BADGE, WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import Notice, Status, TaskState
from tyrne.lang import u64
from tyrne.testing.kernels import NULL, STORE_FAULT
from tyrne.testing.world import World

FULL = (Status.RECEIVER_TABLE_FULL.value, 0, 0, 0, 0, 0, 0, 0)
PENDING = (0, 1, 0, 0, 0, 0, 0, 0)
TOO_MUCH = [(C.SEND_WAIT, 0), (C.CALL, 1)]
"""Ways to send a capability along, and how many free slots have room for the message without it."""


class Shop(World):
    """Task 0 may receive at one endpoint, tasks 1 to 4 may send there; each of these has something to give away."""

    def __init__(self, leave: int) -> None:
        super().__init__(5)
        self.door = self.endpoint()
        self.server = self.give(0, self.door)
        self.client = {task: self.give(task, self.door, badge=task) for task in range(1, 5)}
        self.gift = {task: self.give(task, self.endpoint()) for task in range(1, 5)}
        self.fill_table(0, leave)

    def waits(self, task: int, way: C, gift: bool) -> None:
        self.blocks(task, way, self.client[task], task, 0, 0, 0, self.gift[task] if gift else NULL)

    def room(self) -> int:
        table = self.task(0).capabilities
        return sum(slot.capability is None for slot in table.slots)

    def make_room(self) -> int:
        """The server drops something; the word of it."""
        table = self.task(0).capabilities
        slot = next(slot for slot in table.slots if slot.held() is not None and slot.index > 0)
        return self.ok(0, C.CAP_DROP, int(slot.generation) << 16 | int(slot.index))


# --- what a sender adds is at its own risk


@pytest.mark.promise("a server's table, bounded by: what finds no room is refused to who sends it")
@pytest.mark.parametrize(("way", "leave"), TOO_MUCH)
def test_a_sender_whose_capability_finds_no_room_is_refused_and_the_receiver_takes_the_next(way: C, leave: int) -> None:
    w = Shop(leave)
    w.waits(1, way, gift=True)
    w.waits(2, way, gift=False)
    assert w.ok(0, C.WAIT, w.server) == 2
    assert w.x(1) == FULL and w.state(1) is TaskState.READY
    assert w.holds(1, w.gift[1])


@pytest.mark.parametrize(("way", "leave"), TOO_MUCH)
def test_a_receiver_waits_on_when_every_capability_that_is_offered_finds_no_room(way: C, leave: int) -> None:
    w = Shop(leave)
    for task in (1, 2, 3):
        w.waits(task, way, gift=True)
    w.blocks(0, C.WAIT, w.server)
    assert all(w.x(task) == FULL and w.holds(task, w.gift[task]) for task in (1, 2, 3))
    w.call(4, way, w.client[4], 4, 0, 0, 0, NULL)
    assert w.x(0)[1] == 4


@pytest.mark.promise("a server's table, bounded by: what finds no room is refused to who sends it")
@pytest.mark.parametrize(("way", "leave"), [(C.SEND, 0), *TOO_MUCH])
def test_a_receiver_that_waits_is_not_woken_for_what_finds_no_room_and_its_sender_is_refused(
    way: C, leave: int
) -> None:
    w = Shop(leave)
    w.blocks(0, C.WAIT, w.server)
    assert w.refused(1, way, w.client[1], *WORDS, w.gift[1]) is Status.RECEIVER_TABLE_FULL
    assert w.state(0) is TaskState.RECEIVING
    w.call(2, way, w.client[2], *WORDS, NULL)
    assert w.x(0)[1:6] == (2, *WORDS)


@pytest.mark.parametrize(("way", "leave"), [(C.SEND, 0), (C.SEND_WAIT, 0), (C.CALL, 1), (C.CALL, 0)])
def test_of_those_who_wait_the_first_that_has_room_receives_and_those_before_it_wait_on(way: C, leave: int) -> None:
    w = Pair()
    w.fill_table(1, leave)
    gift = w.give(0, w.endpoint())
    w.blocks(1, C.WAIT, w.server)
    w.blocks(2, C.WAIT, w.other)
    w.call(0, way, w.client, *WORDS, gift)
    assert w.x(2)[:6] == arrived(WORDS)[:6] and w.x(2)[6] != NULL
    assert w.state(1) is TaskState.RECEIVING


def test_a_call_without_a_capability_goes_to_the_first_that_has_room_for_its_answer() -> None:
    w = Pair()
    w.fill_table(1)
    w.blocks(1, C.WAIT, w.server)
    w.blocks(2, C.WAIT, w.other)
    w.blocks(0, C.CALL, w.client, *WORDS, NULL)
    assert w.x(2)[:6] == arrived(WORDS)[:6]
    assert w.state(1) is TaskState.RECEIVING


@pytest.mark.parametrize("way", [C.SEND, C.SEND_WAIT])
def test_a_message_without_capabilities_needs_no_room(way: C) -> None:
    w = Pair()
    w.fill_table(1)
    w.blocks(1, C.WAIT, w.server)
    w.ok(0, way, w.client, *WORDS, NULL)
    assert w.x(1) == arrived(WORDS)


@pytest.mark.parametrize(("way", "leave"), [(C.SEND, 1), (C.SEND_WAIT, 1), (C.CALL, 2)])
def test_a_message_with_a_capability_is_received_by_who_has_just_the_room_for_it(way: C, leave: int) -> None:
    w = Shop(leave)
    w.blocks(0, C.WAIT, w.server)
    w.call(1, way, w.client[1], *WORDS, w.gift[1])
    assert w.x(0)[1:6] == (1, *WORDS) and w.x(0)[6] != NULL
    assert w.room() == 0


@pytest.mark.parametrize(("way", "answer"), [(C.RECV, (0, *WORDS, NULL, 0)), (C.WAIT, (1, *WORDS, NULL, NULL))])
def test_a_parked_message_without_a_capability_needs_no_room(way: C, answer: tuple[int, ...]) -> None:
    w = Shop(0)
    w.ok(1, C.SEND, w.client[1], *WORDS, NULL)
    assert w.call(0, way, w.server) == (0, *answer)


def test_a_capability_that_was_revoked_while_its_sender_waited_needs_no_room() -> None:
    w = Shop(0)
    root = w.give(2, w.endpoint())
    child = w.ok(2, C.CAP_DERIVE, root, w.slot(2, root).held().rights, 0)
    w.gift[1] = w.ok(2, C.CAP_MOVE, child, w.give_task(2, 1))
    w.waits(1, C.SEND_WAIT, gift=True)
    w.ok(2, C.CAP_REVOKE, root)
    assert w.call(0, C.WAIT, w.server) == (0, 1, 1, 0, 0, 0, NULL, NULL)
    assert w.x(1) == (0,) * 8


@pytest.mark.parametrize(("way", "leave"), TOO_MUCH)
def test_a_reply_capability_that_finds_no_room_stays_with_who_would_pass_it_on(way: C, leave: int) -> None:
    w = Shop(leave)
    desk = w.endpoint()
    w.blocks(3, C.CALL, w.give(3, desk), *WORDS, NULL)
    w.ok(1, C.WAIT, w.give(1, desk))
    w.gift[1] = w.x(1)[7]
    w.waits(1, way, gift=True)
    w.blocks(0, C.WAIT, w.server)
    assert w.x(1) == FULL
    w.ok(1, C.REPLY, w.gift[1], *ANSWER, NULL)
    assert w.x(3) == (0, 0, *ANSWER, NULL, NULL)


# --- what a message needs by itself


@pytest.mark.promise(
    "a server's table, what it can still do: one whose table is full gets RECEIVER_TABLE_FULL as long as a call "
    "or a fault waits, or when only a message with a capability was left, and loses nothing"
)
@pytest.mark.parametrize("gift", [False, True])
def test_a_receiver_without_room_for_the_answer_that_is_wanted_learns_it_and_nothing_changes(gift: bool) -> None:
    w = Shop(0)
    w.waits(1, C.SEND_WAIT, gift=True)
    w.waits(2, C.CALL, gift=gift)
    assert w.refused(0, C.WAIT, w.server) is Status.RECEIVER_TABLE_FULL
    w.make_room()
    assert w.ok(0, C.WAIT, w.server) == 1  # there is room for it now
    w.make_room()
    if gift:
        w.blocks(0, C.WAIT, w.server)
        assert w.x(2) == FULL
    else:
        assert w.ok(0, C.WAIT, w.server) == 2


@pytest.mark.parametrize("gift", [False, True])
def test_receivers_that_wait_without_room_for_the_answer_that_is_wanted_all_learn_it_and_the_call_waits(
    gift: bool,
) -> None:
    w = Pair()
    for task, word in ((1, w.server), (2, w.other)):
        w.fill_table(task)
        w.blocks(task, C.WAIT, word)
    w.blocks(0, C.CALL, w.client, *WORDS, w.give(0, w.endpoint()) if gift else NULL)
    assert (w.x(1), w.x(2)) == (FULL, FULL)
    assert w.state(0) is TaskState.SENDING


def test_a_fault_finds_its_supervisor_without_room_and_waits() -> None:
    w = Shop(0)
    w.supervise(1, w.door, 77)
    w.blocks(0, C.WAIT, w.server)
    w.fault(1, STORE_FAULT, 0)
    assert w.x(0) == FULL and w.state(1) is TaskState.SENDING
    w.make_room()
    assert w.ok(0, C.WAIT, w.server) == 77


@pytest.mark.parametrize("ends", [False, True])
def test_what_a_register_names_when_its_task_faults_or_exits_needs_no_room(ends: bool) -> None:
    w = Shop(0 if ends else 1)
    w.supervise(1, w.door, 77)
    w.task(1).frame.x[5] = u64(w.gift[1])
    if ends:
        w.call(1, C.TASK_EXIT, 5, 0, 0, 0, 0, w.gift[1])
    else:
        w.fault(1, STORE_FAULT, 0)
    assert w.ok(0, C.WAIT, w.server) == 77
    assert w.x(0)[6] == NULL and w.holds(1, w.gift[1]) is not ends


def test_an_exit_needs_no_room() -> None:
    w = Shop(0)
    w.supervise(1, w.door, 77)
    w.call(1, C.TASK_EXIT, 5)
    assert w.call(0, C.WAIT, w.server) == (0, 77, Notice.EXITED.value, 5, 0, 0, NULL, NULL)


# --- a parked message


@pytest.mark.promise(
    "a server's table, what it can still do: one whose table is full gets RECEIVER_TABLE_FULL as long as a call "
    "or a fault waits, or when only a message with a capability was left, and loses nothing"
)
@pytest.mark.parametrize("call", [C.RECV, C.WAIT])
def test_a_parked_message_whose_capability_finds_no_room_is_kept_and_its_receiver_learns_it(call: C) -> None:
    w = Shop(0)
    w.ok(1, C.SEND, w.client[1], *WORDS, w.gift[1])
    assert w.refused(0, call, w.server) is Status.RECEIVER_TABLE_FULL
    w.make_room()
    w.ok(0, call, w.server)
    assert w.x(0)[6] != NULL


@pytest.mark.promise(
    "a server's table, what it can still do: one whose table is full gets RECEIVER_TABLE_FULL as long as a call "
    "or a fault waits, or when only a message with a capability was left, and loses nothing"
)
@pytest.mark.parametrize("call", [C.RECV, C.WAIT])
def test_a_parked_message_whose_capability_finds_no_room_stands_in_the_way_of_nothing(call: C) -> None:
    w = Shop(0)
    w.ok(1, C.SEND, w.client[1], *WORDS, w.gift[1])
    for task in (2, 3, 4):
        w.waits(task, C.SEND_WAIT, gift=task == 3)
    for task in (2, 4):
        w.ok(0, call, w.server)
        assert task in w.x(0)[1:3]
    assert w.x(3) == FULL and w.holds(3, w.gift[3])
    assert w.refused(0, call, w.server) is Status.RECEIVER_TABLE_FULL


def test_signals_come_before_a_parked_message_whose_capability_finds_no_room() -> None:
    w = Shop(2)
    bell = w.give(0, w.notification())
    w.ok(0, C.BIND, w.server, bell)
    w.fill_table(0)
    w.ok(1, C.SEND, w.client[1], *WORDS, w.gift[1])
    w.ok(0, C.NOTIFY, bell, 3)
    assert w.call(0, C.WAIT, w.server) == (0, NULL, 0, 3, 0, 0, NULL, NULL)


def test_a_poll_that_is_told_of_no_room_refuses_no_sender() -> None:
    w = Shop(0)
    w.ok(1, C.SEND, w.client[1], *WORDS, w.gift[1])
    w.waits(2, C.SEND_WAIT, gift=True)
    assert w.refused(0, C.RECV, w.server) is Status.RECEIVER_TABLE_FULL
    assert w.state(2) is TaskState.SENDING


# --- a poll


def test_a_poll_refuses_a_sender_whose_capability_finds_no_room_and_takes_the_next() -> None:
    w = Shop(0)
    w.waits(1, C.CALL, gift=True)
    w.waits(2, C.SEND_WAIT, gift=True)
    w.waits(3, C.SEND_WAIT, gift=False)
    assert w.call(0, C.RECV, w.server) == (0, 0, 3, 0, 0, 0, NULL, 0)
    assert w.x(2) == FULL and w.holds(2, w.gift[2])
    assert w.state(1) is TaskState.SENDING
    assert w.call(0, C.RECV, w.server) == PENDING


def test_a_poll_without_room_is_pending_though_a_call_waits() -> None:
    w = Shop(0)
    w.waits(1, C.CALL, gift=True)
    assert w.call(0, C.RECV, w.server) == PENDING
    assert w.state(1) is TaskState.SENDING


# --- nobody can stop a server that keeps a slot free


@pytest.mark.promise(
    "a server's table, what it can still do: fill it, if it has capabilities with TRANSFER: a server that drops what "
    "it does not want and keeps one slot free is neither stopped nor told, whatever it is sent"
)
@pytest.mark.parametrize("order", list(product(("message", "call"), repeat=3)))
def test_a_server_that_keeps_a_slot_free_is_never_told_of_no_room_whatever_it_is_sent(order: tuple[str, ...]) -> None:
    w = Shop(1)
    w.ok(4, C.SEND, w.client[4], *WORDS, w.gift[4])
    for task, what in enumerate(order, 1):
        w.waits(task, C.CALL if what == "call" else C.SEND_WAIT, gift=True)
    served = []
    for _ in range(4):
        answer = w.call(0, C.WAIT, w.server)
        if answer is None:
            break
        assert answer[0] == Status.OK.value
        served.append(answer[1])
        if answer[6] != NULL:
            w.ok(0, C.CAP_DROP, answer[6])
    messages = [task for task, what in enumerate(order, 1) if what == "message"]
    assert served == [4, *messages]
    assert all(w.x(task) == FULL for task in range(1, 4) if task not in messages)


# --- answers


def test_an_answer_that_finds_no_room_is_refused_and_the_client_waits_for_one_that_does() -> None:
    w = Pair()
    reply = w.serve()
    gift = w.give(1, w.notification())
    w.fill_table(0)
    assert w.refused(1, C.REPLY, reply, *ANSWER, gift) is Status.RECEIVER_TABLE_FULL
    w.ok(1, C.REPLY, reply, *ANSWER, NULL)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)


def test_reply_wait_answers_though_what_waits_brings_more_than_there_is_room_for() -> None:
    w = Pair()
    reply = w.serve()
    gift = w.give(2, w.notification())
    w.blocks(2, C.CALL, w.other, *WORDS, gift)
    w.fill_table(1)
    w.blocks(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert w.x(2) == FULL and w.holds(2, gift)


def test_receivers_behind_one_without_room_keep_their_order() -> None:
    w = World(4)
    door = w.endpoint()
    client = w.give(0, door, badge=BADGE)
    words = {task: w.give(task, door) for task in (1, 2, 3)}
    w.fill_table(1)
    for task, word in words.items():
        w.blocks(task, C.WAIT, word)
    for task in (2, 3):
        w.ok(0, C.SEND, client, *WORDS, w.give(0, w.endpoint()))
        assert w.x(task)[:6] == arrived(WORDS)[:6]
    assert w.state(1) is TaskState.RECEIVING
