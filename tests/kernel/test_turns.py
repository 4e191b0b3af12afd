"""Who runs after each trap: yields, ticks, priorities that change, and what the CPU is told at a switch."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import Status
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
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
