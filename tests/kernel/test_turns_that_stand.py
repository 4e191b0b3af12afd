"""A turn passes only while somebody waits for the next one."""

from __future__ import annotations

import pytest
from turns import ALONE, SLICE, left, timed

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel import kernel
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


def quiet(w: World, monkeypatch: pytest.MonkeyPatch) -> list[u64 | None]:
    """What the board is told about turns from here on."""
    told: list[u64 | None] = []
    arm_turn = w.board.arm_turn

    def arm(end: u64 | None) -> None:
        told.append(end)
        arm_turn(end)

    monkeypatch.setattr(w.board, "arm_turn", arm)
    return told


def test_a_task_that_is_alone_is_never_interrupted_whatever_less_urgent_ones_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w = timed(3, (8, 8, 9))
    bell, less = w.notification(), w.notification()
    mine, ring = w.give(0, bell), w.give(0, less)
    w.blocks(2, C.WAIT, w.give(2, less))
    w.call(1, C.TASK_EXIT, 0)
    assert (w.current(), left(w)) == (0, ALONE)
    told = quiet(w, monkeypatch)
    for _ in range(3):
        w.board.clock += 10 * SLICE
        w.ok(0, C.NOTIFY, ring, 1)
        w.ok(0, C.POLL, mine)
        w.ok(0, C.CAP_DROP, w.ok(0, C.CAP_COPY, mine, 0))
        w.call(0, C.TASK_YIELD)
        w.board.interrupt = Interrupt.SPURIOUS
        w.enter(Vector.IRQ, 0, 0)
    assert (w.current(), left(w), w.ready(9), w.task(0).used, told) == (0, ALONE, [2], 0, [])


WAKES = {
    "notify, fast": (C.NOTIFY, True),
    "notify": (C.NOTIFY, False),
    "send": (C.SEND, False),
    "resume": (C.TASK_RESUME, False),
    "another priority": (C.TASK_PRIORITY, False),
    "an alarm": (None, False),
}


@pytest.mark.parametrize("gone", [0, 300, SLICE, 5 * SLICE + 300])
@pytest.mark.parametrize("way", WAKES)
def test_an_equal_that_becomes_ready_waits_for_one_turn_from_then_on_and_no_longer(
    way: str, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, fast = WAKES[way]
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    w = timed(2)
    bell, door, it = w.notification(), w.endpoint(), w.give_task(0, 1)
    mine = {C.NOTIFY: w.give(0, bell), C.SEND: w.give(0, door), C.TASK_RESUME: it, C.TASK_PRIORITY: it}
    if way == "resume":
        w.ok(0, C.TASK_SUSPEND, it)
    elif way == "another priority":
        w.ok(0, C.TASK_PRIORITY, it, 9)
    elif way == "an alarm":
        w.ok(1, C.CLOCK_ARM, w.give_clock(1), 1000, NULL)
        w.blocks(1, C.WAIT, w.give(1, bell))
    else:
        w.blocks(1, C.WAIT, w.give(1, door if call is C.SEND else bell))
    w.tick()
    assert (w.current(), left(w)) == (0, ALONE)
    w.board.clock += gone
    if call is None:
        w.alarm()
    else:
        arguments = (8,) if call is C.TASK_PRIORITY else (1, 0, 0, 0, NULL)
        w.ok(0, call, mine[call], *arguments)
    assert (w.current(), left(w), w.ready()) == (0, SLICE, [1])
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w), w.ready()) == (1, SLICE, [0])


def server_and_sleeper(w: World) -> tuple[int, int, int]:
    """Task 2 waits at an endpoint, task 1 for a bell. The words by which task 0 calls task 2, by which that waits, and
    by which it rings the bell."""
    door, bell = w.endpoint(), w.notification()
    client, server, ring = w.give(0, door), w.give(2, door), w.give(2, bell)
    w.blocks(2, C.WAIT, server)
    w.blocks(1, C.WAIT, w.give(1, bell))
    return client, server, ring


def test_who_becomes_ready_while_a_more_urgent_server_works_in_its_clients_turn_comes_before_the_client() -> None:
    w = timed(3, (8, 8, 3))
    client, server, ring = server_and_sleeper(w)
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    assert (w.current(), left(w)) == (2, ALONE)
    reply = w.x(2)[7]
    w.board.clock += 5 * SLICE
    w.ok(2, C.NOTIFY, ring, 1)
    assert (w.current(), left(w), w.ready()) == (2, SLICE, [1])
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w)) == (2, ALONE)
    w.blocks(2, C.REPLY_WAIT, reply, 0, 0, 0, 0, server)
    assert (w.current(), left(w), w.ready()) == (1, SLICE, [0])


def test_an_answer_within_the_turn_leaves_the_client_the_rest_of_it_and_the_other_waits_no_longer() -> None:
    w = timed(3, (8, 8, 3))
    client, server, ring = server_and_sleeper(w)
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    reply = w.x(2)[7]
    w.ok(2, C.NOTIFY, ring, 1)
    w.board.clock += 400
    w.blocks(2, C.REPLY_WAIT, reply, 0, 0, 0, 0, server)
    assert (w.current(), left(w), w.ready()) == (0, SLICE - 400, [1])


