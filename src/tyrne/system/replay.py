"""Runs again: a recorded run on the hosted machine, transition by transition, forwards and backwards.

replay = Replay.load(Path("report.json"))
replay.to(-1)  # before the last transition
replay.kernel  # the kernel as it is there
replay.back()

A position is a number of transitions: 0 is after boot, before the first task's first instruction; `length` is the end.
A transition is one trap from EL0, a system call, fault or interrupt, and the kernel's whole answer to it. On metal a
thread's first use of FP/SIMD is a trap as well; here it is none, and it does not count.
"""

from __future__ import annotations

from bdb import BdbQuit
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tyrne.hal.aarch64.syndrome import CLASS_SUPERVISOR_CALL, exception_class, has_fault_address
from tyrne.hal.exit_status import PANIC
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.cpu import NO_LIMIT, Stop
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.panic import describe
from tyrne.hosted.recorded import RecordedMachine
from tyrne.hosted.recorder import CallEvent, FaultEvent, Recorder
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import Trap, u64
from tyrne.system import kernel_source
from tyrne.system.comparison import Difference, first_difference
from tyrne.system.history import History
from tyrne.system.kernel_check import check_kernel
from tyrne.system.models import attach
from tyrne.system.record import Record, to_json
from tyrne.system.report_file import RecordedRun, read_report
from tyrne.system.run import NO_LIMIT as LONGEST
from tyrne.system.transition import Cause, Listening, Transition


