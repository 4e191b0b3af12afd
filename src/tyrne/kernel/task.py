"""Tasks: a thread of user code with the authority and the memory that it acts with; and the queues that they stand in.

| state     | meaning                 | queue                  | ends by                                           |
|-----------|-------------------------|------------------------|---------------------------------------------------|
| INACTIVE  | made, never yet started | -                      | resume, end                                       |
| READY     | runs, or wants to       | a ready queue          | hold, wait, send, call, suspend, fault, exit, end |
| SENDING   | waits for a receiver    | the endpoint's senders | configure, receive, cancel, suspend, end          |
| RECEIVING | waits to receive        | receivers, or waiters  | arrive, notice, cancel, suspend, end              |
| CALLING   | waits for an answer     | -                      | configure, reply, cancel, suspend, end            |
| SUSPENDED | somebody stopped it     | -                      | configure, resume, end                            |
| EXITED    | ended                   | senders, for a notice  | create, configure                                 |
| FAULTED   | ended by a fault        | -                      | create, configure                                 |
| ENDING    | has things to give back | ready, or -            | over                                              |

What these words mean, and what state comes next, is in docs/task-states.md.
A fault with a supervisor makes a READY task SENDING or CALLING, what it offers being the fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.abi import TaskState
from tyrne.hal.frame import ThreadState, TrapFrame
from tyrne.hal.manifest import NAME_LENGTH
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.deadline import NOT_AT_ONCE, Deadline
from tyrne.kernel.life import Life
from tyrne.kernel.user_memory import UserWindow
from tyrne.kernel.work import Work
from tyrne.lang import Array, inline, u8, u32, u64


class Offer(Enum):
    """What a task in a queue of senders has to say, and who gets its answer."""

    NOTHING = 0
    MESSAGE = 1
    CALL = 2
    FAULT = 3
    EXIT = 4


@dataclass(frozen=True)
class Fault:
    """What a task did, in the board's words; the address that it is about, or 0; and where the task stood."""

    what: u64
    address: u64
    pc: u64


@dataclass(frozen=True)
class Context:
    """What a task's system calls act with: its table, its window, and the name of the address space that it lives in.
    A task has all of it or none."""

    table: CapTable
    window: UserWindow
    space: AddressSpaceHandle


def whole_context(table: CapTable | None, window: UserWindow | None, at: AddressSpaceHandle | None) -> Context | None:
    """The context that the three make; none unless all three are there."""
    return None if table is None or window is None or at is None else Context(table, window, at)


class TaskQueue:
    """First in, first out, linked through the tasks. A task is in one queue at most, and knows in which."""

    def __init__(self) -> None:
        self.head: Task | None = None
        self.tail: Task | None = None

    def push(self, task: Task) -> None:
        """Put a task behind all others."""
        tail = self.tail
        if tail is None:
            self.head = task
        else:
            tail.next = task
        self.tail = task
        task.queue = self

    def push_front(self, task: Task) -> None:
        """Put a task before all others."""
        task.next = self.head
        self.head = task
        if self.tail is None:
            self.tail = task
        task.queue = self

    def pop(self) -> Task | None:
        """Take the first task out; None when there is none."""
        task = self.head
        if task is not None:
            self.head = task.next
            if task.next is None:
                self.tail = None
            task.next = None
            task.queue = None
        return task

    def remove(self, task: Task) -> None:
        """Take a task of this queue out, wherever it stands."""
        assert task.queue is self
        before: Task | None = None
        at = self.head
        while at is not task:
            assert at is not None
            before = at
            at = at.next
        if before is None:
            self.head = task.next
        else:
            before.next = task.next
        if self.tail is task:
            self.tail = before
        task.next = None
        task.queue = None


