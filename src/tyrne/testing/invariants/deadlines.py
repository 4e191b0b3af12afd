"""What holds of time between any two traps: of deadlines, the alarm and turns. Each yields a sentence for each
violation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tyrne.abi import Rights, TaskState
from tyrne.inspect.slots import object_of
from tyrne.kernel.capability import Clock, NotificationHandle
from tyrne.kernel.deadline import NOT_AT_ONCE, Deadline
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer, Task
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants.waiting import tasks

Violations = Iterator[str]
WAITS = (TaskState.SENDING, TaskState.RECEIVING, TaskState.CALLING)


def counts(task: Task) -> bool:
    """Whether something happens when the time of a task's deadline comes."""
    deadline = task.deadline
    if deadline is None:
        return False
    return deadline.signals is not None or (task.state in WAITS and task.offer is not Offer.FAULT)


def the_alarm_stands_at_the_next_deadline(kernel: Kernel[Any]) -> Violations:
    """The board is to interrupt at the earliest deadline that counts; never without one."""
    board = kernel.board
    if not isinstance(board, MemoryBoard) or kernel.limit_reached:
        return
    times = [int(task.deadline.at) for _, task, _ in tasks(kernel) if task.deadline is not None and counts(task)]
    if board.alarm_at != min(times, default=None):
        yield f"the alarm stands at {board.alarm_at}, and the deadlines that count at {sorted(times)}"


def a_deadline_stands_by_what_its_task_holds(kernel: Kernel[Any]) -> Violations:
    """A task that lives has set it by capabilities of its own that still allow it."""
    for name, task, alive in tasks(kernel):
        deadline = task.deadline
        if deadline is None:
            continue
        if not alive or task.has_ended() or task.state is TaskState.INACTIVE:
            yield f"{name}: {task.state}, alive {alive}, and has a deadline"
        yield from _is_set_rightly(kernel, name, task, deadline)


def _is_set_rightly(kernel: Kernel[Any], name: str, task: Task, deadline: Deadline) -> Violations:
    by, signals = deadline.by, deadline.signals
    if by.table is not task.capabilities or by.capability is None:
        yield f"{name}: a deadline by a capability that is not its own, or is gone"
    elif not isinstance(by.held().object, Clock) or Rights.ARM not in by.held().rights:
        yield f"{name}: a deadline by a capability that does not allow it"
    if signals is None:
        return
    if signals.table is not task.capabilities or signals.capability is None:
        yield f"{name}: a deadline that signals by a capability that is not its own, or is gone"
        return
    held = signals.held()
    if not isinstance(held.object, NotificationHandle) or Rights.NOTIFY not in held.rights:
        yield f"{name}: a deadline that signals by a capability that does not allow it"
    elif object_of(kernel, held.object) is None:
        yield f"{name}: a deadline that signals what is gone"


def what_something_is_set_by_is_armed(kernel: Kernel[Any]) -> Violations:
    """A capability by which a deadline was set, or a line bound: else it would go, and leave that behind."""
    deadlines = [(name, task.deadline) for name, task, _ in tasks(kernel)]
    bindings = [(f"line {int(line.number)}", line.bound) for line in kernel.lines]
    for name, what in (*deadlines, *bindings):
        if what is not None and not (what.by.armed and (what.signals is None or what.signals.armed)):
            yield f"{name}: set by a capability that is not armed"


def who_may_time_out_is_not_let_run_at_once(kernel: Kernel[Any]) -> Violations:
    """A task is less urgent than any reach while its deadline ends a wait, and else as urgent as its priority says."""
    for name, task, _ in tasks(kernel):
        deadline = task.deadline
        ends_a_wait = deadline is not None and deadline.signals is None
        if task.urgency != (NOT_AT_ONCE if ends_a_wait else task.priority):
            yield f"{name}: urgency {task.urgency} of {task.priority}, and its deadline ends a wait {ends_a_wait}"


def a_turn_passes_while_somebody_waits_for_the_next(kernel: Kernel[Any]) -> Violations:
    """A turn does not pass only while nobody is ready within its reach; and it is to be interrupted while it passes."""
    core, board = kernel.scheduler.core, kernel.board
    if kernel.scheduler.slice == 0 or kernel.limit_reached:
        return
    ends = isinstance(board, MemoryBoard) and board.turn_end is not None
    if core.current is None:
        if ends and kernel.waits():
            yield "nobody is ready, and a turn is to be interrupted"
        return
    if core.untimed and core.most_urgent() < core.reach:
        yield f"priority {core.most_urgent()} is ready, and a turn with reach {core.reach} does not pass"
    if isinstance(board, MemoryBoard) and ends is core.untimed:
        yield f"a turn is to be interrupted {ends}, and does not pass {core.untimed}"
