"""The scheduler: fixed priorities, and turns among equals.

The most urgent task that is ready runs. Equals take turns of one slice: one that yields, or whose turn is over, goes
behind them. One that has to give way to a more urgent task keeps the rest of its turn, at the head of its queue. A task
that waits and releases another hands the rest of its turn on to it. What a turn lasts too long is taken off the next.

Time decides only when a turn is interrupted, and what it comes to is settled when the next one begins. So who runs
depends on the order of traps alone.
"""

from __future__ import annotations

from tyrne.abi import Status, TaskState
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.core import Core
from tyrne.kernel.task import Task
from tyrne.kernel.user_memory import UserWindow
from tyrne.kernel.work import Work
from tyrne.lang import hot, inline, saturating_add, saturating_sub, u64


class Scheduler:
    """Who runs next on a processor."""

    def __init__(self) -> None:
        self.core: Core = Core()
        self.slice: u64 = u64(0)
        """How long a turn is, in counts of the board's turn clock; 0 when only its task ends it."""

    def add_user_task(
        self, task: Task, space: AddressSpaceHandle, base: u64, entry: u64, stack_top: u64, table: CapTable | None
    ) -> Status:
        """Bind a task to its context and queue it. Without a table it runs, but each of its calls fails closed."""
        if task.state is not TaskState.INACTIVE:
            return Status.BAD_STATE
        assert stack_top % 16 == 0
        task.bind(space, base, entry, stack_top, table)
        self.make_ready(task)
        return Status.OK

    @hot
    def make_ready(self, task: Task) -> None:
        """Queue a task behind its equals."""
        task.become(TaskState.READY)
        self.core.enqueue(task)

    def withdraw(self, task: Task) -> None:
        """Take a ready task out: it does not run on. If it was interrupted, that turn is over."""
        if task is self.core.current:
            self._leave_turn()
        else:
            self.core.dequeue(task)
            if task.reach != 0:
                task.used = saturating_sub(task.used, self.slice)
                task.reach = u64(0)

    @hot
    def rotate(self, task: Task) -> None:
        """Put the current task behind its equals; alone, it goes on with its turn."""
        if self.core.ready[task.priority].head is not None:
            self.give_way(task)

    @inline
    def give_way(self, task: Task) -> None:
        """Put the current task behind its equals, of which one at least is ready."""
        self.core.enqueue(task)
        self._leave_turn()

    @hot
    def preempt(self) -> None:
        """Let who has become ready run if nobody does, or if it is more urgent than the current task, which keeps the
        rest of its turn."""
        task = self.core.current
        if task is None:
            self._leave_turn()
        elif self.core.most_urgent() < task.priority:
            self.core.enqueue_first(task)
            if self.core.left is None:
                task.reach = self.core.reach
            self._leave_turn()

    def switch(self, partner: Task | None) -> None:
        """The current task waits. The one that it has just released has the rest of the turn, unless a more urgent one
        is ready, or a more urgent one began the turn."""
        if partner is None:
            self._leave_turn()
        elif self.core.most_urgent() < partner.priority or partner.priority >= self.core.reach:
            self.make_ready(partner)
            self._leave_turn()
        else:
            partner.become(TaskState.READY)
            self.core.current = partner

    def owe(self, work: Work | None) -> None:
        """Who made the trap has this to do, if it is anything, before it goes on, unless it has work already."""
        task = self.core.entered
        if task is not None and task.work is None:
            task.work = work

    @inline
    def somebody_waits(self) -> bool:
        """Whether a turn that does not pass is to pass: somebody has become ready who would have the next one."""
        return self.core.untimed and self.core.most_urgent() < self.core.reach

    @hot
    def begin_turn(self, task: Task, now: u64) -> u64 | None:
        """The turn that this trap has left is settled, and that of the current task begins; when it is to end, or None
        while nobody is ready who would have the next one: then it does not pass.

        A task that overran has that much of its next turn used already; if that is all, it is interrupted at once.
        """
        self.settle(now)
        core = self.core
        core.reach = max(task.reach, task.priority + 1)
        core.began = now - task.used
        core.untimed = core.most_urgent() >= core.reach
        task.used = u64(0)
        task.reach = u64(0)
        return None if core.untimed else saturating_add(core.began, self.slice)

    @inline
    def settle(self, now: u64) -> None:
        """The turn that this trap has left, if it has left one, is over."""
        left = self.core.left
        self.core.left = None
        if left is not None and not self.core.untimed:
            left.used = left.used + (now - self.core.began)
            if left.reach == 0:
                left.used = saturating_sub(left.used, self.slice)

    def pass_turn(self, now: u64) -> u64:
        """The running turn passes from now on; when it is to end."""
        self.core.untimed = False
        self.core.began = now
        return saturating_add(now, self.slice)

    def _leave_turn(self) -> None:
        """Somebody else than the current task has a turn, which is begun when all that this trap does is done."""
        if self.core.left is None:
            self.core.left = self.core.current
        self.core.current = self.core.pick()

    def current_user_table(self) -> CapTable | None:
        task = self.core.current
        return None if task is None or task.context is None else task.context.table

    def current_address_space_handle(self) -> AddressSpaceHandle | None:
        task = self.core.current
        return None if task is None or task.context is None else task.context.space

    def current_user_window(self) -> UserWindow | None:
        task = self.core.current
        return None if task is None or task.context is None else task.context.window
