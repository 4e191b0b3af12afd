"""A processor that rests while nobody is ready and a deadline counts; and how a run ends, with tasks that serve."""

from __future__ import annotations

from typing import Final

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Status
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.kernels import NULL, booted, run, system_call, task_record, trap
from tyrne.testing.world import World

START: Final = 5
"""The counter at boot; a count lasts 16 nanoseconds."""
TIMED_OUT = (Status.TIMED_OUT.value, 0, 0, 0, 0, 0, 0, 0)


class Sleepers(World):
    """Each task has a clock, and a bell that only it and task 0 know."""

    def __init__(self, tasks: int = 2, **terms: object) -> None:
        super().__init__(tasks, **terms)  # type: ignore[arg-type]
        objects = [self.notification() for _ in range(tasks)]
        self.clocks = [self.give_clock(task) for task in range(tasks)]
        self.bells = [self.give(task, bell) for task, bell in enumerate(objects)]
        self.others = [self.give(0, bell) for bell in objects]

    def arm(self, task: int, counts: int, bell: int = NULL, bits: int = 0) -> None:
        """A deadline so many counts after boot."""
        self.ok(task, C.CLOCK_ARM, self.clocks[task], counts * 16, bell, bits)

    def waits(self, task: int, counts: int | None = None) -> None:
        """A task waits for its bell; for so many counts since boot at most."""
        if counts is not None:
            self.arm(task, counts)
        self.blocks(task, C.WAIT, self.bells[task])

    def rests(self) -> bool:
        """Whether the processor does: then it holds nothing of anybody's, and nothing was said of an end."""
        kernel, core = self.kernel, self.kernel.scheduler.core
        if core.current is not None or not kernel.waits():
            return False
        assert core.entered is None and core.left is None and core.active is kernel.bootstrap_space()
        assert self.board.turn_end is None and self.board.alarm_at is not None
        assert not any("complete" in line or "deadlock" in line or "elapsed" in line for line in self.board.lines())
        return True

    def interrupt(self, interrupt: Interrupt) -> None:
        self.board.interrupt = interrupt
        self.enter(Vector.IRQ, 0, 0)

    def over(self, status: int) -> None:
        """The run is over, and has said so once."""
        assert self.current() is None and not self.kernel.waits()
        assert self.kernel.exit_status() == status
        assert sum("boot-to-end elapsed" in line for line in self.board.lines()) == 1
        assert ("tyrne: all tasks complete" in self.board.lines()) is (status in (0, 1))

    def stuck(self) -> list[str]:
        """Whom the kernel's lines name as waiting for ever."""
        start = 'tyrne: deadlock: task "'
        return [line.removeprefix(start).partition('"')[0] for line in self.board.lines() if line.startswith(start)]


# --- rest


def test_no_turn_is_interrupted_in_a_rest_although_one_passed_before() -> None:
    w = Sleepers(2, slice=1000)
    it = w.give_task(0, 1)
    w.arm(0, 100)
    w.tick()
    w.tick()
    assert w.current() == 0 and w.board.turn_end is not None
    w.ok(0, C.TASK_SUSPEND, it)
    w.waits(0)
    assert w.rests()


@pytest.mark.parametrize("slice", [0, 1000])
def test_a_trap_ends_with_nobody_while_a_deadline_counts_and_the_alarm_ends_the_rest(slice: int) -> None:
    w = Sleepers(2, slice=slice)
    w.waits(0, 100)
    w.board.events.clear()
    w.waits(1, 50)
    space, bootstrap = w.kernel.spaces.items[2], w.kernel.bootstrap_space()
    assert w.rests() and w.board.alarm_at == START + 50
    assert w.board.events == [
        ("activate", int(bootstrap.root), int(bootstrap.asid)),
        ("switch_thread", w.task(1).thread, w.kernel.idle),
    ]
    w.board.events.clear()
    assert w.alarm() is w.task(1)
    assert w.board.events == [
        ("switch_thread", None, w.task(1).thread),
        ("activate", int(space.root), int(space.asid)),
    ]
    assert (w.current(), w.x(1), w.state(0)) == (1, TIMED_OUT, T.RECEIVING)
    assert w.kernel.scheduler.core.entered is w.task(1)


@pytest.mark.parametrize("interrupt", [Interrupt.SPURIOUS, Interrupt.TICK, Interrupt.ALARM])
@pytest.mark.parametrize("slice", [0, 1000])
def test_an_interrupt_at_which_nothing_is_due_leaves_the_processor_at_rest(interrupt: Interrupt, slice: int) -> None:
    w = Sleepers(1, slice=slice)
    w.waits(0, 100)
    for _ in range(2):
        w.board.events.clear()
        w.interrupt(interrupt)
        assert w.rests() and w.board.alarm_at == START + 100
        assert not [event for event in w.board.events if event[0] == "switch_thread"]
    w.alarm()
    assert (w.current(), w.x(0)) == (0, TIMED_OUT)


