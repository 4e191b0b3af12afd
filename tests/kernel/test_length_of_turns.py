"""With which turn a task runs: the rows of the table in docs/decisions/0023-turns.md."""

from __future__ import annotations

import pytest
from turns import ALONE, SLICE, left, run_turn, timed

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights
from tyrne.hal.frame import Call
from tyrne.kernel import kernel
from tyrne.lang import u32, u64
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World


def test_the_turn_after_a_tick_is_a_new_one() -> None:
    w = timed()
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w)) == (1, SLICE)


def test_what_a_turn_overran_is_taken_off_the_next_also_when_that_is_more_than_a_slice() -> None:
    w = timed(2)
    w.board.clock += SLICE + 2 * SLICE + 300
    w.tick()
    seen = []
    for _ in range(7):
        rest = left(w)
        assert rest is not None
        seen.append((w.current(), rest))
        w.board.clock += max(rest, 0)
        w.tick()
    assert seen == [(1, 1000), (0, -1300), (1, 1000), (0, -300), (1, 1000), (0, 700), (1, 1000)]


@pytest.mark.parametrize("late", [0, 50, 5 * SLICE])
def test_a_task_that_is_alone_at_the_end_of_its_turn_is_not_interrupted_again_and_owes_nothing(late: int) -> None:
    w = timed(2)
    it = w.give_task(0, 1)
    w.ok(0, C.TASK_SUSPEND, it)
    assert left(w) == SLICE
    w.board.clock += SLICE + late
    w.tick()
    assert (w.current(), left(w), w.task(0).used) == (0, ALONE, 0)
    w.ok(0, C.TASK_RESUME, it)
    assert (w.current(), left(w)) == (0, SLICE)


@pytest.mark.promise(
    "A turn lasts one slice, and begins when a task is taken out of its queue",
    "What a task does not use of its turn is not saved up",
)
def test_a_turn_that_was_given_up_is_no_longer_the_next_time() -> None:
    w = timed(2)
    for _ in range(10):
        w.board.clock += 1
        w.call(0, C.TASK_YIELD)
        assert (w.current(), left(w)) == (1, SLICE)
        w.board.clock += SLICE
        w.tick()
        assert (w.current(), left(w)) == (0, SLICE)