class Replay:
    """A recorded run, at some position of it. Stepping back runs it anew from the start, which is exact."""

    def __init__(self, run: RecordedRun, max_instructions: int = 0) -> None:
        """`max_instructions` bounds what is repeated of each run through the record; 0 is no limit."""
        self.run: Final = run
        self.max_instructions: Final = max_instructions
        self.explainer: Final = run.explainer
        self.names: Final = run.record.task_names
        self._kept: Final = run.kept
        self._length: int | None = None
        self._next: Task | None = None
        self._ends = False
        self._start()

    @classmethod
    def load(cls, path: Path, max_instructions: int = 0) -> Replay:
        """The replay of a report; RequestError when it cannot be read, has no record, or the kernel is half changed."""
        check_kernel()
        return cls(read_report(path), max_instructions)

    @property
    def record(self) -> Record:
        return self.run.record

    @property
    def kernel(self) -> Kernel[HostedBoard]:
        """The kernel at this position. After a step back it is another object."""
        return self._machine.kernel

    @property
    def recorder(self) -> Recorder:
        """What has happened until this position."""
        return self._recorder

    @property
    def instructions(self) -> int:
        """How many instructions of tasks have begun."""
        return self._machine.board.cpu.instructions

    @property
    def over(self) -> bool:
        """Whether this is the end: nothing is left to run, or the record is used up."""
        return self._ends

    @property
    def length(self) -> int:
        """How many transitions the run has. The first time it is asked for away from the end, the run is repeated."""
        if self._length is None:
            other = Replay(self.run, self.max_instructions)
            while other.step() is not None:
                pass
            self._length = other.position
        return self._length

    def task_name(self, number: int) -> str:
        """The name of a task by its number; of one that was made while the system ran, `task N`."""
        return self.explainer.names.task(number)

    def to(self, position: int) -> None:
        """Go to a position; below zero it counts from the end: -1 is before the last transition. IndexError where there
        is none."""
        target = position if position >= 0 else self.length + position
        if target < 0:
            raise IndexError(f"the run has {self.length} transitions")
        if target < self.position:
            self._start()
        while self.position < target:
            if self.step() is None:
                raise IndexError(f"the run has {self.position} transitions")

    def back(self) -> None:
        """Undo one transition; IndexError at the start."""
        if self.position == 0:
            raise IndexError("this is the start of the run")
        self.to(self.position - 1)

    def step(self) -> Transition | None:
        """Make one transition; None at the end."""
        task = self._next
        if self.over:
            return None
        machine, number = self._machine, None if task is None else int(task.number)
        cause: Cause = Interrupt.SPURIOUS
        panicked = False
        try:
            if task is None:
                stop = machine.rest()
            else:
                stop = machine.execute(task, min(machine.until_interrupt(), self._left()))
            interrupted = stop.vector is Vector.IRQ
            if interrupted and machine.until_interrupt() > 0:
                self._ends = True  # it goes on where the record ends
                return None
            cause = Interrupt.SPURIOUS if task is None or interrupted else _cause(task, stop)
            self._next = machine.answer(stop)
            cause = machine.board.acknowledged if interrupted else cause
        except BdbQuit:
            raise
        except (Trap, Exception) as failure:
            self._panic(failure)
            panicked = True
        self.position += 1
        self.inside = 0
        events = self._events.take()
        if not panicked:
            self.history.follow(machine.kernel, self.position, number, events, self.instructions)
        if len(self._call_positions) <= self._kept.calls:
            self._call_positions += [self.position for event in events if isinstance(event, CallEvent)]
        if panicked or not self._machine.goes_on(self._next):
            self._finish(panicked)
        elif self.run.breaks_off and self._is_used_up():
            self._ends = True
        return Transition(self.position, number, cause, events, panicked)

    def advance(self, instructions: int) -> None:
        """Let the task that runs next begin so many instructions, which must be fewer than until its next trap: else
        IndexError says how many there are, and the position is as before. `step` goes on from here."""
        made = self._begin(instructions)
        if made is not None:
            raise IndexError(f"there are {made} instructions before transition {self.position + 1}")

    def _begin(self, instructions: int) -> int | None:
        """As `advance`; None, or how many there are instead."""
        machine: HostedMachine = self._machine
        task, begun = self._next, self.instructions
        most = 0 if task is None else min(machine.until_interrupt(), self._left() - 1)
        stop = None if task is None else machine.execute(task, min(instructions, most), pause=True)
        made = self.instructions - begun
        if made < instructions or stop is None or stop.vector is not Vector.IRQ:  # a device may interrupt before `most`
            position = self.position
            self._start()
            self.to(position)
            return made
        self.inside += instructions
        return None

    def to_instruction(self, instructions: int) -> None:
        """Go to where so many instructions of tasks have begun, between two transitions too; IndexError says how many
        there are in all, where there are fewer."""
        self._start()
        position, begun = 0, 0
        while self.instructions <= instructions:
            position, begun = self.position, self.instructions
            if self.step() is None:
                break
        self.to(position)
        made = self._begin(instructions - begun) if instructions > begun else None
        if made is not None:
            raise IndexError(f"the run has {begun + made} instructions")

    def report(self) -> dict[str, Any]:
        """What has happened until this position, in the form of `tyrne run --report`: a record of its own."""
        return {
            **self._outcome(),
            **self.explainer.keys(),
            "replay": to_json(replace(self.record, kernel=kernel_source.digest())),
        }

    def difference(self) -> Difference | None:
        """Go to the end, and compare with what was recorded."""
        while self.step() is not None:
            pass
        return first_difference(self.run, self._outcome(), self._call_positions)

    def _outcome(self) -> dict[str, Any]:
        report = self._recorder.report("hosted", self.record.profile, self.names)
        self.explainer.explain(report, self._recorder)
        return report

    def _start(self) -> None:
        """Position 0: the kernel has booted."""
        record = self.record
        self._events = Listening()
        self._recorder = Recorder(self._events, kept=self._kept)
        self._call_positions: list[int] = []
        self.position = 0
        self.inside = 0
        """Instructions that have begun since the last transition."""
        console = not record.release
        self._machine: HostedMachine = (
            HostedMachine(record.manifest, self._recorder, console)
            if record.interrupts is None
            else RecordedMachine(record.manifest, self._recorder, console, record.interrupts, record.readings)
        )
        attach(self._machine, record.devices, record.addressed)
        if record.preempt_calls:
            self._machine.draw_ticks(record.preempt_calls)
        self._next = None
        self._ends = False
        self.panicked = False
        """Whether the kernel has failed a check: its state may be anything."""
        try:
            self._next = self._machine.boot()
        except BdbQuit:
            raise
        except (Trap, Exception) as failure:
            self._panic(failure)
            self._finish(True)
        else:
            if record.interrupts is None and not record.limit:
                self._machine.board.arm_limit(u64(LONGEST))
            if not self._machine.goes_on(self._next):
                self._finish(False)
        self.history = History(self.kernel)
        """Who gave and made what, and what each task did, until this position."""

    @property
    def limited(self) -> bool:
        """Whether the limit of instructions has ended it, and not the record."""
        return self.over and self._recorder.status is None and self.instructions >= (self.max_instructions or NO_LIMIT)

    def _left(self) -> int:
        """How many instructions may begin, at most: one more than were recorded, to see that there are none."""
        recorded = NO_LIMIT if self.run.breaks_off else self.run.instructions + 1
        return min(recorded, self.max_instructions or NO_LIMIT) - self.instructions

    def _is_used_up(self) -> bool:
        """Whether all is repeated that was recorded before the record breaks off: it may have what the next call
        wrote, without that call."""
        run, recorder, machine = self.run, self._recorder, self._machine
        taken = not isinstance(machine, RecordedMachine) or machine.used_up
        if run.loses_interrupts:
            return taken
        if not taken or len(recorder.calls) < len(run.calls) or len(recorder.faults) < run.faults:
            return False
        return len(recorder.calls) > len(run.calls) or len(recorder.console_text()) >= len(run.report["console"])

    def _panic(self, failure: BaseException) -> None:
        self._recorder.panic(describe(failure).encode())
        self.panicked = True
        self._next = None

    def _finish(self, panicked: bool) -> None:
        self._ends = True
        status = PANIC if panicked else self._machine.end()
        self._recorder.end(int(status), self._machine.board.cpu.instructions)


def _cause(task: Task, stop: Stop) -> CallEvent | FaultEvent:
    """What a synchronous trap is about; the task's frame holds its registers."""
    number, x = int(task.number), task.frame.x
    syndrome = u64(stop.syndrome)
    if exception_class(syndrome) == CLASS_SUPERVISOR_CALL:
        return CallEvent(number, int(x[8]), tuple(int(x[i]) for i in range(6)), None)
    address = stop.address if has_fault_address(syndrome) else 0
    return FaultEvent(number, stop.syndrome, address, int(task.frame.pc), int(task.frame.x[30]))
