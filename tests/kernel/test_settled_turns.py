"""What a turn comes to that ends in a rest, passes from its middle on, or is handed on by the general path."""

from __future__ import annotations

from typing import Final

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Status
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

SLICE: Final = 1000


def left(w: World) -> int | None:
    """How many counts the running turn still has; None while it does not pass."""
    return None if w.board.turn_end is None else w.board.turn_end - w.board.clock


def sleeps(w: World, task: int, counts: int = 1000) -> None:
    """A task waits for so many counts after boot."""
    w.ok(task, C.CLOCK_ARM, w.give_clock(task), counts * 16, NULL)
    w.blocks(task, C.WAIT, w.give(task, w.notification()))


def alone(w: World) -> tuple[int, int]:
    """Task 1 is stopped, and task 2 waits for a bell: task 0 goes on alone, in a turn that does not pass. The words by
    which it rings the bell, and by which task 2 waits."""
    bell = w.notification()
    ring, its = w.give(0, bell), w.give(2, bell)
    w.ok(2, C.TASK_SUSPEND, w.give_task(2, 1))
    w.blocks(2, C.WAIT, its)
    assert (w.current(), left(w)) == (0, None)
    return ring, its


def test_what_a_turn_overran_before_a_rest_is_owed_and_owed_once() -> None:
    w = World(2, slice=SLICE)
    w.ok(0, C.TASK_SUSPEND, w.give_task(0, 1))  # in the middle of a turn that passes
    w.board.clock += SLICE + 300
    sleeps(w, 0)
    assert (w.current(), w.task(0).used) == (None, 300)
    w.alarm()
    assert (w.current(), left(w), w.task(0).used) == (0, None, 0)


def test_who_stops_itself_when_nobody_else_is_ready_owes_what_its_turn_overran() -> None:
    w = World(3, priorities=(8, 8, 2), slice=SLICE)
    sleeps(w, 2)
    assert (w.current(), left(w)) == (0, SLICE)
    w.ok(0, C.TASK_SUSPEND, w.give_task(0, 1))
    w.board.clock += SLICE + 300
    w.blocks(0, C.TASK_SUSPEND, w.give_task(0, 0))
    assert (w.current(), w.task(0).used) == (None, 300)


def test_who_is_interrupted_while_its_turn_does_not_pass_has_used_nothing_of_it() -> None:
    w = World(3, priorities=(8, 8, 2), slice=SLICE)
    ring, its = alone(w)
    w.board.clock += 5 * SLICE
    w.ok(0, C.NOTIFY, ring, 1)
    assert w.current() == 2
    w.ok(2, C.TASK_RESUME, w.give_task(2, 1))
    w.blocks(2, C.WAIT, its)
    assert (w.current(), left(w), w.ready()) == (0, SLICE, [1])


def test_a_turn_that_passes_from_its_middle_on_has_used_nothing_of_what_was_before() -> None:
    w = World(3, priorities=(8, 8, 2), slice=SLICE)
    ring, its = alone(w)
    w.board.clock += 5 * SLICE
    w.ok(0, C.TASK_RESUME, w.give_task(0, 1))
    w.board.clock += 400
    w.ok(0, C.NOTIFY, ring, 1)
    assert w.current() == 2
    w.blocks(2, C.WAIT, its)
    assert (w.current(), left(w), w.ready()) == (0, SLICE - 400, [1])


def test_who_is_refused_as_a_server_waits_again_lets_the_turn_pass_that_the_answer_hands_on() -> None:
    """The server has room for a call, and not for what comes with it."""
    w = World(3, slice=SLICE)
    door = w.endpoint()
    server, client, other = w.give(0, door), w.give(1, door), w.give(2, door)
    gift = w.give(2, w.notification())
    w.fill_table(0, leave=1)
    w.blocks(0, C.WAIT, server)
    w.blocks(1, C.CALL, client, 0, 0, 0, 0, NULL)
    reply = w.x(0)[7]
    w.blocks(2, C.CALL, other, 0, 0, 0, 0, gift)
    assert (w.current(), left(w)) == (0, None)
    w.board.clock += 5 * SLICE
    w.blocks(0, C.REPLY_WAIT, reply, 0, 0, 0, 0, server)
    assert (w.current(), left(w), w.ready()) == (1, SLICE, [2])
    assert w.x(2)[0] == Status.RECEIVER_TABLE_FULL.value


@pytest.mark.parametrize("equal", [True, False])
def test_a_turn_that_a_call_with_a_time_hands_on_is_the_same_turn(equal: bool) -> None:
    """Who may time out is left to the general path."""
    w = World(3, slice=SLICE)
    door = w.endpoint()
    client, server = w.give(0, door), w.give(1, door)
    w.blocks(1, C.WAIT, server)
    if not equal:
        w.ok(0, C.TASK_SUSPEND, w.give_task(0, 2))
        w.tick()
    w.ok(0, C.CLOCK_ARM, w.give_clock(0), 10**9, NULL)
    before = left(w)
    w.board.clock += 400
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    assert before == (SLICE if equal else None)
    assert (w.current(), left(w), w.ready()) == (1, SLICE - 400 if equal else None, [2] if equal else [])
