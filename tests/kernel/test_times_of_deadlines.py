"""When deadlines come: to the count, and several at once."""

from __future__ import annotations

from random import Random

import pytest
from hall import (
    AT,
    BITS,
    ENDS,
    SIGNALS,
    START,
    TIMED_OUT,
    Hall,
    count,
    for_signals,
)

from tyrne.abi import SIGNAL_BADGE, Rights, Status
from tyrne.abi import CallNumber as C
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.task import TaskState as T
from tyrne.lang import u64
from tyrne.testing.kernels import NULL, run
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World


@pytest.mark.parametrize("frequency", [1, 1000, 24_000_000, 62_500_000, 1_000_000_000, (1 << 32) - 1])
def test_a_deadline_never_comes_early_and_not_a_count_late(frequency: int, monkeypatch: pytest.MonkeyPatch) -> None:
    w = Hall()
    random = Random(frequency)
    monkeypatch.setattr(w.board, "frequency", lambda: u64(frequency))
    times = [0, 1, 15, 16, 17, 10**9 - 1, 10**9, 10**9 + 1, *(random.getrandbits(bits) for bits in range(8, 62))]
    for at in times:
        w.arm(SIGNALS, at)
        alarm = w.board.alarm_at
        assert alarm is not None
        w.board.time = alarm
        assert w.ok(0, C.CLOCK_READ, w.clock) >= at
        if alarm > START:
            w.board.time = alarm - 1
            assert w.ok(0, C.CLOCK_READ, w.clock) < at
        w.board.time = START


@pytest.mark.parametrize(("counts", "ns"), [(0, 0), (1, 16), (2, 32), (62_500_000, 10**9)])
def test_the_clock_is_read_in_nanoseconds_since_boot(counts: int, ns: int) -> None:
    w = Hall()
    w.board.time = START + counts
    reader = w.give_clock(0, Rights.READ)
    assert w.call(0, C.CLOCK_READ, reader) == (0, ns, 0, 0, 0, 0, 0, 0)
    assert w.board.alarm_at is None and not w.stands()


@pytest.mark.parametrize("at", [NULL - 1, 1 << 63])
def test_a_time_that_the_counter_never_reaches_stands_for_ever(at: int) -> None:
    w = Hall()
    w.kernel.started = u64(2**64 - 100)
    w.arm(SIGNALS, at)
    assert w.stands() and w.board.alarm_at == 2**64 - 1


@pytest.mark.parametrize("at", [0, 1, 1600])
def test_what_is_past_when_it_is_set_is_signalled_by_the_next_interrupt_and_the_call_itself_is_done(at: int) -> None:
    w = Hall()
    w.board.time = START + 100
    w.arm(SIGNALS, at)
    assert w.stands() and w.signalled() == 0
    assert w.board.alarm_at is not None and w.board.alarm_at <= w.board.time
    w.alarm()
    assert (w.signalled(), w.stands()) == (BITS, False)


def test_a_wait_ends_by_time_only_when_what_it_waits_for_is_not_there() -> None:
    w = Hall()
    w.board.time = count(AT) + 1
    w.arm(ENDS)
    w.ok(1, C.NOTIFY, w.bells, 1)
    assert w.call(0, C.WAIT, w.bell) == (0, int(SIGNAL_BADGE), 0, 1, 0, 0, NULL, NULL)
    assert not w.stands() and w.board.alarm_at is None


def test_an_alarm_that_comes_early_does_nothing_and_is_set_again() -> None:
    w = Hall()
    w.arm(SIGNALS)
    w.board.time, w.board.alarm_at, w.board.interrupt = count(AT) - 1, None, Interrupt.ALARM
    w.enter(Vector.IRQ, 0, 0)
    assert (w.signalled(), w.board.alarm_at, w.stands()) == (0, count(AT), True)


def test_an_alarm_without_a_deadline_does_nothing() -> None:
    w = Hall()
    before = kernel_state(w.kernel)
    w.board.interrupt = Interrupt.ALARM
    w.enter(Vector.IRQ, 0, 0)
    assert kernel_state(w.kernel) == before and w.board.alarm_at is None


# --- several at once


