"""How a run ends when nobody can run: deadlock, and the status."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.hal.board import Standing
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import BASE, NULL, boot, slim_kernel, task_record, trap
from tyrne.testing.world import World


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
