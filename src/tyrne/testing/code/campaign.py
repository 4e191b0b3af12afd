"""Many batches: each is made to end, compared on the machines, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tyrne.abi import Status
from tyrne.hal.aarch64.syndrome import fault_kind
from tyrne.hal.exit_status import LIMIT
from tyrne.hosted.happened import CallEvent
from tyrne.lang import u64
from tyrne.testing.code import excluded
from tyrne.testing.code.assembler import NOP
from tyrne.testing.code.batch import Batch, Comparison, Generated, Way, compare
from tyrne.testing.code.layout import CODE
from tyrne.testing.code.machines import run
from tyrne.testing.code.outcome import Outcome, told

Make = Callable[[int], Generated]
"""A program by its seed."""

_OTHER_SEEDS: Final = 1 << 40
"""Added to the seed of a program that does not end, for the one that takes its place."""
_STATUS_NAMES: Final = {status.value: status.name.lower() for status in Status}


@dataclass
class Tally:
    """What a campaign has done so far. `executed`: by machine, instructions of the programs' own code."""

    programs: int = 0
    batches: int = 0
    replaced: int = 0
    """Programs that did not end, and gave way to others."""
    executed: Counter[str] = field(default_factory=Counter)
    words: set[int] = field(default_factory=set)
    exceptions: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    excused: Counter[str] = field(default_factory=Counter)
    """Words that became NOP, by the row of the table that says why."""

    def add(self, other: Tally) -> None:
        self.programs += other.programs
        self.batches += other.batches
        self.replaced += other.replaced
        self.words |= other.words
        for name in "executed", "exceptions", "calls", "statuses", "excused":
            getattr(self, name).update(getattr(other, name))

    def figures(self) -> dict[str, Any]:
        """As data for JSON."""
        found: dict[str, Any] = {
            "programs": self.programs,
            "batches": self.batches,
            "programs_replaced_because_endless": self.replaced,
            "distinct_words": len(self.words),
        }
        if self.executed:
            found["instructions_executed"] = dict(sorted(self.executed.items()))
        for name in "exceptions", "calls", "statuses", "excused":
            found[name] = dict(sorted(getattr(self, name).items()))
        return found


def comparable(batch: Batch, make: Make, way: Way, tally: Tally) -> tuple[Batch, Outcome]:
    """The batch with words that may not run left out and programs that do not end replaced, and its run in a way that
    tells which these are."""
    batch = replace(batch, programs=tuple(_allowed(program, batch.ticks) for program in batch.programs))
    while True:
        done = run(batch.system(), way.machine, way.counted)
        looper = done.busiest
        if done.status != int(LIMIT) or looper is None or looper >= len(batch.programs):
            return batch, done
        tally.replaced += 1
        other = make(batch.programs[looper].seed + _OTHER_SEEDS)
        batch = batch.with_program(looper, _allowed(other, batch.ticks))


def _allowed(program: Generated, ticks: bool) -> Generated:
    barred = [i for i, word in enumerate(program.words) if excluded.is_excluded(word, ticks)]
    return program.without(*barred) if barred else program


def conduct(batch: Batch, make: Make, ways: Sequence[Way]) -> tuple[Tally, Comparison]:
    """Compare a batch in several ways, the first of which is hosted. What was known to differ is taken out of it, and
    it is compared again, until it agrees or differs in another way."""
    tally = Tally()
    batch, reference = comparable(batch, make, ways[0], tally)
    while True:
        found = compare(batch, ways, reference)
        known = list(known_differences(found))
        if not known:
            break
        for number, index, name in known:
            batch = batch.with_program(number, batch.programs[number].without(index))
            tally.excused[name] += 1
        batch, reference = comparable(batch, make, ways[0], tally)
    _count(tally, found)
    return tally, found


def known_differences(found: Comparison) -> Iterable[tuple[int, int, str]]:
    """Program, place and name of each instruction at which only the other machine faulted, or knew no instruction,
    as the table of exclusions says. A panic explains itself by no instruction."""
    programs = found.batch.programs
    if any(done.panicked for done in found.outcomes.values()):
        return
    for difference in found.differences:
        fault = None if difference.second is None else told(difference.second)
        if difference.task is None or difference.task >= len(programs) or fault is None:
            continue
        syndrome, _, pc = fault
        hosted = None if difference.first is None else told(difference.first)
        if hosted is not None and hosted[2] == pc and not excluded.comes_first(syndrome):
            continue  # both faulted, and not because of what the other does not look at
        words = programs[difference.task].words
        index = (pc - CODE) // 4
        row = excluded.excuse(words[index], syndrome) if 0 <= index < len(words) else None
        if row is not None:
            yield difference.task, index, row.words.name


def _count(tally: Tally, found: Comparison) -> None:
    batch = found.batch
    tally.batches += 1
    tally.programs += len(batch.programs)
    for program in batch.programs:
        tally.words.update(program.words)
    tally.words.discard(NOP)
    for way, done in found.outcomes.items():
        if done.executed is not None:
            tally.executed[way.machine.value] += done.executed
    reference = next(iter(found.outcomes.values()))
    for event in reference.events:
        fault = told(event)
        if fault is not None:
            tally.exceptions[fault_kind(u64(fault[0])).name.lower()] += 1
        elif isinstance(event, CallEvent) and event.task < len(batch.programs):
            tally.calls[event.name or "no such call"] += 1
            if event.results is not None:
                tally.statuses[_STATUS_NAMES.get(event.results[0], hex(event.results[0]))] += 1
