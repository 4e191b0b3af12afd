"""A hosted machine whose interrupts come where a record of another machine says, not after counts of instructions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tyrne.hal.aarch64.syndrome import FaultKind, fault_kind
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.cpu import INTERRUPTED, NO_LIMIT, Stop
from tyrne.hosted.happened import InterruptEvent
from tyrne.hosted.loading import ram_size
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.kernel.task import Task
from tyrne.lang import u64

_BEFORE_AN_INSTRUCTION: Final = (FaultKind.INSTRUCTION_ABORT, FaultKind.PC_ALIGNMENT)
"""Faults of the fetch: no instruction has begun."""


class RecordedBoard(HostedBoard):
    """Takes interrupts from a list. What the kernel arms has no effect: the list is what came of it."""

    def __init__(
        self, recorder: Recorder, ram_size: int, interrupts: Sequence[InterruptEvent], readings: Sequence[int]
    ) -> None:
        super().__init__(recorder, ram_size)
        self.interrupts: Final = interrupts
        self.readings: Final = readings
        """Of the clock."""
        self.read = 0
        self.taken = 0
        self.traps = 0
        """Synchronous ones from EL0."""
        self.steps = 0
        """Of the kernel's long work since the last of them."""

    def arm_limit(self, instructions: u64) -> None: ...

    def arm_turn(self, end: u64 | None) -> None: ...

    def arm_alarm(self, at: u64 | None) -> None: ...

    def wait_for_interrupt(self) -> None: ...

    def ticks(self) -> u64:
        """What the clock said then; in a record that breaks off, what it said last. Older records do not have it."""
        if not self.readings:
            return super().ticks()
        if self.read < len(self.readings):
            self.read += 1
        return u64(self.readings[self.read - 1])

    @property
    def next(self) -> InterruptEvent | None:
        """The interrupt that comes next."""
        return self.interrupts[self.taken] if self.taken < len(self.interrupts) else None

    def interrupt_pending(self) -> bool:
        self.steps += 1
        event = self.next
        return event is not None and (event.traps, event.steps) == (self.traps, self.steps)

    def acknowledge_interrupt(self) -> Interrupt:
        event = self.interrupts[self.taken]
        self.acknowledged, self._raised = event.kind, event.line
        self.taken += 1
        return self.acknowledged


class RecordedMachine(HostedMachine):
    """One run of one system with the interrupts of another run of it."""

    def __init__(
        self,
        manifest: bytes,
        recorder: Recorder,
        debug_console: bool,
        interrupts: Sequence[InterruptEvent],
        readings: Sequence[int],
    ) -> None:
        self._interrupts: Final = RecordedBoard(recorder, ram_size(manifest), interrupts, readings)
        super().__init__(manifest, recorder, debug_console, self._interrupts)
        self._trapped_at = 0
        """The count of instructions at the last synchronous trap."""

    @property
    def used_up(self) -> bool:
        """Whether every interrupt has come."""
        return self._interrupts.next is None

    def works(self) -> bool:
        """The record says what comes."""
        return True

    def until_interrupt(self) -> int:
        board, event = self._interrupts, self._interrupts.next
        if event is None or event.traps != board.traps or event.steps:
            return NO_LIMIT
        return max(0, self._trapped_at + event.instructions - board.cpu.instructions)

    def execute(self, task: Task, limit: int, pause: bool = False) -> Stop:
        """As on any machine an interrupt that is due comes before the next instruction is fetched."""
        if limit == 0:
            return INTERRUPTED
        due_at = self.board.cpu.instructions + self.until_interrupt()
        stop = super().execute(task, limit, pause)
        if stop.vector is not Vector.SYNCHRONOUS:
            return stop
        instructions = self.board.cpu.instructions
        if instructions == due_at and fault_kind(u64(stop.syndrome)) in _BEFORE_AN_INSTRUCTION:
            return INTERRUPTED
        self._interrupts.traps += 1
        self._interrupts.steps = 0
        self._trapped_at = instructions
        return stop