class Task:
    """One thread."""

    def __init__(self) -> None:
        self.frame: TrapFrame = TrapFrame()
        self.life: Life = Life()
        self.number: u32 = u32(0)
        """How many tasks there were before it, modulo 2^32: those of the manifest come first, in its order. Only logs
        and reports use it."""
        self.name: Array[u8] = Array.filled(NAME_LENGTH, u8(0))
        self.state: TaskState = TaskState.INACTIVE
        self.serves: bool = False
        """Whether the run is over although it waits, once all have ended that do not serve."""
        self.priority: u64 = u64(0)
        self.used: u64 = u64(0)
        """What it has used of its next turn already: before it was interrupted, or by overrunning an earlier one."""
        self.reach: u64 = u64(0)
        """While its turn is interrupted, that of the turn; else 0."""
        self.context: Context | None = None
        """None while it lives in no address space."""
        self.home: CapSlot = CapSlot()
        """The address space that the task lives in, which lives as long as it does."""
        self.supervisor: CapSlot = CapSlot()
        """The endpoint that hears of its faults and its exit; the badge says whose they are."""
        self.exit_code: u64 = u64(0)
        self.fault: Fault | None = None
        self.outcome: TaskState = TaskState.INACTIVE
        """While it is ENDING: what it is to be next."""
        self.spent: bool = False
        """Ended, and who waits for it not yet released."""
        self.deadline: Deadline | None = None
        self.urgency: u64 = u64(0)
        """Its priority; while its deadline ends a wait NOT_AT_ONCE, so that nobody lets it run in his own place."""
        self.work: Work | None = None
        """What it has to do before it goes on."""
        self.next: Task | None = None
        """The task behind this one in the queue that holds it."""
        self.queue: TaskQueue | None = None
        self.offer: Offer = Offer.NOTHING
        self.through: CapSlot | None = None
        """The capability by which it waits."""
        self.reply: CapSlot | None = None
        """The capability by which it is answered."""
        self.thread: ThreadState = ThreadState()
        self.capabilities: CapTable = CapTable()

    def bind(self, space: AddressSpaceHandle, base: u64, entry: u64, stack_top: u64, table: CapTable | None) -> None:
        """Give the task its context and its first registers: all zero but PC and SP.

        The window reaches from `base` to the stack's top; a reversed pair gives an empty one.
        """
        self.renew()
        self.frame.pc = entry
        self.frame.sp = stack_top
        window = UserWindow(base, stack_top - base if stack_top > base else u64(0))
        self.context = whole_context(table, window, space)

    def renew(self) -> None:
        """Nothing of an earlier life, or of another task's, is left for the task to see, or to be seen of it."""
        self.frame.clear()
        self.thread.clear()
        self.exit_code = u64(0)
        self.fault = None
        self.become(TaskState.INACTIVE)

    @inline
    def become(self, state: TaskState) -> None:
        """Every change of a task's state, and nothing else: docs/task-states.md has those that there are."""
        self.state = state

    def set_priority(self, priority: u64) -> None:
        self.priority = priority
        if self.urgency != NOT_AT_ONCE:
            self.urgency = priority

    def forget_offer(self) -> None:
        """The task waits for nothing any more."""
        self.offer = Offer.NOTHING
        self.through = None
        self.reply = None

    def has_ended(self) -> bool:
        """Whether it will not run any more in this life, and has given back what it held, or is at it."""
        return self.state is TaskState.EXITED or self.state is TaskState.FAULTED or self.state is TaskState.ENDING

    def awaits_repair(self) -> bool:
        """Whether it waits for its supervisor to do something about its fault."""
        return self.offer is Offer.FAULT

    def waits(self) -> bool:
        """Whether it is in a wait of its own: for a repair others wait."""
        state = self.state
        in_wait = state is TaskState.SENDING or state is TaskState.RECEIVING or state is TaskState.CALLING
        return in_wait and not self.awaits_repair()

    def stands_still(self) -> bool:
        """Whether its registers stay as they are until somebody resumes it."""
        return self.state is TaskState.INACTIVE or self.state is TaskState.SUSPENDED or self.awaits_repair()
