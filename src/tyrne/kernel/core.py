"""What belongs to one processor: who runs on it, who waits for it, and what it holds of them. There is one."""

from __future__ import annotations

from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.config import PRIORITIES
from tyrne.kernel.task import Task, TaskQueue
from tyrne.lang import Array, bit_not, hot, inline, trailing_zeros, u64


class Core:
    """A processor. `current` is in no queue; every other ready task is in the queue of its priority."""

    def __init__(self) -> None:
        self.current: Task | None = None
        """Who runs, or is to run when the trap is over."""
        self.ready: Array[TaskQueue] = Array.of(PRIORITIES, lambda _: TaskQueue())
        self.levels: u64 = u64(0)
        """Bit n is set while queue n has tasks."""
        self.began: u64 = u64(0)
        """When the running turn began, or would have without the interruptions."""
        self.reach: u64 = u64(0)
        """The running turn is handed on only to tasks whose priority is a smaller number: those at least as urgent as
        who began it."""
        self.untimed: bool = False
        """Whether the running turn does not pass, because nobody was ready who would have the next one."""
        self.left: Task | None = None
        """Who had the running turn until this trap took `current`, whose turn is yet to begin, from its queue."""
        self.entered: Task | None = None
        """The task whose thread state the processor holds."""
        self.active: AddressSpace | None = None
        """The address space that the processor translates user addresses through."""

    @inline
    def enqueue(self, task: Task) -> None:
        """Put a task behind its equals."""
        self.ready[task.priority].push(task)
        self.levels = self.levels | u64(1) << task.priority

    def enqueue_first(self, task: Task) -> None:
        """Put a task before its equals."""
        self.ready[task.priority].push_front(task)
        self.levels = self.levels | u64(1) << task.priority

    def dequeue(self, task: Task) -> None:
        """Take a task out of the queue of its priority, wherever it stands there."""
        self.ready[task.priority].remove(task)
        self._note(task.priority)

    @inline
    def most_urgent(self) -> u64:
        """The priority of the most urgent task that is queued; 64 when none is."""
        return trailing_zeros(self.levels)

    @hot
    def pick(self) -> Task | None:
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
