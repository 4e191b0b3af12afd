"""A batch: generated programs, witnesses and a supervisor as the tasks of one system."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from tyrne.abi import CallNumber, CapKind, Rights, rights_over
from tyrne.system.manifest import System, Task
from tyrne.system.parts import CONSOLE_CAP, Cap, Quota, Region, Supervisor
from tyrne.system.run import Machine
from tyrne.testing.code import layout
from tyrne.testing.code.assembler import NOP, branch
from tyrne.testing.code.machines import run
from tyrne.testing.code.outcome import Difference, Outcome, differences
from tyrne.testing.code.values import registers, working_data

PROGRAMS: Final = 13
"""At most, in one batch: with a supervisor and two witnesses that makes the 16 tasks that there are."""
WITNESSES: Final = 2
FAULTS: Final = 64
"""So often a supervised program may fault before it has to finish."""
SLICE: Final = 2_000
"""Instructions between two ticks of a preemptive batch."""
QUOTA: Final = Quota(memory=2, frames=24)
NOTICES: Final = 0
"""The number of the supervisor's endpoint; program i has endpoint i + 1."""


@dataclass(frozen=True)
class Generated:
    """A program: its code, and the seed of the registers and the data that it starts with. `floating`: the FP/SIMD
    registers too; else it starts with that unit untouched."""

    name: str
    words: tuple[int, ...]
    seed: int = 0
    floating: bool = True

    def without(self, *indices: int) -> Generated:
        """The same with NOP in the place of some instructions."""
        return replace(self, words=tuple(NOP if i in indices else word for i, word in enumerate(self.words)))


@dataclass(frozen=True)
class Batch:
    """`supervised`: a program goes on after a fault; else that ends it. `ticks`: an interrupt ends each turn after some
    time, and the order between tasks is not the same on each machine; else they run until they wait or yield, and
    programs 0 and 1, 2 and 3, … share memory and endpoints."""

    programs: tuple[Generated, ...]
    supervised: bool = True
    ticks: bool = False
    seed: int = 0

    def system(self) -> System:
        tasks = [self._task(number, program) for number, program in enumerate(self.programs)]
        tasks += [self._witness(i) for i in range(WITNESSES)]
        regions: tuple[Region, ...] = ()
        if self.supervised:
            tasks.append(self._supervisor())
        if not self.ticks:
            regions = tuple(Region(f"shared-{i}", 1) for i in range(len(self.programs) // 2))
        count = len(self.programs)
        return System("batch", count + 1, tuple(tasks), count, regions, slice=SLICE if self.ticks else 0)

    def tasks(self) -> range:
        """The numbers of its programs and its witnesses; the supervisor comes after them."""
        return range(len(self.programs) + WITNESSES)

    def with_program(self, number: int, program: Generated) -> Batch:
        """The same with another program in one place."""
        return replace(self, programs=(*self.programs[:number], program, *self.programs[number + 1 :]))

    @property
    def supervisor(self) -> int | None:
        """The number of its supervisor."""
        return len(self.programs) + WITNESSES if self.supervised else None

    def witnesses(self) -> range:
        return range(len(self.programs), len(self.programs) + WITNESSES)

    def _task(self, number: int, program: Generated) -> Task:
        end = layout.CODE + 4 * len(program.words)
        code = (*program.words, branch((layout.FINISH - end) // 4))
        data = registers(program.seed).block() + working_data(program.seed)
        caps = [
            CONSOLE_CAP,
            Cap(number + 1, rights_over(CapKind.ENDPOINT)),
            Cap(number, rights_over(CapKind.NOTIFICATION), kind=CapKind.NOTIFICATION),
            Cap(0, rights_over(CapKind.QUOTA), kind=CapKind.QUOTA),
            Cap(number, rights_over(CapKind.ADDRESS_SPACE), kind=CapKind.ADDRESS_SPACE),
        ]
        partner = number ^ 1
        if not self.ticks and partner < len(self.programs):
            caps.append(Cap(number // 2, rights_over(CapKind.MEMORY), kind=CapKind.MEMORY))
            caps.append(Cap(partner + 1, rights_over(CapKind.ENDPOINT) & ~Rights.RECV, badge=number + 1))
        return Task(
            f"p{number}",
            layout.image(layout.BEGIN if program.floating else layout.PLAIN, code, data),
            1,
            tuple(caps),
            supervisor=Supervisor(NOTICES, number + 1) if self.supervised else None,
            quota=QUOTA,
        )

    def _witness(self, index: int) -> Task:
        number = random.Random(self.seed * WITNESSES + index)
        x = [number.getrandbits(64) for _ in range(31)]
        x[8] = CallNumber.TASK_YIELD.value
        x[29] = 3 * SLICE if self.ticks else 40
        x[30] = layout.DATA
        state = layout.Registers(
            tuple(x),
            number.getrandbits(64),
            tuple(number.getrandbits(64) for _ in range(64)),
            nzcv=number.getrandbits(4) << 28,
            fpcr=number.getrandbits(4) << 22,
            fpsr=number.getrandbits(5),
            tpidr=number.getrandbits(64),
        )
        rounds = 12 if self.ticks else 60
        return Task(f"witness{index}", layout.witness_image(state, rounds, number.getrandbits(64)), 1, ())

    def _supervisor(self) -> Task:
        count = len(self.programs)
        rights = Rights.INSPECT | Rights.MODIFY
        caps = (Cap(NOTICES, Rights.RECV), *(Cap(i, rights, kind=CapKind.TASK) for i in range(count)))
        return Task("supervisor", layout.supervisor_image(count, FAULTS), 1, caps, priority=1)


@dataclass(frozen=True)
class Way:
    """A machine, and whether it counts the instructions of the programs' own code."""

    machine: Machine
    counted: bool = False

    @property
    def name(self) -> str:
        return f"{self.machine.value}, counted" if self.counted else self.machine.value


@dataclass(frozen=True)
class Comparison:
    """A batch run in several ways: what each run came to, and how they differ from the first."""

    batch: Batch
    outcomes: dict[Way, Outcome]
    differences: tuple[Difference, ...]


def compare(batch: Batch, ways: Sequence[Way], reference: Outcome | None = None) -> Comparison:
    """Run a batch in each way, up to the first that differs; `reference` is its run in the first way, where there has
    been one. A kernel panic, and a witness that something happened to, are differences."""
    system = batch.system()
    outcomes: dict[Way, Outcome] = {}
    found: list[Difference] = []
    for way in ways:
        done = reference if reference is not None and not outcomes else run(system, way.machine, way.counted)
        outcomes[way] = done
        if done.panicked:
            found.append(Difference(None, f"{way.name}: kernel panic: {done.panic.strip()}"))
        for witness in batch.witnesses():
            if done.exits.get(witness) != 0:
                found.append(Difference(witness, f"{way.name}: witness: exit code {done.exits.get(witness)}"))
        first = outcomes[ways[0]]
        if done is not first:
            found += differences(first, done, batch.tasks(), batch.supervisor, ordered=not batch.ticks)
        if found:
            break
    return Comparison(batch, outcomes, tuple(found))