@pytest.mark.parametrize("fast", [True, False])
def test_a_yield_without_an_equal_leaves_the_turn_as_it_is(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not fast:
        monkeypatch.setattr(kernel, "fast_call_2", lambda *_: None)
    w = timed(3, (8, 8, 3))
    door = w.endpoint()
    client, server = w.give(0, door), w.give(2, door)
    w.call(2, C.TASK_YIELD)
    assert (w.current(), left(w)) == (2, ALONE)
    w.blocks(2, C.WAIT, server)
    w.board.clock += 100
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    w.board.clock += 300
    w.call(2, C.TASK_YIELD)
    assert (w.current(), left(w), w.ready()) == (2, 600, [1])


@pytest.mark.promise(
    "A task that gives way to a more urgent one goes on with the rest of its turn, however often that happens"
)
def test_a_turn_that_is_interrupted_again_and_again_lasts_one_slice_in_all() -> None:
    w = timed(3, (8, 8, 2))
    bell = w.notification()
    ring, its = w.give(0, bell), w.give(2, bell)
    w.blocks(2, C.WAIT, its)
    for gone in range(100, SLICE + 1, 100):
        w.board.clock += 100
        w.ok(0, C.NOTIFY, ring, 1)
        assert (w.current(), left(w)) == (2, ALONE)
        w.board.clock += 777
        w.blocks(2, C.WAIT, its)
        assert (w.current(), left(w)) == (0, SLICE - gone)
    w.tick()
    assert (w.current(), left(w)) == (1, SLICE)


def test_a_task_that_becomes_ready_and_is_not_more_urgent_leaves_the_turn_as_it_is() -> None:
    w = timed(4, (8, 8, 9, 8))
    bells = [w.notification(), w.notification()]
    for task, bell in zip((1, 2), bells, strict=True):
        its = w.give(task, bell)
        w.call(task, C.WAIT, its)
    run_turn(w, 0)
    before = w.board.turn_end
    w.board.clock += 200
    for bell in bells:
        w.ok(0, C.NOTIFY, w.give(0, bell), 1)
    assert (w.current(), left(w)) == (0, SLICE - 200) and w.board.turn_end == before


@pytest.mark.promise(
    "A call to a server that waits hands the rest of the turn on, and the answer hands it back",
    "Neither begins a new turn, and none is handed on to a task that is less urgent than the one that began it",
)
@pytest.mark.parametrize("urgency", [8, 3])
def test_a_call_and_its_answer_are_part_of_one_turn(urgency: int) -> None:
    w = timed(3, (8, 8, urgency))
    door = w.endpoint()
    client, server = w.give(0, door), w.give(2, door)
    w.call(2, C.WAIT, server)
    run_turn(w, 0)
    end = w.board.turn_end
    for _ in range(3):
        w.board.clock += 150
        w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
        assert w.current() == 2
        w.board.clock += 150
        w.blocks(2, C.REPLY_WAIT, w.x(2)[7], 0, 0, 0, 0, server)
        assert w.current() == 0 and w.ready() == [1]
    assert w.board.turn_end == end
    w.board.clock += 100
    w.tick()
    assert (w.current(), left(w)) == (1, SLICE)


@pytest.mark.promise(
    "Neither begins a new turn, and none is handed on to a task that is less urgent than the one that began it"
)
def test_a_server_that_has_met_the_end_of_the_turn_puts_its_client_behind_its_equals_by_its_answer() -> None:
    w = timed(3, (8, 8, 3))
    door = w.endpoint()
    client, server = w.give(0, door), w.give(2, door)
    w.blocks(2, C.WAIT, server)
    w.board.clock += 990
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    w.board.clock += 10
    w.tick()
    assert (w.current(), left(w)) == (2, ALONE)
    w.blocks(2, C.REPLY_WAIT, w.x(2)[7], 0, 0, 0, 0, server)
    assert (w.current(), left(w)) == (1, SLICE)
    assert w.ready() == [0]


def test_a_server_that_is_interrupted_in_its_clients_turn_still_hands_it_back() -> None:
    w = timed(4, (8, 8, 4, 0))
    door, bell = w.endpoint(), w.notification()
    client, server, ring, its = w.give(0, door), w.give(2, door), w.give(2, bell), w.give(3, bell)
    w.blocks(3, C.WAIT, its)
    w.blocks(2, C.WAIT, server)
    w.board.clock += 100
    w.blocks(0, C.CALL, client, 0, 0, 0, 0, NULL)
    reply = w.x(2)[7]
    w.board.clock += 100
    w.ok(2, C.NOTIFY, ring, 1)
    assert (w.current(), left(w)) == (3, ALONE)
    w.board.clock += 300
    w.blocks(3, C.WAIT, its)
    assert (w.current(), left(w)) == (2, SLICE - 200)
    w.blocks(2, C.REPLY_WAIT, reply, 0, 0, 0, 0, server)
    assert (w.current(), left(w)) == (0, SLICE - 200)
    assert w.ready() == [1]


def test_a_fault_hands_the_turn_to_a_supervisor_that_waits_and_the_repair_hands_it_back() -> None:
    w = timed(3, (8, 8, 3))
    door = w.endpoint()
    w.supervise(0, door)
    server = w.give(2, door)
    w.blocks(2, C.WAIT, server)
    end = w.board.turn_end
    w.board.clock += 100
    w.fault(0)
    assert w.current() == 2 and w.board.turn_end == end
    w.blocks(2, C.REPLY_WAIT, w.x(2)[7], 0, 0, 0, 0, server)
    assert w.current() == 0 and w.board.turn_end == end


@pytest.mark.promise("What a turn lasts too long is taken off the next turns of the task in whose hands it ended")
@pytest.mark.parametrize("end", ["tick", "yield", "wait", "interruption"])
def test_an_overrun_is_owed_however_the_turn_ended(end: str) -> None:
    w = timed(3, (8, 8, 2))
    bell, other = w.notification(), w.notification()
    ring, its, mine, yours = w.give(0, bell), w.give(2, bell), w.give(0, other), w.give(1, other)
    w.blocks(2, C.WAIT, its)
    w.board.clock += SLICE + 300
    match end:
        case "tick":
            w.tick()
        case "yield":
            w.call(0, C.TASK_YIELD)
        case "wait":
            w.blocks(0, C.WAIT, mine)
            w.ok(1, C.NOTIFY, yours, 1)
        case _:
            w.ok(0, C.NOTIFY, ring, 1)
            w.blocks(2, C.WAIT, its)
            assert (w.current(), left(w)) == (0, -300)
            w.tick()
    assert (w.current(), left(w)) == (1, SLICE)
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w)) == (0, SLICE - 300)


def test_a_task_that_waits_or_ends_leaves_the_next_a_new_turn() -> None:
    w = timed(3)
    w.board.clock += 400
    w.blocks(0, C.WAIT, w.give(0, w.notification()))
    assert (w.current(), left(w)) == (1, SLICE)
    w.board.clock += 400
    w.call(1, C.TASK_EXIT, 0)
    assert (w.current(), left(w)) == (2, ALONE)