class Many(World):
    """Each task has a clock and a bell of its own, and may signal a gong, which task 0 may wait for."""

    def __init__(self, tasks: int = 5, **terms: int) -> None:
        super().__init__(tasks, **terms)  # type: ignore[arg-type]
        self.clocks = [self.give_clock(task) for task in range(tasks)]
        self.bell_objects = [self.notification() for _ in range(tasks)]
        self.bells = [self.give(task, bell) for task, bell in enumerate(self.bell_objects)]
        self.gong_object = self.notification()
        self.gongs = [self.give(task, self.gong_object) for task in range(tasks)]

    def sleep(self, task: int, at: int) -> None:
        self.ok(task, C.CLOCK_ARM, self.clocks[task], at, NULL)
        self.blocks(task, C.WAIT, self.bells[task])

    def strike(self, task: int, at: int, bits: int) -> None:
        self.ok(task, C.CLOCK_ARM, self.clocks[task], at, self.gongs[task], bits)


@pytest.mark.parametrize(
    ("times", "order"),
    [
        ((400, 300, 200, 100), [4, 3, 2, 1]),
        ((300, 100, 300, 100), [2, 4, 1, 3]),
        ((200, 200, 200, 200), [1, 2, 3, 4]),
        ((200, 209, 199, 193), [1, 3, 4, 2]),  # in the same count but for the second
    ],
)
def test_of_several_that_are_due_the_earliest_comes_first_and_of_equals_who_has_the_first_place(
    times: tuple[int, ...], order: list[int]
) -> None:
    w = Many()
    for task in (3, 1, 4, 2):
        w.sleep(task, times[task - 1])
    assert w.current() == 0 and w.board.alarm_at == count(min(times))
    w.alarm(1000)
    assert (w.ready(), w.board.alarm_at) == (order, None)
    assert all(w.x(task) == TIMED_OUT for task in order)


def test_what_is_not_due_stays_and_the_alarm_is_set_to_it() -> None:
    w = Many()
    for task in range(1, 5):
        w.sleep(task, 100 * task)
    w.alarm(count(200))
    assert (w.ready(), w.board.alarm_at) == ([1, 2], count(300))
    w.alarm()
    assert (w.ready(), w.board.alarm_at) == ([1, 2, 3], count(400))
    w.alarm()
    assert (w.ready(), w.board.alarm_at) == ([1, 2, 3, 4], None)


def test_the_alarm_stands_at_the_earliest_that_counts_whoever_comes_or_goes() -> None:
    w = Many()
    w.strike(1, 300, 1)
    w.ok(2, C.CLOCK_ARM, w.clocks[2], 100, NULL)
    assert w.board.alarm_at == count(300), "it ends a wait, and task 2 runs"
    w.blocks(2, C.WAIT, w.bells[2])
    assert w.board.alarm_at == count(100)
    w.ok(0, C.NOTIFY, w.give(0, w.bell_objects[2]), 1)
    assert w.board.alarm_at == count(300)
    w.ok(1, C.CLOCK_ARM, w.clocks[1], NULL, NULL)
    assert w.board.alarm_at is None


def test_bits_of_several_deadlines_are_merged_and_none_is_lost() -> None:
    w = Many()
    w.ok(4, C.NOTIFY, w.gongs[4], 0b1)
    for task in (1, 2, 3):
        w.strike(task, 100, 0b10 << task)
    w.alarm()
    assert w.call(0, C.POLL, w.gongs[0])[1] == 0b11101


def test_the_first_that_is_due_wakes_who_waits_and_the_bits_of_the_next_are_kept() -> None:
    w = Many()
    for task in (1, 2, 3):
        w.strike(task, 400 - 100 * task, 1 << task)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm(1000)
    assert w.x(0) == (0, int(SIGNAL_BADGE), 0, 1 << 3, 0, 0, NULL, NULL)
    assert w.call(0, C.POLL, w.gongs[0])[1] == 0b110


@pytest.mark.parametrize("bits", [0, 1])
def test_a_deadline_without_bits_wakes_nobody(bits: int) -> None:
    w = Many()
    w.strike(1, 100, bits)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm()
    assert (w.state(0), w.task(1).deadline) == (T.READY if bits else T.RECEIVING, None)


