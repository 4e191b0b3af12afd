"""The scheduler: tasks take turns in the order in which they became ready, and run until they yield or end."""

from __future__ import annotations

from enum import Enum

from tyrne.hal.frame import PSTATE_EL0T
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.task import Task, TaskState
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import saturating_sub, u64


class SchedError(Enum):
    """Why the scheduler refused."""

    NO_CURRENT_TASK = 1
    ALREADY_REGISTERED = 2


class TaskQueue:
    """A first-in, first-out queue, linked through the tasks. A task is in one queue at most."""

    def __init__(self) -> None:
        self.head: Task | None = None
        self.tail: Task | None = None

    def push(self, task: Task) -> None:
        tail = self.tail
        if tail is None:
            self.head = task
        else:
            tail.next = task
        self.tail = task

    def pop(self) -> Task | None:
        task = self.head
        if task is None:
            return None
        self.head = task.next
        if self.head is None:
            self.tail = None
        task.next = None
        return task


class Scheduler:
    """The queue of ready tasks and the one that runs. `current` is in no queue."""

    def __init__(self) -> None:
        self.ready: TaskQueue = TaskQueue()
        self.current: Task | None = None

    def add_user_task(
        self, task: Task, space: AddressSpaceHandle, base: u64, entry: u64, stack_top: u64, table: CapTable | None
    ) -> SchedError | None:
        """Bind a task to its context and queue it for its first entry, all registers but PC and SP zero.

        The window reaches from `base`, the lowest address of the image, to the stack's top; a reversed pair gives
        an empty window. Without a table the task runs, but each of its calls fails closed.
        """
        if task.state is not TaskState.INACTIVE:
            return SchedError.ALREADY_REGISTERED
        assert stack_top % 16 == 0
        task.frame.pc = entry
        task.frame.sp = stack_top
        task.frame.pstate = PSTATE_EL0T
        task.space = space
        task.table = table
        task.window = UserWindow(base, saturating_sub(stack_top, base))
        task.state = TaskState.READY
        self.ready.push(task)
        return None

    def start(self) -> None:
        """Make the first ready task the current one."""
        self.current = self.ready.pop()

    def yield_now(self) -> SchedError | None:
        """Put the current task behind the others that are ready; alone, it goes on."""
        task = self.current
        if task is None:
            return SchedError.NO_CURRENT_TASK
        self.ready.push(task)
        self.current = self.ready.pop()
        return None

    def end_current(self, state: TaskState) -> None:
        """The current task never runs again; the next one that is ready becomes current."""
        task = self.current
        assert task is not None
        task.state = state
        task.unbind()
        self.current = self.ready.pop()

    def stop(self) -> None:
        """Nothing runs from here on; the tasks keep their states."""
        self.current = None

    def current_user_table(self) -> CapTable | None:
        task = self.current
        return None if task is None else task.table

    def current_address_space_handle(self) -> AddressSpaceHandle | None:
        task = self.current
        return None if task is None else task.space

    def current_user_window(self) -> UserWindow | None:
        task = self.current
        return None if task is None else task.window
