"""Deadlines: each line of the kernel by which they come, count and go is needed: without it, some explored state or
transition is wrong."""

from __future__ import annotations

from collections import Counter

import pytest
from test_interrupted import Fault, find, find_by_what_is_written

from tyrne.abi import CallNumber as C
from tyrne.abi import Status
from tyrne.testing.explore import MODELS, Replay, Serial, explore
from tyrne.testing.explore.alphabet import ALARM, LATE_ALARM, NEVER, NULL
from tyrne.testing.explore.timed_models import TIMED

MOST_STATES = 700

FAULTS = (
    Fault("deadline", "next_due", "deadline.signals is None and not task.waits()", "False", "service", "alarm stands"),
    Fault("deadline", "next_due", "deadline.signals is None and ", "", "reminders", "alarm stands"),
    Fault("deadline", "next_due", "deadline.at < at", "deadline.at > at", "sleepers", "alarm stands"),
    Fault("deadline", "exchange", "NOT_AT_ONCE if deadline is not None and deadline.signals is None else task.priority",
          "task.priority", "service", "its deadline ends a wait True"),
    Fault("deadline", "exchange", " and deadline.signals is None", "", "reminders", "its deadline ends a wait False"),
    Fault("deadline", "exchange", "NOT_AT_ONCE if deadline is not None and deadline.signals is None else task.priority",
          "NOT_AT_ONCE if deadline is not None and deadline.signals is None else task.urgency", "service",
          "its deadline ends a wait False"),
    Fault("deadline", "set_deadline", "set_alarm(kernel)", "pass", "reminders", "alarm stands"),
    Fault("task", "Task.waits", " and not self.awaits_repair()", "", "late-repairs", "has gone"),
    Fault("task", "Task.waits", " or state is TaskState.RECEIVING", "", "service", "alarm stands"),
    Fault("task", "Task.waits", "state is TaskState.SENDING or ", "", "patience", "alarm stands"),
    Fault("task", "Task.waits", " or state is TaskState.CALLING", "", "service", "alarm stands"),
    Fault("task", "Task.set_priority", "if self.urgency != NOT_AT_ONCE:", "if True:", "impatient", "ends a wait True"),
    Fault("task", "Task.set_priority", "self.urgency = priority", "pass", "impatient", "ends a wait False"),
    Fault("rendezvous", "release", "forget_timeout(kernel, task)", "pass", "service", "stays"),
    Fault("deadline", "forget_deadline_by", "set_deadline(kernel, task, None)", "pass", "taken-back", "stays"),
    Fault("rendezvous", "disarm", "forget_deadline_by(kernel, slot)", "pass", "unheard", "stays"),
    Fault("rendezvous", "disarm", "slot.armed = False", "pass", "unheard", "empty, and armed"),
    Fault("rendezvous", "lay_down", "disarm(kernel, slot)", "pass", "taken-back", "stays"),
    Fault("clock", "arm", "by.armed = True", "pass", "taken-back", "not armed"),
    Fault("clock", "arm", "named.armed = True", "pass", "unheard", "not armed"),
    Fault("signals", "wait_for_signals", "forget_timeout(kernel, task)", "pass", "sleepers", "stays"),
    Fault("messages", "offer_message", "forget_timeout(kernel, task)", "pass", "patience", "stays"),
    Fault("messages", "wait_at", "forget_timeout(kernel, task)", "pass", "impatient", "stays"),
    Fault("messages", "wait_at", "if isinstance(found, Status):",
          "forget_timeout(kernel, task)\n    if isinstance(found, Status):", "impatient", "and changed"),
    Fault("ending", "end_task", "set_deadline(kernel, task, None)", "pass", "service", "stays"),
    Fault("task_calls", "configure", "set_deadline(kernel, task, None)", "pass", "late-repairs", "stays"),
    Fault("task_calls", "suspend", "call_off(kernel, task)", "call_off(kernel, task); set_deadline(kernel, task, None)",
          "stopping", "has gone"),
    Fault("task_calls", "suspend", "release(kernel, task, Answer(u64(Status.ABORTED.value)))",
          "task.frame.answer(Answer(u64(Status.ABORTED.value)))", "called-off", "stays"),
    Fault("kernel", "Kernel.general_call", "set_alarm(self)", "pass", "service", "alarm stands"),
    Fault("kernel", "Kernel._interrupt", "if task is not None:", "if True:", "late-repairs", "the kernel stops"),
    Fault("kernel", "Kernel._interrupt", "ring(self)\n                self.scheduler.preempt()", "ring(self)",
          "sleepers", "a less urgent one or none runs"),
    Fault("kernel", "Kernel._rest", "core.entered = None", "pass", "service", "the CPU holds a thread"),
    Fault("kernel", "Kernel._rest", "self.board.arm_turn(None)", "pass", "stopping", "a turn is to be interrupted"),
    Fault("kernel", "Kernel._rest", "self.activate(self.bootstrap_space())", "pass", "service", "another space"),
    Fault("kernel", "Kernel._enter", "old is None or ", "", "sleepers", "does not pass"),
    Fault("kernel", "Kernel._enter", "elif self.scheduler.somebody_waits():", "elif False:", "crowded",
          "does not pass"),
    Fault("kernel", "Kernel.leave", "elif self.scheduler.somebody_waits():", "elif False:", "sleepers",
          "does not pass"),
    Fault("scheduler", "Scheduler.begin_turn", "core.most_urgent() >= core.reach", "True", "sleepers", "does not pass"),
    Fault("scheduler", "Scheduler.somebody_waits", " < self.core.reach", " + 1 < self.core.reach", "sleepers",
          "does not pass"),
    Fault("clock", "ring", "end_wait(kernel, task, Status.TIMED_OUT)", "end_wait(kernel, task, Status.ABORTED)",
          "service", "at an alarm"),
    Fault("clock", "ring", "signal(kernel, notification_at(deadline.signals), deadline.bits)", "pass",
          "reminders", "its bits have not come"),
    Fault("signals", "signal", "notification.word == 0", "True", "sleepers",
          "while somebody waits for them"),
    Fault("clock", "ring", "deadline.at > now", "False", "sleepers", "has gone"),
    Fault("clock", "ring", "    set_alarm(kernel)", "    pass", "sleepers", "alarm stands"),
    Fault("clock", "arm", "Rights.ARM", "Rights.NONE", "narrowed", "does not allow it"),
    Fault("clock", "arm", "Rights.NOTIFY", "Rights.NONE", "narrowed", "does not allow it"),
    Fault("clock", "arm", "call.a1 == NEVER", "False", "service", "armed for"),
    Fault("clock", "arm", "Deadline(at, by, signals, call.a3)", "Deadline(at, by, None, call.a3)", "reminders",
          "armed for"),
    Fault("clock", "arm", "Deadline(at, by, signals, call.a3)", "Deadline(at - 1, by, signals, call.a3)", "service",
          "armed for"),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_without_a_line_about_time_something_is_found(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    find(fault, monkeypatch, MOST_STATES)


@pytest.mark.parametrize("name", ["service", "patience", "impatient"])
def test_a_system_with_deadlines_is_explored_to_the_last_state(name: str) -> None:
    report = explore(MODELS[name], Serial())
    assert report.violation is None and report.exhausted
    assert report.progress.met["alarm"] > 50


def test_between_them_the_models_rest_and_time_out_in_each_kind_of_wait() -> None:
    met: Counter[str] = Counter()
    for model in TIMED:
        met += explore(model, Serial(), max_states=120).progress.met
    assert met["rest"] and met["alarm"]
    waits = {C.WAIT, C.CALL, C.SEND_WAIT, C.REPLY_WAIT}
    assert {call for call in C if met[f"{call.value}:{Status.TIMED_OUT.value:x}"]} == waits


def test_a_violation_at_an_alarm_is_written_as_a_test_that_has_the_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = next(fault for fault in FAULTS if fault.old.startswith("signal("))
    find_by_what_is_written(fault, fault.model, monkeypatch, MOST_STATES, "replay.alarm()", "have not come")


def sleepers() -> Replay:
    """Task 0, and after it task 1, hold a notification at word 0 and the clock at word 1."""
    return Replay(MODELS["sleepers"])


def times(replay: Replay) -> list[int]:
    """When the current task may set a deadline to."""
    found = [action.words[1] for action in replay.actions()
             if getattr(action, "number", 0) == C.CLOCK_ARM.value and action.words[2] == NULL]  # type: ignore[union-attr]
    return list(dict.fromkeys(found))


def test_a_deadline_may_come_before_with_and_after_each_of_the_others() -> None:
    replay = sleepers()
    past, later, never = times(replay)
    assert (past, never) == (0, NEVER) and 0 < later < NEVER
    replay.call(C.CLOCK_ARM, 1, later, NULL, 0)
    assert times(replay) == [past, later, never]  # another of one's own takes its place
    replay.call(C.WAIT, 0)
    zero, before, at, after, last = times(replay)
    assert (zero, at, last) == (past, later, never)
    assert before < at < after


def test_states_that_differ_only_in_when_deadlines_come_are_one() -> None:
    keys = []
    for first, second in ((1600, 3200), (3200, 160_000), (3200, 3200), (3200, 1600)):
        replay = sleepers()
        replay.call(C.CLOCK_ARM, 1, first, NULL, 0)
        replay.call(C.WAIT, 0)
        replay.call(C.CLOCK_ARM, 1, second, NULL, 0)
        keys.append(replay.canonical.key())
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_at_a_late_alarm_all_is_due_that_counts() -> None:
    for action, woken in (ALARM, 1), (LATE_ALARM, 2):
        replay = sleepers()
        for _ in range(2):
            replay.call(C.CLOCK_ARM, 1, max(time for time in times(replay) if time != NEVER), NULL, 0)
            replay.call(C.WAIT, 0)
        replay.do(action)
        statuses = [trace[3][0] for trace in replay.board.traces if trace[0] == "call"]
        assert statuses == [Status.TIMED_OUT.value] * woken


def test_what_is_past_is_no_time_of_its_own() -> None:
    replay = sleepers()
    replay.call(C.CLOCK_ARM, 1, times(replay)[1], NULL, 0)
    replay.call(C.WAIT, 0)
    assert len(times(replay)) == 5
    replay.alarm()
    assert len(times(replay)) == 3
