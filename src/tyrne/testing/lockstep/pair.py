"""Two kernels side by side, one in CPython and one compiled: each trap is taken by both, what they do is compared."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from tyrne.compiler.build.compare import Comparer
from tyrne.compiler.build.host import CountingLibrary
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.frame import Vector
from tyrne.lang import u64
from tyrne.testing.lockstep.agreement import compiled, interpreted
from tyrne.testing.lockstep.counted_work import Counts
from tyrne.testing.lockstep.journal_board import Record
from tyrne.testing.lockstep.sides import NO_TASK, RAM_SIZE, TASKS, NativeSide, PythonSide
from tyrne.testing.lockstep.step import Step

IMAGE: Final = 0x4008_0000
END_OF_TIME: Final = 1 << 60
"""In instructions: nobody waits for what comes later."""
EVERYTHING: Final = "comparison of everything"

_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


class DisagreementError(AssertionError):
    """The two kernels differ."""


class PanicError(AssertionError):
    """A check of the kernel has failed, on both sides alike: a task can stop the machine."""


class UnfairError(AssertionError):
    """Both kernels let another task run than the most urgent one that is ready."""


class ForbiddenChangeError(AssertionError):
    """A task has changed its state as the table of its states has not."""


class Pair:
    """Both kernels, for one system after the other. Tasks are numbered by their places in the kernel's arena.

    A pair that counts has the compiled kernel count its edges: `library` has counters then.
    """

    def __init__(self, debug_console: bool, counting: bool = False) -> None:
        self.python: Final = PythonSide(debug_console)
        self.native: Final = NativeSide(debug_console, counting)
        self._state: Final = Comparer(self.native.native.library, {"KERNEL": self.python.kernel}, {"Kernel.board"})
        self.current = NO_TASK
        self.stopped = False
        """Nothing is left to run, nor to wait for."""
        self.records: list[Record] = []
        """What the last step put into the journal."""
        self.work = Counts()
        """What long work the kernel did in the last step."""

    def start(self, manifest: bytes, ticks: int = 0, compare: bool = True) -> None:
        """Boot a system, whatever was before. `ticks` is the seed of those that come between the steps of long work, 0
        for none. Not to `compare` everything is for what is known to boot alike."""
        for side in self.python, self.native:
            side.reset()
            if ticks:
                side.draw_ticks(ticks)
        self.current = NO_TASK
        self.stopped = False
        end = IMAGE + len(manifest)
        start = self.native.ram.start
        info = BootInfo(u64(start), u64(start + RAM_SIZE), u64(IMAGE), u64(end), u64(IMAGE))
        for ram in self.python.board, self.native.ram:
            ram.bytes[IMAGE - start : end - start] = manifest
        self._switch("boot", lambda side: side.boot(info))
        if compare:
            self.compare_all("boot")

    def until_interrupt(self) -> int:
        """How long it takes, in instructions, until the board interrupts; 0 when it does at once, or never."""
        board = self.python.board
        at = board.deadlines.earliest()
        return 0 if at is None else max(0, int(at) - board.instructions)

    def take(self, step: Step) -> None:
        """The current task does a step; result, journal and the registers of who trapped and who runs are compared.

        An interrupt is that of the line which is its syndrome, if that is open and nothing else is due. While nobody is
        ready there is nobody to do anything: an interrupt comes, the next that the board raises, or after so many
        instructions, of which none is due then.
        """
        before = self.current
        if before == NO_TASK:
            after = step.instructions if step.vector is Vector.IRQ else self.until_interrupt()
            step = Step(after, {}, Vector.IRQ, step.syndrome if step.vector is Vector.IRQ else self.open_line(), 0)
        self._raise(step.syndrome if step.vector is Vector.IRQ else 0)
        self.python.board.instructions += step.instructions
        self.native.native.set_instructions(self.python.board.instructions)
        if before != NO_TASK:
            self.python.set_registers(before, step.registers)
            self.native.set_registers(before, step.registers)
        self._switch(step, lambda side: side.trap(step))
        for task in {before, self.current} - {NO_TASK}:
            self._same(step, f"registers of task {task}", self.python.registers(task), self.native.registers(task))
        self._check_turn(step)
        if self.python.wrong:
            raise ForbiddenChangeError(f"{step}: {', '.join(self.python.wrong)}")

    def open_line(self) -> int:
        """The first line that the kernel lets interrupt; 0 for none."""
        return min(self.python.board.unmasked, default=0)

    def _raise(self, line: int) -> None:
        """Let a device's line be pending, if the kernel lets it interrupt; 0 for none."""
        pending = line if line in self.python.board.unmasked else 0
        self.python.board.pending_line = pending
        self.native.native.set_pending_line(pending)

    def compare_all(self, what: str = EVERYTHING) -> None:
        """Whole RAM, all registers, and the whole state of the kernel."""
        if _memcmp(self.python.board.host_address(), self.native.ram.host_address(), RAM_SIZE):
            raise DisagreementError(f"{what}: RAM differs first at {self._first_byte():#x}")
        for task in range(TASKS):
            self._same(what, f"registers of task {task}", self.python.registers(task), self.native.registers(task))
        difference = self._state.difference()
        if difference is not None:
            raise DisagreementError(f"{what}: {difference}")
        if self.stopped:
            self._same(what, "exit status", self.python.exit_status(), self.native.exit_status())

    @property
    def library(self) -> CountingLibrary:
        """The compiled kernel of a pair that counts."""
        library = self.native.native.library
        assert isinstance(library, CountingLibrary)
        return library

    def _switch(self, what: Step | str, call: Callable[[Any], int]) -> None:
        left, right = interpreted(call, self.python), compiled(call, self.native)  # type: ignore[arg-type]
        self._same(what, "result", left, right)
        self.records = self.python.board.take_records()
        self.work = self.python.kernel.take_counts()
        self._same(what, "journal", self.records, list(self.native.take_records()))
        if left[0] == "trap":
            raise PanicError(f"{what}: {left[1]} at {left[2]}:{left[3]}")
        self.current = left[1]
        waits = self.current == NO_TASK and self.python.waits()
        if self.current == NO_TASK:
            self._same(what, "whether anything is waited for", waits, self.native.waits())
        at = self.python.board.instructions + self.until_interrupt()
        self.stopped = self.current == NO_TASK and (not waits or at > END_OF_TIME)

    def _same(self, when: Step | str, what: str, python: Any, native: Any) -> None:
        if python == native:
            return
        if what == "journal":
            common = zip(python, native, strict=False)
            number = next((i for i, two in enumerate(common) if two[0] != two[1]), min(len(python), len(native)))
            raise DisagreementError(
                f"{when}: record {number} of {len(python)} and {len(native)} in the journal:\n"
                f"  CPython  {python[number:][:1]}\n  compiled {native[number:][:1]}"
            )
        raise DisagreementError(f"{when}: {what}:\n  CPython  {python}\n  compiled {native}")

    def _check_turn(self, when: Step) -> None:
        kernel = self.python.kernel
        levels = int(kernel.scheduler.core.levels)
        if kernel.limit_reached or levels == 0:
            return
        most_urgent = (levels & -levels).bit_length() - 1
        if self.current == NO_TASK or most_urgent < self.python.tasks[self.current].priority:
            raise UnfairError(f"{when}: a task of priority {most_urgent} is ready, and does not run")

    def _first_byte(self) -> int:
        pairs = zip(self.python.board.bytes, self.native.ram.bytes, strict=True)
        return self.native.ram.start + next(i for i, (left, right) in enumerate(pairs) if left != right)


@cache
def the_pair(debug_console: bool, counting: bool = False) -> Pair:
    """The pair of this process; its compiled side is a library, of which there is one."""
    return Pair(debug_console, counting)