def test_who_rests_goes_on_again_and_again() -> None:
    w = Sleepers(1)
    for at in range(10, 60, 10):
        w.waits(0, at)
        assert w.rests()
        w.alarm()
        assert (w.current(), w.x(0), w.board.time) == (0, TIMED_OUT, START + at)
    w.call(0, C.TASK_EXIT, 0)
    w.over(0)


def test_a_time_that_is_past_rests_too_until_its_alarm() -> None:
    w = Sleepers(1)
    w.board.time = START + 1000
    w.waits(0, 100)
    assert w.rests() and w.board.alarm_at == START + 100
    w.alarm()
    assert (w.x(0), w.board.time) == (TIMED_OUT, START + 1000)


def test_of_all_whom_one_alarm_releases_the_most_urgent_runs_first() -> None:
    w = Sleepers(4, priorities=(8, 9, 5, 8))
    for task in (2, 0, 3, 1):
        w.waits(task, 40 - task)
    assert w.rests()
    w.alarm(START + 100)
    assert (w.current(), w.ready(8), w.ready(9)) == (2, [3, 0], [1])


def test_a_signal_that_is_to_come_is_waited_for_and_wakes_whoever_waits_for_it() -> None:
    w = Sleepers(2)
    w.arm(0, 100, w.others[1], 6)
    w.waits(0)
    w.waits(1)
    assert w.rests()
    w.alarm()
    assert (w.current(), w.x(1)[3], w.state(0)) == (1, 6, T.RECEIVING)


@pytest.mark.parametrize("how", ["suspended", "waits for a repair"])
def test_a_signal_of_one_that_cannot_go_on_by_itself_is_waited_for_too(how: str) -> None:
    w = Sleepers(2)
    door = w.endpoint()
    w.supervise(0, door)
    w.arm(0, 100, w.others[1], 6)
    if how == "suspended":
        w.ok(1, C.TASK_SUSPEND, w.give_task(1, 0))
    else:
        w.fault(0)
    w.waits(1)
    assert w.rests()
    w.alarm()
    assert (w.current(), w.x(1)[3]) == (1, 6)


def test_when_the_last_deadline_has_woken_nobody_it_is_a_deadlock() -> None:
    w = Sleepers(2)
    w.arm(0, 100, w.others[0], 0)
    w.waits(0)
    w.waits(1)
    assert w.rests()
    w.alarm()
    w.over(5)
    assert w.stuck() == ["t0", "t1"]


@pytest.mark.parametrize("how", ["no deadline", "suspended", "suspends itself", "waits for a repair"])
def test_a_deadline_that_does_not_count_is_not_waited_for(how: str) -> None:
    w = Sleepers(2)
    w.supervise(0, w.endpoint())
    if how != "no deadline":
        w.arm(0, 100)
    if how == "no deadline":
        w.waits(0)
    elif how == "suspended":
        w.ok(1, C.TASK_SUSPEND, w.give_task(1, 0))
    elif how == "suspends itself":
        w.blocks(0, C.TASK_SUSPEND, w.give_task(0, 0))
    else:
        w.fault(0)
    w.waits(1)
    w.over(5)
    assert w.stuck() == ["t0", "t1"] and w.board.alarm_at is None


def test_a_deadline_that_was_unset_is_not_waited_for() -> None:
    w = Sleepers(1)
    w.arm(0, 100)
    w.ok(0, C.CLOCK_ARM, w.clocks[0], NULL, NULL)
    w.waits(0)
    w.over(5)


def test_the_deadline_of_who_has_ended_is_not_waited_for() -> None:
    w = Sleepers(2)
    w.arm(0, 100, w.others[1], 1)
    w.call(0, C.TASK_EXIT, 0)
    w.waits(1)
    w.over(5)
    assert w.stuck() == ["t1"]


def test_the_limit_ends_a_rest_with_status_4() -> None:
    w = Sleepers(2)
    w.waits(0, 100)
    w.waits(1)
    assert w.rests()
    w.board.traces.clear()
    w.interrupt(Interrupt.LIMIT)
    w.over(4)
    assert [trace[:2] for trace in w.board.traces] == [("standing", 0), ("standing", 1)]
    assert w.stuck() == [] and "tyrne: the instruction limit is reached" in w.board.lines()


def test_the_limit_between_steps_of_long_work_ends_the_run_though_a_deadline_counts() -> None:
    w = Sleepers(2)
    w.waits(1, 100)
    root = w.give(0, w.endpoint())
    for _ in range(3):
        w.ok(0, C.CAP_DERIVE, root, 0, 0)
    run(w.kernel, w.task(0))
    w.board.interrupt_pending = lambda: True  # type: ignore[method-assign]
    w.board.interrupt = Interrupt.LIMIT
    system_call(w.kernel, C.CAP_REVOKE.value, root)
    w.over(4)


def test_a_task_that_ends_gives_back_all_it_held_before_the_others_are_waited_for() -> None:
    w = Sleepers(2)
    w.waits(1, 100)
    for _ in range(4):
        w.give(0, w.notification())
    w.call(0, C.TASK_EXIT, 0)
    assert w.rests() and w.state(0) is T.EXITED and w.kernel.ending.top is None
    w.alarm()
    w.call(1, C.TASK_EXIT, 0)
    w.over(0)


