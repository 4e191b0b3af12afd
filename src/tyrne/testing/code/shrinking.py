"""The least of a batch that still differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tyrne.hal.exit_status import LIMIT
from tyrne.testing.code.assembler import NOP
from tyrne.testing.code.batch import Batch, Generated, Way, compare
from tyrne.testing.code.campaign import known_differences

NOTHING: Final = Generated("nothing", ())
RUNS: Final = 400
"""At most so many runs of a batch; each takes about a second."""


class Shrinker:
    """Makes a batch smaller as long as it differs in the given ways."""

    def __init__(
        self, batch: Batch, ways: Sequence[Way], tell: Callable[[str], None] = lambda _: None, limit: int = RUNS
    ) -> None:
        self.batch = batch
        self.ways = ways
        self.runs = 0
        self._tell = tell
        self._limit = limit

    def shrink(self) -> Batch:
        """The smallest batch that was found."""
        self._programs()
        for number, program in enumerate(self.batch.programs):
            if program.words:
                self._words(number)
        self._seeds()
        self._try(replace(self.batch, programs=tuple(p for p in self.batch.programs if p.words)))
        return self.batch

    def differs(self, batch: Batch) -> bool:
        """Whether a batch ends hosted, and then differs in a way that no table explains."""
        self.runs += 1
        found = compare(batch, self.ways)
        if found.outcomes[self.ways[0]].status == int(LIMIT):
            return False
        return bool(found.differences) and not list(known_differences(found))

    def _try(self, batch: Batch) -> bool:
        if self.runs >= self._limit or not self.differs(batch):
            return False
        self.batch = batch
        self._tell(f"{sum(len(program.words) for program in batch.programs)} words")
        return True

    def _programs(self) -> None:
        """All programs but one, or one and its partner, if that will do; else one after the other."""
        count = len(self.batch.programs)
        choices = [{number} for number in range(count)] + [{number, number ^ 1} for number in range(0, count, 2)]
        suspects = {difference.task for difference in compare(self.batch, self.ways).differences}
        choices.sort(key=lambda kept: not kept & suspects)
        for kept in choices:
            programs = (p if i in kept else NOTHING for i, p in enumerate(self.batch.programs))
            if self._try(replace(self.batch, programs=tuple(programs))):
                return
        for number in range(count):
            self._try(self.batch.with_program(number, NOTHING))

    def _words(self, number: int) -> None:
        """The end is cut off; then ever smaller runs of instructions become NOP, and go altogether."""
        size = len(self.batch.programs[number].words) // 2
        while size:
            program = self.batch.programs[number]
            if size >= len(program.words) or not self._try(
                self.batch.with_program(number, replace(program, words=program.words[:-size]))
            ):
                size //= 2
        size = len(self.batch.programs[number].words)
        while size:
            for start in range(0, len(self.batch.programs[number].words), size):
                program = self.batch.programs[number]
                if any(word != NOP for word in program.words[start : start + size]):
                    self._try(self.batch.with_program(number, program.without(*range(start, start + size))))
            size //= 2
        program = self.batch.programs[number]
        kept = tuple(word for word in program.words if word != NOP)
        if not self._try(self.batch.with_program(number, replace(program, words=kept))):
            last = max((i for i, word in enumerate(program.words) if word != NOP), default=-1)
            self._try(self.batch.with_program(number, replace(program, words=program.words[: last + 1])))

    def _seeds(self) -> None:
        """Registers and data of seed 0."""
        for number, program in enumerate(self.batch.programs):
            if program.words and program.seed:
                self._try(self.batch.with_program(number, replace(program, seed=0)))