@pytest.mark.parametrize(("signal", "timeout", "woken"), [(100, 200, True), (200, 100, False), (100, 100, False)])
def test_of_a_signal_and_the_end_of_the_wait_for_it_the_earlier_counts(signal: int, timeout: int, woken: bool) -> None:
    w = Many()
    w.strike(1, signal, 7)
    w.ok(0, C.CLOCK_ARM, w.clocks[0], timeout, NULL)
    w.blocks(0, C.WAIT, w.gongs[0])
    w.alarm(1000)
    assert w.x(0) == ((0, int(SIGNAL_BADGE), 0, 7, 0, 0, NULL, NULL) if woken else TIMED_OUT)
    assert w.notification_at(w.gong_object).word == (0 if woken else 7)
    assert w.task(0).deadline is None and w.board.alarm_at is None


def test_a_deadline_wakes_who_waits_at_the_endpoint_to_which_its_notification_is_bound() -> None:
    w = Many()
    door = w.endpoint()
    server = w.give(1, door)
    w.ok(1, C.BIND, server, w.gongs[1])
    w.strike(1, 100, 5)
    w.blocks(1, C.WAIT, server)
    w.alarm()
    assert w.x(1) == (0, int(SIGNAL_BADGE), 0, 5, 0, 0, NULL, NULL) and w.state(1) is T.READY


@pytest.mark.parametrize(("priority", "runs"), [(7, 1), (8, 0), (9, 0)])
def test_who_is_released_by_time_runs_at_once_only_when_it_is_more_urgent(priority: int, runs: int) -> None:
    w = Many(2, priorities=(8, priority))  # type: ignore[arg-type]
    w.sleep(1, 100)
    run(w.kernel, w.task(0))
    w.alarm()
    assert w.current() == runs and w.state(1) is T.READY


def test_an_alarm_between_two_steps_of_long_work_is_rung_there_and_the_work_goes_on() -> None:
    w = Many(3, priorities=(8, 2, 8))  # type: ignore[arg-type]
    w.sleep(1, 100)
    root = w.give(0, w.endpoint())
    children = [w.ok(0, C.CAP_DERIVE, root, 0, 0) for _ in range(4)]
    pending = w.board.interrupt_pending

    def asked() -> bool:
        if pending() or w.board.steps != 2:
            return False
        w.board.time, w.board.alarm_at, w.board.interrupt = count(100), None, Interrupt.ALARM
        return True

    w.board.steps = 0
    w.board.interrupt_pending = asked  # type: ignore[method-assign]
    w.call(0, C.CAP_REVOKE, root)
    assert (w.current(), w.x(1)) == (1, TIMED_OUT)
    assert [w.holds(0, child) for child in children] == [True, True, False, False]
    w.blocks(1, C.WAIT, w.bells[1])
    assert w.current() == 0 and not any(w.holds(0, child) for child in children)


def test_a_priority_that_is_given_while_a_deadline_ends_a_wait_counts_when_it_has_gone() -> None:
    w = Hall()
    w.arm(ENDS)
    for_signals(w)
    w.ok(1, C.TASK_PRIORITY, w.it, 9)
    assert w.task(0).urgency == NOT_AT_ONCE
    w.alarm()
    assert (w.task(0).urgency, w.ready(9)) == (9, [0]) and not w.stands()


def test_a_deadline_is_by_the_capability_that_was_named_and_by_no_other_of_the_clock() -> None:
    w = Hall()
    w.arm(SIGNALS)
    w.ok(0, C.CLOCK_ARM, w.more, AT, w.gong, BITS)
    w.ok(0, C.CAP_DROP, w.clock)
    assert w.stands()
    w.ok(0, C.CAP_DROP, w.more)
    assert not w.stands()


def test_who_is_told_the_time_need_not_be_allowed_to_arm_and_the_other_way_round() -> None:
    w = Hall()
    reader, armer = w.give_clock(0, Rights.READ), w.give_clock(0, Rights.ARM)
    assert w.status(0, C.CLOCK_READ, reader) is w.status(0, C.CLOCK_ARM, armer, AT, NULL) is Status.OK
    assert w.refused(0, C.CLOCK_READ, armer) is w.refused(0, C.CLOCK_ARM, reader, AT, NULL)
    assert w.refused(0, C.CLOCK_READ, armer) is Status.INSUFFICIENT_RIGHTS