def test_who_is_interrupted_as_its_turn_begins_has_all_of_it_afterwards() -> None:
    """The end of a task gives its equal a turn, and wakes a supervisor that is more urgent, in one trap."""
    w = timed(4, (8, 8, 2, 8))
    door = w.endpoint()
    w.supervise(0, door)
    w.blocks(2, C.WAIT, w.give(2, door))
    w.board.clock += 400
    w.call(0, C.TASK_EXIT, 0)
    assert (w.current(), left(w)) == (2, ALONE)
    assert (w.task(1).used, w.task(1).reach) == (0, 0)
    w.board.clock += 50
    w.blocks(2, C.WAIT, 0)
    assert (w.current(), left(w)) == (1, SLICE)


@pytest.mark.parametrize("way", ["suspended", "another priority"])
def test_an_interrupted_turn_is_over_when_its_task_is_taken_out_of_its_queue(way: str) -> None:
    w = timed(3, (8, 8, 2))
    bell = w.notification()
    ring, its, it = w.give(0, bell), w.give(2, bell), w.give_task(2, 0)
    w.blocks(2, C.WAIT, its)
    w.board.clock += 900
    w.ok(0, C.NOTIFY, ring, 1)
    if way == "suspended":
        w.ok(2, C.TASK_SUSPEND, it)
        w.ok(2, C.TASK_RESUME, it)
    else:
        w.ok(2, C.TASK_PRIORITY, it, 9)
        w.ok(2, C.TASK_PRIORITY, it, 8)
    w.blocks(2, C.WAIT, its)
    assert (w.current(), left(w)) == (1, SLICE)
    w.board.clock += SLICE
    w.tick()
    assert (w.current(), left(w)) == (0, SLICE)


def test_an_interrupted_turn_is_over_with_the_life_and_a_new_task_owes_nothing() -> None:
    w = timed(3, (8, 8, 2))
    bell = w.notification()
    ring, its, it = w.give(0, bell), w.give(2, bell), w.give_task(2, 0)
    w.blocks(2, C.WAIT, its)
    w.board.clock += 900
    w.ok(0, C.NOTIFY, ring, 1)
    w.ok(2, C.TASK_END, it, 0)
    assert (w.task(0).used, w.task(0).reach) == (0, 0)
    w.task(3).used, w.task(3).reach = u64(77), u64(9)  # of a task that was there before
    made = w.ok(2, C.CREATE, w.give_quota(2), 4)
    (task,) = [task for task in w.kernel.tasks.items if task.life.origin is w.slot(2, made).parent]
    assert task is w.task(3) and (task.used, task.reach) == (0, 0)


def test_who_is_released_by_long_work_and_is_more_urgent_runs_before_the_rest_of_it() -> None:
    w = timed(3, (8, 2, 8))
    root = w.give(0, w.endpoint())
    its, rights = w.give_task(0, 1), int(Rights.SEND | Rights.TRANSFER)
    others = [w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, rights, 0), its) for _ in range(3)]
    w.blocks(1, C.CALL, others[1], 1, 2, 3, 4, NULL)
    assert w.current() == 0
    w.board.clock += 400
    rest = left(w)
    w.call(0, C.CAP_REVOKE, root)
    assert (w.current(), w.holds(1, others[2]), w.holds(1, others[1]), w.holds(1, others[0])) == (1, False, False, True)
    w.ok(1, C.TASK_YIELD)
    w.board.clock += 100
    w.blocks(1, C.WAIT, w.give(1, w.endpoint()))
    assert (w.current(), w.ready(), w.holds(1, others[0]), w.x(0)[0]) == (0, [2], False, 0)
    assert left(w) == rest, "it has the rest of its turn, and the rest of its work is done"


def test_without_a_slice_the_timer_is_left_alone_and_who_runs_is_the_same() -> None:
    w = World(2)
    w.board.clock += 5000
    for task in (0, 1, 0):
        assert w.current() == task
        w.call(task, C.TASK_YIELD)
    assert w.board.turn_end is None and w.task(0).used == 0


def test_what_the_kernel_does_in_a_trap_is_no_part_of_the_next_turn() -> None:
    """The clock goes on while the end of a task is worked off; the turn of the next begins after that."""
    w = timed(3)
    dropped = w.kernel.board.trace_exit

    def slow(task: u32, call: Call) -> None:
        dropped(task, call)
        w.board.clock += 500

    w.board.trace_exit = slow  # type: ignore[method-assign]
    w.board.clock += 100
    w.call(0, C.TASK_EXIT, 0)
    assert (w.current(), left(w)) == (1, SLICE)
