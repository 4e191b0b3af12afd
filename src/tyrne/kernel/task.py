"""Tasks: a thread of EL0 with the authority and the memory that it acts with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.hal.frame import ThreadState, TrapFrame
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import Array, u8, u32, u64

NAME_LENGTH: Final = 32


class TaskState(Enum):
    """Where a task is in its life."""

    INACTIVE = 0
    """Created, not yet given to the scheduler."""
    READY = 1
    """Running, or in the queue to run."""
    EXITED = 2
    FAULTED = 3


@dataclass(frozen=True)
class Fault:
    """Why a task was ended: ESR_EL1, FAR_EL1 (0 where the exception has none) and ELR_EL1."""

    syndrome: u64
    address: u64
    pc: u64


class Task:
    """One thread.

    `space`, `table` and `window` are the context of its system calls: the gate takes all three or none. `table` is
    `capabilities`, once the scheduler has bound it.
    """

    def __init__(self) -> None:
        self.frame: TrapFrame = TrapFrame()
        self.thread: ThreadState = ThreadState()
        self.number: u32 = u32(0)
        self.name: Array[u8] = Array.filled(NAME_LENGTH, u8(0))
        self.state: TaskState = TaskState.INACTIVE
        self.capabilities: CapTable = CapTable()
        self.space: AddressSpaceHandle | None = None
        self.table: CapTable | None = None
        self.window: UserWindow | None = None
        self.exit_code: u64 = u64(0)
        self.fault: Fault | None = None
        self.next: Task | None = None
        """The task behind this one in the queue that holds it."""

    def unbind(self) -> None:
        """Take the context of its system calls away."""
        self.space = None
        self.table = None
        self.window = None
