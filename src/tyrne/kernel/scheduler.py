"""The scheduler: fixed priorities, and turns among equals.

The most urgent task that is ready runs. Equals take turns of one slice: one that yields, or whose turn is over, goes
behind them. One that has to give way to a more urgent task keeps the rest of its turn, at the head of its queue. A task
that waits and releases another hands the rest of its turn on to it. What a turn lasts too long is taken off the next.

Time decides only when a turn is interrupted, and what it comes to is settled when the next one begins. So who runs
depends on the order of traps alone.
"""

from __future__ import annotations

from enum import Enum

from tyrne.abi import TaskState
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.config import PRIORITIES
from tyrne.kernel.task import Task
from tyrne.kernel.task_queue import TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import Array, bit_not, hot, saturating_add, saturating_sub, trailing_zeros, u64


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
        self.slice: u64 = u64(0)
        """How long a turn is, in counts of the board's turn clock; 0 when only its task ends it."""
        self.began: u64 = u64(0)
        """When the running turn began, or would have without the interruptions."""
        self.reach: u64 = u64(0)
        """The running turn is handed on only to tasks whose priority is a smaller number: those at least as urgent as
        who began it."""
        self.left: Task | None = None
        """Who had the running turn until this trap took `current`, whose turn is yet to begin, from its queue."""

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

    @hot
    def make_ready(self, task: Task) -> None:
        """Queue a task behind its equals."""
        task.state = TaskState.READY
        self.ready[task.priority].push(task)
        self.levels = self.levels | u64(1) << task.priority

    @hot
    def withdraw(self, task: Task) -> None:
        """Take a ready task out: it does not run on. If it was interrupted, that turn is over."""
        if task is self.current:
            self._leave_turn()
        else:
            self.ready[task.priority].remove(task)
            self._note(task.priority)
            if task.reach != 0:
                task.used = saturating_sub(task.used, self.slice)
                task.reach = u64(0)

    def start(self) -> None:
        """Make the first ready task the current one."""
        self._leave_turn()

    @hot
    def yield_now(self) -> SchedError | None:
        """Put the current task behind its equals; alone, it goes on with its turn."""
        task = self.current
        if task is None:
            return SchedError.NO_CURRENT_TASK
        if self.ready[task.priority].head is None:
            return None
        self.make_ready(task)
        self._leave_turn()
        return None

    @hot
    def preempt(self) -> None:
        """Let who has become ready run if nobody does, or if it is more urgent than the current task, which keeps the
        rest of its turn."""
        task = self.current
        if task is None:
            self._leave_turn()
        elif trailing_zeros(self.levels) < task.priority:
            self.ready[task.priority].push_front(task)
            self.levels = self.levels | u64(1) << task.priority
            if self.left is None:
                task.reach = self.reach
            self._leave_turn()

    @hot
    def switch(self, partner: Task | None) -> None:
        """The current task waits. The one that it has just released has the rest of the turn, unless a more urgent one
        is ready, or a more urgent one began the turn."""
        if partner is None:
            self._leave_turn()
        elif trailing_zeros(self.levels) < partner.priority or partner.priority >= self.reach:
            self.make_ready(partner)
            self._leave_turn()
        else:
            partner.state = TaskState.READY
            self.current = partner

    def stop(self) -> None:
        """Nothing runs from here on; the tasks keep their states."""
        self.current = None

    @hot
    def begin_turn(self, task: Task, now: u64) -> u64:
        """The turn that this trap has left is settled, and that of the current task begins; when it is to end.

        A task that overran has that much of its next turn used already; if that is all, it is interrupted at once.
        """
        left = self.left
        if left is not None:
            left.used = left.used + (now - self.began)
            if left.reach == 0:
                left.used = saturating_sub(left.used, self.slice)
        self.reach = max(task.reach, task.priority + 1)
        self.began = now - task.used
        task.used = u64(0)
        task.reach = u64(0)
        self.left = None
        return saturating_add(self.began, self.slice)

    def _leave_turn(self) -> None:
        """Somebody else than the current task has a turn, which is begun when all that this trap does is done."""
        if self.left is None:
            self.left = self.current
        self.current = self._pick()

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
