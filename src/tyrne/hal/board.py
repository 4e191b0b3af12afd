"""What the kernel asks of a board. Each machine is one class that offers all of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar

from tyrne.hal.frame import Call, ThreadState, TrapFrame
from tyrne.hal.interrupt import Interrupt
from tyrne.hal.pages import PageFormat
from tyrne.lang import u8, u16, u32, u64


class PhysicalMemory(Protocol):
    """RAM by physical address. The kernel passes only addresses inside the board's RAM."""

    def read8(self, address: u64) -> u8: ...

    def write8(self, address: u64, value: u8) -> None: ...

    def read64(self, address: u64) -> u64:
        """The 64-bit word at an 8-byte aligned address."""
        ...

    def write64(self, address: u64, value: u64) -> None:
        """Store a 64-bit word at an 8-byte aligned address; one store, so a table walk sees old or new."""
        ...

    def zero(self, address: u64, length: u64) -> None:
        """Store zeros in whole pages of `length` bytes."""
        ...

    def copy(self, target: u64, source: u64, length: u64) -> None:
        """Copy `length` bytes between ranges that do not overlap."""
        ...


class Translation(Protocol):
    """How the CPU translates user addresses: which tables it walks and what it has cached of them."""

    @property
    def page_format(self) -> PageFormat: ...

    def activate(self, root: u64, asid: u16) -> None:
        """Translate user addresses through the root table at `root`, tagged with `asid`."""
        ...

    def table_zeroed(self) -> None:
        """Let no table walk that finds what is stored next find what a new table held before (DSB ISHST)."""
        ...

    def tables_written(self) -> None:
        """Make stores to tables visible to the table walk (DSB ISHST, ISB)."""
        ...

    def code_written(self, address: u64, length: u64) -> None:
        """Make stores to RAM from a physical address on, whole pages, visible to instruction fetch by whatever address
        (DC CVAU of each line, DSB ISH, IC IALLU, DSB ISH, ISB)."""
        ...

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        """Forget the translations of pages in a row in one address space, and the tables on the way (TLBI VAE1)."""
        ...

    def invalidate_space(self, asid: u16) -> None:
        """Forget every translation of one address space (TLBI ASIDE1)."""
        ...


class TableMemory(PhysicalMemory, Translation, Protocol):
    """RAM, and what of it are page tables."""


class Output(Protocol):
    """Where bytes leave the machine. Never blocks for ever: a byte that cannot be sent is dropped."""

    def put_log(self, byte: u8) -> None:
        """A byte of the kernel's own lines."""
        ...

    def put_console(self, task: u32, byte: u8) -> None:
        """A byte that a task wrote through its debug console."""
        ...


class Clock(Protocol):
    """The virtual counter."""

    def frequency(self) -> u64:
        """Ticks of the counter per second, above zero."""
        ...

    def ticks(self) -> u64:
        """The counter now; it never goes back. A record has what it was, where that does not follow from the rest."""
        ...

    def arm_limit(self, instructions: u64) -> None:
        """Interrupt the run after about this many instructions from now."""
        ...

    def prepare_turns(self, instructions: u64) -> u64:
        """Be ready to interrupt turns. How many counts of the turn clock so many instructions take, above zero and as
        nearly as the machine can tell."""
        ...

    def turn_clock(self) -> u64:
        """What turns are measured by, in counts of the machine's own; it never goes back."""
        ...

    def arm_turn(self, end: u64 | None) -> None:
        """Interrupt the running turn, once, when the turn clock has reached `end`, or now if it has; None for never. An
        earlier `end` counts no more."""
        ...

    def arm_alarm(self, at: u64 | None) -> None:
        """Raise the alarm, once, when the counter has reached `at`, or now if it has; None for never. An earlier `at`
        counts no more."""
        ...

    def wait_for_interrupt(self) -> None:
        """Nobody is ready: let the processor rest until an interrupt is pending, which it does not take."""
        ...

    def interrupt_pending(self) -> bool:
        """Whether an interrupt waits to be taken. The kernel asks after each step of long work."""
        ...

    def acknowledge_interrupt(self) -> Interrupt:
        """Take and complete one interrupt: the limit first, a device last; its line is masked. Others that are due stay
        pending."""
        ...

    def raised_line(self) -> u32:
        """Which line it was, of the interrupt of a device that was taken last."""
        ...

    def unmask_line(self, line: u32) -> None:
        """Let a device interrupt: at once, if its line is raised."""
        ...

    def mask_line(self, line: u32) -> None:
        """Let a device not interrupt any more."""
        ...


class Threads(Protocol):
    """What of a thread the vectors do not save at each trap."""

    def switch_thread(self, old: ThreadState | None, new: ThreadState) -> None:
        """Store the CPU's thread pointer (and FP/SIMD registers, if used) to `old`, and load those of `new`."""
        ...

    def open_floating(self, state: ThreadState) -> None:
        """Give the running thread the FP/SIMD unit at its first use, all registers zero."""
        ...

    def call_from_kernel(self, frame: TrapFrame) -> None:
        """Trap into the kernel from EL1 (SVC at EL1, vector +0x200) with x0 to x8 of `frame`, and store x0 to x7."""
        ...


@dataclass(frozen=True)
class Standing:
    """Where a task is that has not ended.

    `state` is a TaskState, `pc` its next instruction. What it waits for is a CapKind, 0 for nothing that has a name,
    and which one: its place among those of its kind and the generation there, or the number of a task.
    """

    state: u64
    pc: u64
    kind: u64 = u64(0)
    index: u64 = u64(0)
    generation: u64 = u64(0)


class FaultWords(Protocol):
    """What the two words mean by which the board describes a fault."""

    def log_fault(self, what: u64, address: u64, pc: u64) -> None:
        """The part of one of the kernel's own lines that says what a thread did, and where."""
        ...


class Tracer(Protocol):
    """Who watches a run. Tasks are named by their number in the order of creation."""

    def trace_call(self, task: u32, call: Call, frame: TrapFrame) -> None:
        """A system call returned, at once or after a wait: x0 to x7 of `frame` are its status and payload."""
        ...

    def trace_exit(self, task: u32, call: Call) -> None:
        """A task ended itself: x0 of the call is its code."""
        ...

    def trace_fault(self, task: u32, what: u64, address: u64, pc: u64, link: u64) -> None:
        """A task was ended by a fault: the two words that describe it, where it stood, and its link register."""
        ...

    def trace_end(self, task: u32, code: u64) -> None:
        """A task was ended with a code by another one, or because nothing names it any more."""
        ...

    def trace_standing(self, task: u32, standing: Standing) -> None:
        """The run is over, and the task has not ended."""
        ...


class Board(TableMemory, Output, Clock, Threads, FaultWords, Tracer, Protocol):
    """A whole machine."""


B = TypeVar("B", bound=Board)
"""The board that a kernel is built for."""
