"""What can be debugged, as gdb's protocol and that of editors see it: a replay, or a machine that runs now.

A thread is a task, by its number; KERNEL is the kernel itself, where it can be stopped in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol

from tyrne.inspect.objects import Inspection
from tyrne.system.source_lines import Place, SourceMap

KERNEL: Final = 1 << 16
"""The number of the kernel among threads: no task has it as long as they are few."""


@dataclass(frozen=True)
class Breakpoint:
    """An instruction, by its address, and the number of the task for which it counts; None for all."""

    address: int
    task: int | None = None


@dataclass(frozen=True)
class Watch:
    """A range of a task's memory, and whether reads or writes of it count."""

    address: int
    length: int
    reads: bool
    writes: bool


class Why(Enum):
    """Why it has stopped."""

    STEP = "as far as it was to go"
    BREAKPOINT = "a task is about to execute an instruction with a breakpoint"
    WATCHPOINT = "a task is about to access watched memory; backwards, it has just done so"
    FAULT = "a task is about to do what ends it"
    WISH = "somebody wants it to stop"
    START = "the start of the run"
    END = "the end of the run"


class Stop(NamedTuple):
    why: Why
    watch: Watch | None = None
    kind: str = ""
    """Of a fault."""
    status: int | None = None
    """With which a machine has ended that is there no more."""


class Debugged(Protocol):
    """A run, at some place of it."""

    wishes: Callable[[], bool]
    """Says whether somebody wants a stop."""

    @property
    def way_back(self) -> str:
        """Empty where one can go backwards; else what is said to who wants to."""

    @property
    def panicked(self) -> bool: ...

    def numbers(self) -> list[int]:
        """The threads that there are, at least one."""

    def current(self) -> int:
        """The one that goes on from here; while nobody is ready, some one."""

    def name(self, number: int) -> str: ...

    def does(self, number: int) -> str:
        """What a thread does, and where in its program."""

    def registers(self, number: int) -> list[bytes]:
        """In the order of registers.NAMES, little-endian."""

    def pc(self, number: int) -> int: ...

    def sp(self, number: int) -> int: ...

    def place(self, number: int) -> Place | None:
        """Where in its source a thread is; None where nobody knows."""

    def sources(self) -> Iterator[tuple[int, SourceMap]]:
        """Where in sources the instructions of each thread come from."""

    def read(self, number: int, address: int, length: int) -> bytes:
        """What a thread sees in memory, up to the first byte that is not there."""

    def break_at(self, place: Breakpoint) -> bool:
        """Set a breakpoint; whether there can be one."""

    def stops(self, address: int, number: int) -> bool:
        """Whether there is a breakpoint at an instruction of a thread."""

    def watch(self, number: int, watch: Watch) -> bool:
        """Watch a range of memory as a thread sees it; whether all of it was there."""

    def forget(self, what: Breakpoint | Watch) -> None:
        """A breakpoint, or a watchpoint; nothing if there is none."""

    def count_only(self, task: int | None) -> None:
        """Let breakpoints and watchpoints be those of one task, or of all. All that was set is forgotten."""

    def output(self) -> bytes:
        """What has been written since this was asked the last time."""

    def run(self) -> Stop:
        """Forwards, at least an instruction, to the first reason to stop."""

    def step(self, number: int) -> Stop:
        """Forwards by an instruction of a thread; where it does not go on, until it does."""

    def run_back(self) -> Stop: ...

    def step_back(self, number: int) -> Stop: ...

    def look(self) -> Inspection:
        """What there is in the system here; RequestError where that cannot be told."""
