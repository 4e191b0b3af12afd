"""A kernel that counts the steps of its long work, and how often another task goes on before the rest of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, get_args

from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.kernel.work import Work
from tyrne.testing.lockstep.journal_board import JournalBoard

KINDS: Final = tuple(kind.__name__ for kind in get_args(Work))


@dataclass
class Counts:
    """Numbers by the names of the kinds of work."""

    steps: Counter[str] = field(default_factory=Counter)
    """How many were taken."""
    preempted: Counter[str] = field(default_factory=Counter)
    """After how many of them another task went on, and some of the work was left."""

    def add(self, other: Counts) -> None:
        self.steps += other.steps
        self.preempted += other.preempted


class CountingKernel(Kernel[JournalBoard]):
    """Does what the kernel does, and counts."""

    def __init__(self, board: JournalBoard, debug_console: bool) -> None:
        super().__init__(board, debug_console)
        self._counts: Final = Counts()
        self._at_work: Task | None = None
        """Who has just taken a step."""

    def take_counts(self) -> Counts:
        """Those since the last time."""
        found = Counts(+self._counts.steps, +self._counts.preempted)
        self._counts.steps.clear()
        self._counts.preempted.clear()
        return found

    def _take_step(self, task: Task, work: Work) -> None:
        self._counts.steps[type(work).__name__] += 1
        self._at_work = task
        super()._take_step(task, work)

    def _enter(self, task: Task) -> None:
        before, self._at_work = self._at_work, None
        if before is not None and before is not task and before.work is not None:
            self._counts.preempted[type(before.work).__name__] += 1
        super()._enter(task)
