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

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from tyrne.hal.frame import Vector
from tyrne.system import kernel_source
from tyrne.system.checkpoints import Place
from tyrne.system.comparison import Difference, first_difference
from tyrne.system.kernel_check import check_kernel
from tyrne.system.playing import Playing
from tyrne.system.record import to_json
from tyrne.system.report_file import RecordedRun, read_report


class Replay(Playing):
    """A recorded run, at some position of it. Stepping back runs it anew from the start, which is exact; or, where
    checkpoints are kept (`keep_checkpoints`), from the last one before, which is as exact and takes milliseconds."""

    def __init__(self, run: RecordedRun, max_instructions: int = 0) -> None:
        super().__init__(run, max_instructions)
        self.explainer: Final = run.explainer
        self.names: Final = run.record.task_names
        self._length: int | None = None

    @classmethod
    def load(cls, path: Path, max_instructions: int = 0) -> Replay:
        """The replay of a report; RequestError when it cannot be read, has no record, or the kernel is half changed."""
        check_kernel()
        return cls(read_report(path), max_instructions)

    @property
    def length(self) -> int:
        """How many transitions the run has. The first time it is asked for away from the end, the run is repeated."""
        if self._length is None:
            here, kept = self.place, self._checkpoints is not None
            other = self if kept else Replay(self.run, self.max_instructions)
            while other.step() is not None:
                pass
            self._length = other.position
            if kept:
                self.approach(here, anew=True)
                self.go(*here)
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
        self.approach(Place(target, 0))
        while self.position < target:
            if self.step() is None:
                raise IndexError(f"the run has {self.position} transitions")

    def go(self, position: int, inside: int = 0) -> None:
        """Go to so many instructions after a position, forwards or backwards. IndexError where there are not so many:
        then this is the position, or the end."""
        self.approach(Place(position, inside))
        if self.position < position:
            self.to(position)
        self.advance(inside - self.inside)

    def approach(self, place: Place, anew: bool = False) -> None:
        """Go to where the way to a place is shortest, at it or before it: that may be where this is, unless `anew`."""
        near = None if self._checkpoints is None else self._checkpoints.before(place)
        if near is not None and (anew or place < self.place or near.place > self.place):
            self._go_back_to(near)
        elif near is None and (anew or place < self.place):
            self._start()

    def back(self) -> None:
        """Undo one transition; IndexError at the start."""
        if self.position == 0:
            raise IndexError("this is the start of the run")
        self.to(self.position - 1)

    def advance(self, instructions: int) -> None:
        """Let the task that runs next begin so many instructions, which must be fewer than until its next trap: else
        IndexError says how many there are, and the position is as before. `step` goes on from here."""
        here = self.place
        made = self._begin(instructions)
        if made is not None:
            self.approach(here, anew=True)
            self.go(*here)
            raise IndexError(f"there are {made} instructions before transition {self.position + 1}")

    def _begin(self, instructions: int) -> int | None:
        """As `advance`; None, or how many there are instead: then the machine is nowhere."""
        machine, task, begun = self._machine, self._next, self.instructions
        most = 0 if task is None else min(machine.until_interrupt(), self._left() - 1)
        left = min(instructions, most)
        while task is not None and left > 0:
            part = min(left, self._until_checkpoint())
            before = self.instructions
            stop = machine.execute(task, part, pause=True)
            interrupted = self.instructions - before < part  # by a device, which may be before `most`
            if interrupted or stop.vector is not Vector.IRQ:
                return self.instructions - begun
            self.inside += part
            self._keep_some()
            left -= part
        made = self.instructions - begun
        return None if made == instructions else made

    def to_instruction(self, instructions: int) -> None:
        """Go to where so many instructions of tasks have begun, between two transitions too; IndexError says how many
        there are in all, where there are fewer."""
        if self._checkpoints is None:
            self._start()
        else:
            self._go_back_to(self._checkpoints.before_instruction(instructions))
        reached = self.place
        while self.instructions <= instructions:
            reached = self.place
            self.run_on(instructions - self.instructions or 1)
            if self.place == reached:
                break
        if self.instructions < instructions:
            raise IndexError(f"the run has {self.instructions} instructions")
        self.go(*reached)

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
        return first_difference(self.run, self._outcome(), self._events.calls_at)

    def _outcome(self) -> dict[str, Any]:
        report = self._recorder.report("hosted", self.record.profile, self.names)
        self.explainer.explain(report, self._recorder)
        return report
