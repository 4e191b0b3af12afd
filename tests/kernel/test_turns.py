"""Who runs after each trap: yields, ticks, priorities that change, and what the CPU is told at a switch."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Rights, Status
from tyrne.hal.board import Standing
from tyrne.hal.frame import Call, Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel import kernel
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u32, u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import BASE, NULL, boot, slim_kernel, task_record, trap
from tyrne.testing.world import World


def test_ticks_let_equals_run_in_turn_though_none_yields() -> None:
    w = World(3)
    order = [w.current()]
    for _ in range(6):
        w.tick()
        order.append(w.current())
    assert order == [0, 1, 2, 0, 1, 2, 0]


def test_a_tick_takes_nothing_from_a_task_that_is_alone_at_its_priority() -> None:
    w = World(3, priorities=(3, 8, 8))
    for _ in range(3):
        w.tick()
        assert w.current() == 0 and w.ready() == [1, 2]


def test_a_tick_changes_no_register_and_is_not_traced() -> None:
    w = World(2)
    before = [int(x) for x in w.task(0).frame.x]
    w.board.traces.clear()
    w.tick()
    assert [int(x) for x in w.task(0).frame.x] == before and w.board.traces == []


def test_yields_go_round_among_equals_only() -> None:
    w = World(4, priorities=(8, 8, 8, 9))
    order = []
    for _ in range(6):
        task = w.current()
        assert task is not None
        order.append(task)
        assert w.call(task, C.TASK_YIELD) == (0,) * 8
    assert order == [0, 1, 2, 0, 1, 2]


def test_a_task_that_gave_way_to_a_more_urgent_one_keeps_its_turn() -> None:
    w = World(3, priorities=(8, 8, 2))
    bell = w.notification()
    mine, its = w.give(0, bell), w.give(2, bell)
    w.blocks(2, C.WAIT, its)
    assert w.current() == 0
    w.ok(0, C.NOTIFY, mine, 1)
    assert w.current() == 2
    w.blocks(2, C.WAIT, its)
    assert w.current() == 0 and w.ready() == [1]


def test_a_tick_ends_the_turn_of_a_task_that_gave_way() -> None:
    w = World(3, priorities=(8, 8, 2))
    bell = w.notification()
    mine, its = w.give(0, bell), w.give(2, bell)
    w.blocks(2, C.WAIT, its)
    w.ok(0, C.NOTIFY, mine, 1)
    w.tick()
    assert w.current() == 2 and w.ready() == [0, 1]


@pytest.mark.parametrize(("priority", "runs"), [(8, 0), (9, 1), (15, 1)])
def test_a_task_that_lowers_its_own_priority_gives_way_at_once(priority: int, runs: int) -> None:
    w = World(2)
    w.ok(0, C.TASK_PRIORITY, w.give_task(0, 0), priority)
    assert w.current() == runs


def test_a_ready_task_that_is_given_another_priority_is_queued_there() -> None:
    w = World(3)
    w.ok(0, C.TASK_PRIORITY, w.give_task(0, 1), 11)
    assert w.ready(8) == [2] and w.ready(11) == [1]
    w.ok(0, C.TASK_PRIORITY, w.give_task(0, 1), 8)
    assert w.ready(8) == [2, 1] and w.ready(11) == []


def test_the_callers_own_priority_is_the_most_urgent_that_it_can_give() -> None:
    w = World(2, priorities=(4, 8))
    it = w.give_task(0, 1)
    assert w.refused(0, C.TASK_PRIORITY, it, 3) is Status.INSUFFICIENT_RIGHTS
    w.ok(0, C.TASK_PRIORITY, it, 4)
    assert w.current() == 0 and w.ready(4) == [1]


@pytest.mark.parametrize("state", ["receiving", "suspended"])
def test_a_priority_given_to_a_task_that_waits_counts_when_it_is_ready_again(state: str) -> None:
    w = World(3)
    bell = w.notification()
    mine, its, it = w.give(0, bell), w.give(1, bell), w.give_task(0, 1)
    if state == "receiving":
        w.blocks(1, C.WAIT, its)
    else:
        w.ok(0, C.TASK_SUSPEND, it)
    w.ok(0, C.TASK_PRIORITY, it, 12)
    w.ok(0, C.NOTIFY, mine, 1) if state == "receiving" else w.ok(0, C.TASK_RESUME, it)
    assert w.ready(12) == [1]


@pytest.mark.promise("The lower half holds the running task and nothing else")
def test_a_switch_names_both_threads_and_the_next_address_space() -> None:
    w = World(2)
    w.board.events.clear()
    w.call(0, C.TASK_YIELD)
    space = w.kernel.spaces.items[2]
    assert w.board.events == [
        ("switch_thread", w.task(0).thread, w.task(1).thread),
        ("activate", int(space.root), int(space.asid)),
    ]


def test_a_trap_that_leaves_the_same_task_running_tells_the_cpu_nothing() -> None:
    w = World(2)
    bell = w.give(0, w.notification())
    w.board.events.clear()
    for call in (C.NOTIFY, C.POLL, C.CAP_QUERY):
        w.ok(0, call, bell, 1)
    assert w.board.events == []


def test_a_spurious_interrupt_changes_nobodys_turn() -> None:
    w = World(2)
    w.board.interrupt = Interrupt.SPURIOUS
    w.enter(Vector.IRQ, 0, 0)
    assert w.current() == 0


# --- with which turn: the rows of the table in docs/decisions/0023-turns.md


SLICE = 1000


ALONE = None
"""What is left of a turn that does not pass, because nobody is ready who would have the next one."""


def timed(tasks: int = 3, priorities: tuple[int, ...] = (8, 8, 8)) -> World:
    """A world whose first turn begins with the count 5."""
    w = World(tasks, priorities=priorities, slice=SLICE)
    first, second = sorted(priorities)[:2]
    assert left(w) == (SLICE if first == second else ALONE)
    return w


def left(w: World) -> int | None:
    """How many counts the running turn still has."""
    return None if w.board.turn_end is None else w.board.turn_end - w.board.clock


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


def run_turn(w: World, task: int) -> None:
    """End turns until one of a task begins."""
    while w.current() != task:
        w.board.clock += SLICE
        w.tick()


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


# --- a turn passes only while somebody waits for the next one


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


# --- when nobody can run


@pytest.mark.promise(
    "A task that nobody can wake cannot hide: when nothing is ready and no deadline is to come, the run ends with "
    "status 5 and the names of those who wait"
)
@pytest.mark.parametrize(
    ("wait", "line", "at"),
    [
        ("receiving", "waits for a message or signals", (2, 0, 0)),
        ("sending", "waits for a receiver", (2, 0, 0)),
        ("for signals", "waits for a message or signals", (3, 0, 0)),
        ("calling", "waits for an answer", (4, 1, 0)),
        ("its answer is in no table", "waits for an answer", (0, 0, 0)),
        ("suspended", "is suspended", (0, 0, 0)),
    ],
)
def test_a_deadlock_ends_the_run_with_status_5_and_names_who_waits_and_for_what(
    wait: str, line: str, at: tuple[int, int, int]
) -> None:
    """`at` is the kind of the object that the task waits for, its place, and the generation."""
    w = World(2)
    door = w.endpoint()
    mine, its = w.give(0, door), w.give(1, door)
    if wait == "receiving":
        w.call(0, C.TASK_EXIT, 0)
        w.blocks(1, C.WAIT, its)
    elif wait == "sending":
        w.call(0, C.TASK_EXIT, 0)
        w.blocks(1, C.SEND_WAIT, its, 0, 0, 0, 0, NULL)
    elif wait == "for signals":
        w.call(0, C.TASK_EXIT, 0)
        w.blocks(1, C.WAIT, w.give(1, w.notification()))
    elif wait == "its answer is in no table":
        w.blocks(1, C.CALL, its, 0, 0, 0, 0, NULL)
        w.ok(0, C.WAIT, mine)
        w.ok(0, C.SEND, mine, 0, 0, 0, 0, w.x(0)[7])
        w.call(0, C.TASK_EXIT, 0)
    elif wait == "calling":
        w.blocks(1, C.CALL, its, 0, 0, 0, 0, NULL)
        w.ok(0, C.WAIT, mine)
        w.ok(0, C.CAP_MOVE, w.x(0)[7], w.give_task(0, 1))  # nobody else can answer now
        w.call(0, C.TASK_EXIT, 0)
    else:
        w.call(0, C.TASK_EXIT, 0)
        w.blocks(1, C.TASK_SUSPEND, w.give_task(1, 1))
    assert w.current() is None and w.kernel.exit_status() == 5
    assert f'tyrne: deadlock: task "t1" {line}' in w.board.lines()
    assert "tyrne: all tasks complete" not in w.board.lines()
    assert w.board.traces[-1] == ("standing", 1, Standing(u64(w.state(1).value), u64(BASE), *map(u64, at)))


def test_a_task_that_was_never_started_is_a_deadlock_too() -> None:
    w = World(2, held=(1,))
    w.call(0, C.TASK_EXIT, 0)
    assert w.kernel.exit_status() == 5
    assert 'tyrne: deadlock: task "t1" was never started' in w.board.lines()


@pytest.mark.promise(
    "A task that nobody can wake cannot hide: when nothing is ready and no deadline is to come, the run ends with "
    "status 5 and the names of those who wait"
)
def test_every_task_of_a_deadlock_is_named() -> None:
    w = World(3)
    door = w.endpoint()
    words = [w.give(task, door) for task in range(3)]
    for task in range(3):
        w.blocks(task, C.WAIT, words[task])
    assert [trace[1] for trace in w.board.traces if trace[0] == "standing"] == [0, 1, 2]


def test_a_system_that_nobody_runs_in_ends_as_it_boots() -> None:
    kernel = slim_kernel(MemoryBoard())
    assert boot(kernel, task_record("never", held=True)) is None
    assert 'tyrne: deadlock: task "never" was never started' in kernel.board.lines()


def test_two_servers_that_call_each_other_are_a_deadlock() -> None:
    w = World(2)
    one, two = w.endpoint(), w.endpoint()
    w.blocks(0, C.CALL, w.give(0, two), 0, 0, 0, 0, NULL)
    w.blocks(1, C.CALL, w.give(1, one), 0, 0, 0, 0, NULL)
    assert w.kernel.exit_status() == 5


@pytest.mark.parametrize(("codes", "status"), [((0, 0), 0), ((0, 1), 1), ((NULL, 0), 1)])
def test_without_a_deadlock_the_status_is_that_of_the_exits(codes: tuple[int, int], status: int) -> None:
    w = World(2)
    for task, code in enumerate(codes):
        w.call(task, C.TASK_EXIT, code)
    assert w.kernel.exit_status() == status
    assert "tyrne: all tasks complete" in w.board.lines()


def test_the_limit_comes_before_a_deadlock_and_all_who_have_not_ended_are_still_traced() -> None:
    w = World(3)
    w.blocks(1, C.WAIT, w.give(1, w.endpoint()))
    w.board.traces.clear()
    w.board.interrupt = Interrupt.LIMIT
    trap(w.kernel, Vector.IRQ, u64(0), u64(0))  # after which the task that ran is ready, and in no queue
    assert w.kernel.exit_status() == 4
    assert [trace[1:] for trace in w.board.traces] == [
        (0, Standing(u64(T.READY.value), u64(BASE))),
        (1, Standing(u64(T.RECEIVING.value), u64(BASE), u64(2))),
        (2, Standing(u64(T.READY.value), u64(BASE))),
    ]
    assert not any("deadlock" in line or "complete" in line for line in w.board.lines())
