"""Deadlines: what a task wants to happen at a time. Each task has one at most.

| a deadline       | when its time comes                          | goes with                                          |
|------------------|----------------------------------------------|----------------------------------------------------|
| that signals     | its bits are signalled to the notification   | either capability that it was set by, or its task  |
| that ends a wait | the wait in which its task is ends TIMED_OUT | the same, or with that wait, however that may end  |

One that ends a wait counts only while its task waits. So its time may pass before: then the next wait ends at once,
unless what it waits for is there already. A fault that waits for repair is no wait of the task's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tyrne.hal.board import B
from tyrne.kernel.cap_slot import CapSlot
from tyrne.lang import cold, inline, irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel
    from tyrne.kernel.task import Task

NOT_AT_ONCE: Final = u64(64)
"""Less urgent than any priority, and than any reach of a turn."""


@dataclass(frozen=True)
class Deadline:
    """When, in counts of the board's counter; by which clock capability it was set; to which notification, by which
    capability over it, bits are signalled, or None: then it ends a wait."""

    at: u64
    by: CapSlot
    signals: CapSlot | None
    bits: u64


def next_due(kernel: Kernel[B]) -> Task | None:
    """Whose deadline comes first of those that count; of several at one time, whose place in the arena is first."""
    first: Task | None = None
    at = u64(0)
    for i in irange(kernel.tasks.touched):
        task = kernel.tasks.items[i]
        deadline = task.deadline
        if deadline is None or (deadline.signals is None and not task.waits()):
            continue
        if first is None or deadline.at < at:
            first = task
            at = deadline.at
    return first


def set_alarm(kernel: Kernel[B]) -> None:
    """Be interrupted when the next deadline comes."""
    task = next_due(kernel)
    deadline = None if task is None else task.deadline
    kernel.board.arm_alarm(None if deadline is None else deadline.at)


@cold
def set_deadline(kernel: Kernel[B], task: Task, deadline: Deadline | None) -> None:
    """Let a task have this deadline instead of any other."""
    exchange(task, deadline)
    set_alarm(kernel)


def exchange(task: Task, deadline: Deadline | None) -> None:
    """The same, but for the alarm. While a deadline ends a wait, the fast path leaves the task alone."""
    task.deadline = deadline
    task.urgency = NOT_AT_ONCE if deadline is not None and deadline.signals is None else task.priority


@inline
def forget_deadline_by(kernel: Kernel[B], slot: CapSlot) -> None:
    """A capability goes or moves: its holder's deadline goes with it, if it was set by it."""
    task = None if slot.table is None else slot.table.owner
    deadline = None if task is None else task.deadline
    if task is not None and deadline is not None and (deadline.by is slot or deadline.signals is slot):
        set_deadline(kernel, task, None)


@inline
def forget_timeout(kernel: Kernel[B], task: Task) -> None:
    """A wait of the task's is over, or was before it had begun: a deadline that was to end it goes with it."""
    if task.urgency == NOT_AT_ONCE:
        set_deadline(kernel, task, None)
