"""How long the kernel holds interrupts masked in one go, by every instruction that it executes (follow.py).

A stretch begins with the first instruction of a trap, or with the one that asks whether an interrupt is pending (a read
of ISR_EL1), or that waits for one (WFI). It ends with the return to a task (ERET), or in front of the next of these. An
interrupt that comes meanwhile is taken, or seen, when the stretch ends.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path
from typing import Final

from counts import BenchError, run, system_of
from elftools.elf.elffile import ELFFile
from follow import KERNEL_HALF, LOWERED, RAISED, TAKEN, TICKS_TOO, executed
from trials import Trial

from tyrne.system import limits
from tyrne.system.build import kernel_elf

ANY_REGISTER: Final = 0x1F
"""Bits of an instruction."""
ASK: Final = 0xD538_C100
"""mrs x0, isr_el1."""
START_COUNTER: Final = 0xD51B_9C00
"""msr pmcr_el0, x0. The cycle counter is 0 when it is executed."""
REST: Final = 0xD503_207F
"""wfi: what is pending ends it."""
ERET: Final = 0xD69F_03E0
SLICES: Final = (limits.SLICE_MAX, limits.SLICE_MIN)
"""A trial runs twice: no tick comes, and nearly always one is due."""


@dataclass(frozen=True)
class Masked:
    """Instructions: of the longest stretch of a trial; and for each tick of the run with short slices how many there
    were from the one after which the timer raised it to the one that took it at the interrupt controller."""

    longest: int
    late: tuple[int, ...]


class Watch:
    """What is to be found in a stream of addresses: stretches that lie between two readings of a sample, and ticks."""

    def __init__(self, windows: list[tuple[int, int]], asks: set[int], returns: set[int]) -> None:
        self._windows, self._asks, self._returns = windows, asks, returns
        self._length = 0
        self._raised: int | None = None
        self.longest = 0
        self.late: list[int] = []

    def instruction(self, number: int, address: int) -> None:
        """The next one; the counter is `number` when it is executed."""
        if address in self._asks:
            self._end(number)
        self._length += address >= KERNEL_HALF
        if address in self._returns:
            self._end(number + 1)

    def event(self, number: int, event: int) -> None:
        """What happened to the timer's interrupt before instruction `number`. What is called off is not late."""
        if event == TAKEN and self._raised is not None:
            self.late.append(number - self._raised)
        if event != RAISED:
            self._raised = None
        elif self._raised is None:
            self._raised = number

    def _end(self, number: int) -> None:
        start = number - self._length
        if any(first <= start and number <= last for first, last in self._windows):
            self.longest = max(self.longest, self._length)
        self._length = 0


def masked(trial: Trial) -> Masked:
    """Follow both runs of a trial."""
    watches = [_watched(trial, slice) for slice in SLICES]
    return Masked(max(watch.longest for watch in watches), tuple(late for watch in watches for late in watch.late))


def _watched(trial: Trial, slice: int) -> Watch:
    """Run a trial to its end, which says between which instructions it is measured; then follow it up to there."""
    kernel = kernel_elf(system_of(trial.scenario, trial.rounds, slice), release=True, counted=True)
    samples = run(trial.scenario, kernel, trial.rounds)
    windows = [(sample[start], sample[end]) for sample in samples for start, end in trial.spans]
    returns = places(kernel, ERET, any_register=False)
    last = max(end for _, end in windows)
    asks = places(kernel, ASK) | places(kernel, REST, any_register=False)
    watch = Watch(windows, asks, returns)
    number, before = 0, 0
    for address in _counted(kernel):
        if address in (RAISED, LOWERED, TAKEN):
            watch.event(number, address)
            continue
        if number == last:
            if before not in returns or address >= KERNEL_HALF or not watch.longest:
                raise BenchError(f"{trial.name}: what was followed is not what was counted")
            return watch
        watch.instruction(number, address)
        number, before = number + 1, address
    raise BenchError(f"{trial.name}: it ended too early when it was followed")


def _counted(kernel: Path) -> Iterator[int]:
    """The instructions from the one on at which the counter starts, and what becomes of ticks."""
    start = places(kernel, START_COUNTER)
    return dropwhile(lambda address: address not in start, executed(kernel, TICKS_TOO))


def places(kernel: Path, word: int, any_register: bool = True) -> set[int]:
    """Where a kernel has an instruction, whatever the register in its lowest bits is."""
    text = ELFFile(io.BytesIO(kernel.read_bytes())).get_section_by_name(".text")
    words = struct.unpack(f"<{text['sh_size'] // 4}I", text.data()[: text["sh_size"] & ~3])
    ignored = ANY_REGISTER if any_register else 0
    return {text["sh_addr"] + 4 * number for number, found in enumerate(words) if found & ~ignored == word}
