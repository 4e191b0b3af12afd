"""The scheduler: fixed priorities, and turns among equals.

The most urgent task that is ready runs. Equals take turns: one that yields, or whose slice ends, goes behind them. One
that has to give way to a more urgent task keeps its turn, at the head of its queue.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from tyrne.kernel.abi import TaskState
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.task import Task
from tyrne.kernel.task_queue import TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import Array, bit_not, trailing_zeros, u64

PRIORITIES: Final = 16
"""0 is the most urgent."""


class SchedError(Enum):
    """Why the scheduler refused."""

    NO_CURRENT_TASK = 1
    ALREADY_REGISTERED = 2


class Scheduler:
    """The queues of ready tasks, one for each priority, and the one task that runs. `current` is in no queue."""

    def __init__(self) -> None:
        self.current: Task | None = None
        self.ready: Array[TaskQueue] = Array.of(PRIORITIES, lambda _: TaskQueue())
        self.levels: u64 = u64(0)
        """Bit n is set while queue n has tasks."""

    def add_user_task(
        self, task: Task, space: AddressSpaceHandle, base: u64, entry: u64, stack_top: u64, table: CapTable | None
    ) -> SchedError | None:
        """Bind a task to its context and queue it. Without a table it runs, but each of its calls fails closed."""
        if task.state is not TaskState.INACTIVE:
            return SchedError.ALREADY_REGISTERED
        assert stack_top % 16 == 0
        task.bind(space, base, entry, stack_top, table)
        self.make_ready(task)
        return None

    def make_ready(self, task: Task) -> None:
        """Queue a task behind its equals."""
        task.state = TaskState.READY
        self.ready[task.priority].push(task)
        self.levels = self.levels | u64(1) << task.priority

    def withdraw(self, task: Task) -> None:
        """Take a ready task out: it does not run on."""
        if task is self.current:
            self.current = self._pick()
        else:
            self.ready[task.priority].remove(task)
            self._note(task.priority)

    def start(self) -> None:
        """Make the first ready task the current one."""
        self.current = self._pick()

    def yield_now(self) -> SchedError | None:
        """Put the current task behind its equals; alone, it goes on."""
        task = self.current
        if task is None:
            return SchedError.NO_CURRENT_TASK
        if self.ready[task.priority].head is None:
            return None
        self.make_ready(task)
        self.current = self._pick()
        return None

    def preempt(self) -> None:
        """Let a more urgent task that has become ready run; the current one keeps its turn."""
        task = self.current
        if task is not None and trailing_zeros(self.levels) < task.priority:
            self.ready[task.priority].push_front(task)
            self.levels = self.levels | u64(1) << task.priority
            self.current = self._pick()

    def resume(self) -> None:
        """Let the most urgent task run after some have ended, and others were released by that."""
        if self.current is None:
            self.current = self._pick()
        else:
            self.preempt()

    def switch(self, partner: Task | None) -> None:
        """The current task waits. The one that it has just released runs, unless a more urgent one is ready."""
        if partner is None:
            self.current = self._pick()
        elif trailing_zeros(self.levels) < partner.priority:
            self.make_ready(partner)
            self.current = self._pick()
        else:
            partner.state = TaskState.READY
            self.current = partner

    def stop(self) -> None:
        """Nothing runs from here on; the tasks keep their states."""
        self.current = None

    def _pick(self) -> Task | None:
        """Take the first of the most urgent ready tasks out of its queue; None when none is ready."""
        if self.levels == 0:
            return None
        level = trailing_zeros(self.levels)
        task = self.ready[level].pop()
        self._note(level)
        return task

    def _note(self, level: u64) -> None:
        """Clear the bit of a queue that has become empty."""
        if self.ready[level].head is None:
            self.levels = self.levels & bit_not(u64(1) << level)

    def current_user_table(self) -> CapTable | None:
        task = self.current
        return None if task is None else task.table

    def current_address_space_handle(self) -> AddressSpaceHandle | None:
        task = self.current
        return None if task is None else task.space

    def current_user_window(self) -> UserWindow | None:
        task = self.current
        return None if task is None else task.window