def test_who_is_less_urgent_than_the_client_lets_no_turn_pass() -> None:
    w = timed(3, (8, 9, 3))
    client, _, ring = server_and_sleeper(w)
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    w.ok(2, C.NOTIFY, ring, 1)
    assert (w.current(), left(w), w.ready(9)) == (2, ALONE, [1])


def interrupted() -> tuple[World, int]:
    """Task 0 was interrupted after 900 counts, and its equal, task 1, stopped meanwhile: it goes on alone. And a handle
    by which task 0 can wait."""
    w = timed(3, (8, 8, 2))
    bell = w.notification()
    ring, its, mine = w.give(0, bell), w.give(2, bell), w.give(0, w.notification())
    w.blocks(2, C.WAIT, its)
    w.board.clock += 900
    w.ok(0, C.NOTIFY, ring, 1)
    w.ok(2, C.TASK_SUSPEND, w.give_task(2, 1))
    w.blocks(2, C.WAIT, its)
    assert (w.current(), left(w)) == (0, ALONE)
    return w, mine


def test_who_becomes_ready_beside_one_that_goes_on_alone_waits_for_a_whole_turn() -> None:
    w, _ = interrupted()
    w.board.clock += 5 * SLICE
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    assert (w.current(), left(w)) == (0, SLICE)


def test_what_was_used_of_a_turn_in_which_it_went_on_alone_is_nothing_to_the_next() -> None:
    w, mine = interrupted()
    other = w.notification()
    w.ok(0, C.TASK_PRIORITY, w.give_task(0, 2), 9)
    w.ok(0, C.CLOCK_ARM, w.give_clock(0), 1000, w.give(0, other), 1)
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    w.call(1, C.WAIT, w.give(1, other))
    w.blocks(0, C.WAIT, mine)
    assert w.current() is None
    w.alarm()
    assert (w.current(), left(w)) == (1, ALONE)
    w.ok(1, C.NOTIFY, w.give(1, w.slot(0, mine).parent), 1)  # type: ignore[arg-type]
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w), w.ready()) == (0, SLICE, [1])


def test_the_overrun_of_a_server_is_not_taken_off_its_clients_turn() -> None:
    w = timed(3, (8, 8, 3))
    client, _, ring = server_and_sleeper(w)
    w.task(2).used = u64(300)
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    w.ok(2, C.NOTIFY, ring, 1)
    assert (w.current(), left(w), w.task(2).used) == (2, SLICE, 300)


@pytest.mark.parametrize("alone", [True, False])
def test_after_a_rest_the_first_has_a_whole_turn_and_the_rest_is_charged_to_nobody(alone: bool) -> None:
    w = timed(2)
    bell = w.notification()
    handles = [w.give(task, bell) for task in range(2)]
    for task in range(2):
        w.ok(task, C.CLOCK_ARM, w.give_clock(task), 1000 + (1000 if alone else 0) * task, NULL)
    for task in range(2):
        w.board.clock += 300
        w.blocks(task, C.WAIT, handles[task])
    assert (w.current(), w.board.turn_end) == (None, None)
    w.board.clock += 7 * SLICE + 300
    w.alarm()
    assert (w.current(), left(w), w.ready()) == (0, ALONE if alone else SLICE, [] if alone else [1])
    assert [w.task(task).used for task in range(2)] == [0, 0]
    if alone:
        w.board.clock += 2 * SLICE
        w.alarm()
        assert (w.current(), left(w), w.ready()) == (0, SLICE, [1])


@pytest.mark.parametrize("alone", [True, False])
def test_an_overrun_is_owed_after_a_rest_if_somebody_waits_for_the_next_turn(alone: bool) -> None:
    w = timed(2)
    mine, its = w.give(0, w.notification()), w.give(1, w.notification())
    for task in range(2):
        w.ok(task, C.CLOCK_ARM, w.give_clock(task), 1000 + (1000 if alone else 0) * task, NULL)
    w.ok(0, C.TASK_SUSPEND, w.give_task(0, 1))  # in the middle of a turn that passes
    w.board.clock += SLICE + 300
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    w.blocks(0, C.WAIT, mine)
    w.blocks(1, C.WAIT, its)
    assert (w.current(), w.task(0).used) == (None, 300)
    w.alarm()
    assert (w.current(), left(w), w.task(0).used) == (0, ALONE if alone else SLICE - 300, 0)


def test_work_in_steps_that_wakes_an_equal_lets_the_turn_pass_from_that_step_on() -> None:
    w = timed(3, (8, 8, 9))
    root = w.give(0, w.endpoint())
    its, rights = w.give_task(0, 1), int(Rights.SEND | Rights.TRANSFER)
    others = [w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, rights, 0), its) for _ in range(3)]
    w.blocks(1, C.CALL, others[1], 1, 2, 3, 4, NULL)
    assert (w.current(), left(w)) == (0, ALONE)
    ends: list[tuple[int | None, T]] = []
    pending = w.board.interrupt_pending

    def asked() -> bool:
        ends.append((w.board.turn_end, w.state(1)))
        w.board.clock += 10
        return pending()

    w.board.interrupt_pending = asked  # type: ignore[method-assign]
    w.board.clock += 400
    start = w.board.clock
    w.ok(0, C.CAP_REVOKE, root)
    assert [state for _, state in ends[:3]] == [T.SENDING, T.READY, T.READY]
    assert [end for end, _ in ends[:3]] == [None, None, start + 20 + SLICE]
    assert (w.current(), w.ready()) == (0, [1])