def test_a_system_that_nobody_runs_in_is_not_waited_for_as_it_boots() -> None:
    kernel = booted(task_record("never", held=True), task_record("nor", held=True, serves=True))
    assert kernel.scheduler.core.current is None and not kernel.waits() and kernel.exit_status() == 5
    assert 'tyrne: deadlock: task "never" was never started' in kernel.board.lines()


# --- tasks that serve


def test_the_run_is_over_when_all_have_ended_that_do_not_serve() -> None:
    w = Sleepers(3, serves=(1,))
    w.waits(1)
    w.call(0, C.TASK_EXIT, 0)
    assert w.current() == 2
    w.board.traces.clear()
    w.call(2, C.TASK_EXIT, 0)
    w.over(0)
    assert w.stuck() == []
    assert [trace[1] for trace in w.board.traces if trace[0] == "standing"] == [1]


@pytest.mark.parametrize("how", ["waits", "calls", "sends", "is suspended", "waits for a repair", "was never started"])
def test_one_that_serves_and_waits_is_as_one_that_has_exited_with_0_whatever_it_waits_for(how: str) -> None:
    w = Sleepers(2, serves=(1,), held=(1,) if how == "was never started" else ())
    door = w.endpoint()
    mine = w.give(1, door)
    w.supervise(1, door)
    if how == "is suspended":
        w.ok(0, C.TASK_SUSPEND, w.give_task(0, 1))
    elif how == "waits for a repair":
        w.fault(1)
    elif how != "was never started":
        number = {"waits": C.WAIT, "calls": C.CALL, "sends": C.SEND_WAIT}[how]
        w.blocks(1, number, mine, 0, 0, 0, 0, NULL)
    w.call(0, C.TASK_EXIT, 0)
    w.over(0)


@pytest.mark.parametrize("kind", ["signals", "ends a wait"])
def test_the_deadline_of_one_that_serves_is_waited_for_while_another_is_left_and_no_longer(kind: str) -> None:
    w = Sleepers(2, serves=(1,))
    w.arm(1, 100, w.bells[1] if kind == "signals" else NULL, 1)
    w.waits(1)
    w.waits(0)
    assert w.rests()
    w.alarm()
    assert w.current() == 1
    w.ok(1, C.NOTIFY, w.give(1, w.slot(0, w.bells[0]).parent), 1)  # type: ignore[arg-type]
    w.arm(1, 200, w.bells[1] if kind == "signals" else NULL, 1)
    w.waits(1)
    assert w.current() == 0
    w.call(0, C.TASK_EXIT, 0)
    assert w.task(1).deadline is not None
    w.over(0)


def test_one_that_serves_and_is_ready_goes_on_after_all_others_have_ended() -> None:
    w = Sleepers(2, serves=(1,))
    w.call(0, C.TASK_EXIT, 0)
    assert w.current() == 1
    w.call(1, C.TASK_YIELD)
    assert w.current() == 1
    w.waits(1)
    w.over(0)


@pytest.mark.parametrize(("code", "served", "status"), [(0, 0, 0), (3, None, 1), (0, 3, 1), (3, 0, 1), (0, None, 0)])
def test_the_status_is_that_of_all_that_have_ended_also_of_those_that_serve(
    code: int, served: int | None, status: int
) -> None:
    w = Sleepers(2, serves=(1,))
    if served is None:
        w.waits(1)
    else:
        w.call(1, C.TASK_EXIT, served)
    w.call(0, C.TASK_EXIT, code)
    w.over(status)


def test_a_fault_of_one_that_serves_is_a_failure() -> None:
    w = Sleepers(3, serves=(1, 2))
    w.fault(1)
    assert w.state(1) is T.FAULTED
    w.waits(2)
    w.call(0, C.TASK_EXIT, 0)
    w.over(1)


def test_a_deadlock_of_others_is_one_though_some_serve_and_all_who_wait_are_named() -> None:
    w = Sleepers(3, serves=(1,))
    w.waits(1)
    w.waits(0)
    w.call(2, C.TASK_EXIT, 0)
    w.over(5)
    assert w.stuck() == ["t0", "t1"]


def test_the_limit_comes_before_the_end_of_those_that_serve() -> None:
    w = Sleepers(2, serves=(0, 1))
    w.board.interrupt = Interrupt.LIMIT
    trap(w.kernel, Vector.IRQ, u64(0), u64(0))  # after which the task that ran is ready, and in no queue
    w.over(4)


def test_a_task_that_was_made_serves_nobody_also_in_the_place_of_one_that_did() -> None:
    w = World(1)
    purse = w.give_quota(0)
    w.task(1).serves = True  # of a task that was there before
    made = w.ok(0, C.CREATE, purse, CapKind.TASK.value)
    assert w.slot(0, made).parent is w.task(1).life.origin and not w.task(1).serves
