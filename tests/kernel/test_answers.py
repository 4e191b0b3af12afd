"""Calls and their answers: reply capabilities, what an answer carries, and answering and waiting in one."""

from __future__ import annotations

import pytest

from kernel.pair import ANSWER, WORDS, Pair, arrived
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, TaskState, pack_handle, rights_over
from tyrne.inspect.slots import source_of
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


def test_a_call_returns_the_answer_in_the_registers_of_a_message() -> None:
    w = Pair()
    reply = w.serve()
    assert w.call(1, C.REPLY, reply, *ANSWER, NULL) == (0,) * 8
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert w.state(0) is TaskState.READY
    assert not w.holds(1, reply)


def test_a_call_is_answered_once() -> None:
    w = Pair()
    reply = w.serve()
    w.ok(1, C.REPLY, reply, *ANSWER, NULL)
    assert w.status(1, C.REPLY, reply, *ANSWER, NULL) is Status.STALE_HANDLE


def test_a_reply_capability_comes_from_the_capability_that_was_called_by_and_can_only_travel() -> None:
    w = Pair()
    reply = w.serve()
    slot = w.slot(1, reply)
    assert source_of(w.kernel, slot) is w.slot(0, w.client)
    assert slot.depth == w.slot(0, w.client).depth + 1
    assert w.call(1, C.CAP_QUERY, reply) == (0, CapKind.REPLY.value, int(Rights.TRANSFER), 0, int(slot.depth), 0, 0, 0)
    for call, status in ((C.CAP_COPY, Status.INSUFFICIENT_RIGHTS), (C.CAP_DERIVE, Status.INSUFFICIENT_RIGHTS)):
        assert w.status(1, call, reply, 0, 0) is status


@pytest.mark.promise("reply, TRANSFER, lets its holder: pass it on")
def test_a_reply_capability_can_be_passed_on_and_its_new_holder_answers() -> None:
    w = Pair()
    reply = w.serve()
    passed = w.ok(1, C.CAP_MOVE, reply, w.give_task(1, 2))
    w.ok(2, C.REPLY, passed, *ANSWER, NULL)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)


def test_an_answer_carries_a_capability() -> None:
    w = Pair()
    reply = w.serve()
    gift = w.give(1, w.notification())
    w.ok(1, C.REPLY, reply, *ANSWER, gift)
    assert not w.holds(1, gift)
    assert w.slot(0, w.x(0)[6]).held().rights == rights_over(CapKind.NOTIFICATION)


def test_dropping_the_reply_capability_releases_the_caller_with_aborted() -> None:
    w = Pair()
    reply = w.serve()
    w.ok(1, C.CAP_DROP, reply)
    assert w.state(0) is TaskState.READY
    assert w.x(0) == (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)


def test_reply_wait_answers_and_waits_in_one() -> None:
    w = Pair()
    reply = w.serve()
    w.blocks(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert (w.state(0), w.state(1)) == (TaskState.READY, TaskState.RECEIVING)
    assert w.current() == 0


def test_reply_wait_takes_what_is_already_there() -> None:
    w = Pair()
    reply = w.serve()
    w.blocks(2, C.CALL, w.other, *WORDS, NULL)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert w.x(1)[:7] == arrived(WORDS, badge=2)[:7]
    assert w.state(2) is TaskState.CALLING


def test_reply_wait_reuses_the_slot_of_the_answered_call_when_the_table_is_full() -> None:
    w = Pair()
    reply = w.serve()
    w.fill_table(1)
    w.blocks(2, C.CALL, w.other, *WORDS, NULL)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(1)[7] == reply + (1 << 16)


def test_reply_wait_with_room_for_the_signals_that_come_first_needs_none_for_the_call_behind_them() -> None:
    w = Pair()
    bell = w.give(1, w.notification())
    w.ok(1, C.BIND, w.server, bell)
    reply = w.serve()
    w.blocks(2, C.CALL, w.other, *WORDS, w.give(2, w.notification()))
    w.ok(1, C.NOTIFY, bell, 3)
    w.fill_table(1)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(1)[1:4] == (2**64 - 1, 0, 3)


def test_reply_wait_with_room_for_the_message_that_comes_first_needs_none_for_the_call_behind_it() -> None:
    w = Pair()
    reply = w.serve()
    w.ok(1, C.SEND, w.server, *WORDS, NULL)
    w.blocks(2, C.CALL, w.other, *WORDS, w.give(2, w.notification()))
    w.fill_table(1)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(1)[:7] == arrived(WORDS, badge=0)[:7]


@pytest.mark.parametrize("room", [False, True])
def test_reply_wait_by_a_capability_in_its_slots_last_generation_has_no_slot_to_reuse(room: bool) -> None:
    w = Pair()
    reply = w.serve()
    w.fill_table(1, leave=1 if room else 0)
    slot = w.slot(1, reply)
    slot.generation = LAST_GENERATION
    reply = int(pack_handle(slot.handle()))
    w.ok(2, C.SEND, w.other, *WORDS, w.give(2, w.notification()))
    if room:
        w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    else:
        assert w.refused(1, C.REPLY_WAIT, reply, *ANSWER, w.server) is Status.RECEIVER_TABLE_FULL


def test_reply_wait_takes_signals_first_then_a_parked_message_then_who_waits_to_send() -> None:
    w = Pair()
    bell = w.give(1, w.notification())
    w.ok(1, C.BIND, w.server, bell)
    reply = w.serve()
    w.ok(2, C.SEND, w.other, *WORDS, w.give(2, w.notification()))
    w.ok(1, C.NOTIFY, bell, 3)
    w.fill_table(1)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(1)[1:4] == (2**64 - 1, 0, 3)
    assert w.x(0) == (0, 0, *ANSWER, NULL, NULL)
    assert w.call(1, C.WAIT, w.server) is not None
    assert w.x(1)[:6] == arrived(WORDS, badge=2)[:6] and w.x(1)[6] != NULL  # in the slot of the reply capability


def test_reply_wait_takes_a_parked_message_with_its_capability_into_the_slot_of_the_answered_call() -> None:
    w = Pair()
    reply = w.serve()
    w.ok(2, C.SEND, w.other, *WORDS, w.give(2, w.notification()))
    w.fill_table(1)
    w.ok(1, C.REPLY_WAIT, reply, *ANSWER, w.server)
    assert w.x(1) == arrived(WORDS, badge=2, cap=reply + (1 << 16))


def test_the_answered_caller_runs_at_once_when_it_is_more_urgent_though_there_is_more_to_do() -> None:
    w = World(3, priorities=(3, 8, 8))
    door = w.endpoint()
    client, server, other = (w.give(task, door) for task in range(3))
    w.blocks(0, C.CALL, client, *WORDS, NULL)
    w.ok(1, C.WAIT, server)
    w.blocks(2, C.SEND_WAIT, other, *WORDS, NULL)
    w.ok(1, C.REPLY_WAIT, w.x(1)[7], *ANSWER, server)
    assert w.current() == 0 and w.ready() == [1, 2]


@pytest.mark.parametrize("aliased", [0, 1 << 48, 1 << 63])
def test_a_reply_capability_cannot_travel_in_its_own_answer(aliased: int) -> None:
    w = Pair()
    reply = w.serve()
    assert w.status(1, C.REPLY, reply, *ANSWER, reply | aliased) is Status.INVALID_TRANSFER_CAP
    assert w.call(1, C.REPLY, reply, *ANSWER, NULL) is not None
    assert w.x(0) == arrived(ANSWER, badge=0, reply=NULL)
