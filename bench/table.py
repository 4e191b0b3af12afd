"""`make bench`: what this checkout's kernel costs, measured now, beside seL4 and the budgets. README.md says how.

As text; with --json FILE also for programs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from subprocess import CalledProcessError

from blocks import ROUNDS, WRITES, batches
from counts import SAMPLES, BenchError, Counter
from follow import instructions_of_tick, instructions_to_user
from frames import FRAME_BYTES, PHASES
from frames import ROUNDS as FRAME_ROUNDS
from frames import batches as batches_of_frames
from image import (
    SECTIONS,
    cached_run,
    clean_build_of_kernel,
    clean_build_of_system,
    first_run,
    section_sizes,
)
from lateness import lateness
from longest import Masked, masked
from rates import LOOPS, NUMBERS, calls_per_second, instructions_per_second
from report import Histogram, Report, Row, Section
from rich.console import Console
from scenarios import FIGURES, Figure
from served import PHASES as SERVED_PHASES
from served import batches as batches_of_served
from trials import TRIALS

from tyrne.compiler import CompileError
from tyrne.system.build import kernel_elf
from tyrne.system.errors import RequestError
from tyrne.system.limits import SLICE_MIN
from tyrne.system.run import Machine
from tyrne.system.select import load_system, select

SEL4_TEXT, TEXT_BUDGET = 43_988, 44_000
SEL4_BOOT, BOOT_BUDGET = 2_327_225, 60_000
SEL4_BUILD, BUILD_BUDGET = 5.3, 4.0
MASKED_BUDGET = 20_000
LATE = (64, 256, 1_024, 4_096, MASKED_BUDGET)
"""Between which bounds ticks are counted."""
WIDTH = 120
"""Of the tables where there is no terminal."""

HOSTED_BUDGET = {Machine.HOSTED: 60_000, Machine.NATIVE: 250_000}
USER_BUDGET = 250
START_BUDGET = 0.35


def paths(figures: Sequence[Figure], samples: int) -> Section:
    counter = Counter(samples)
    rows = []
    for figure in figures:
        count = counter.count(figure)
        rows.append(Row(figure.name, count.median, figure.sel4, figure.budget, count.least, count.most))
    note = f"{samples:,} samples each; {counter.overhead()} instruction of reading the counter taken off each span"
    return Section("guest instructions, svc … eret", "instructions", tuple(rows), note)


def disk() -> Section:
    rows = []
    for batch, taken in batches().items():
        among = max(batch % WRITES, 1)
        done = "written" if batch > WRITES else "read"
        name = f"a block, {done} in batches of {among}" if batch else "client → driver → client, without the disk"
        each = (round(value / among) for value in (statistics.median_low(taken), min(taken), max(taken)))
        median, least, most = each
        rows.append(Row(name, median, None, None, least, most))
    note = f"client, programs/disk.py and kernel together, in a system that rests in between; {ROUNDS} samples of each"
    return Section("blocks of 4 KiB of a disk", "instructions", tuple(rows), note)


def network() -> Section:
    rows = []
    for (batch, summed), taken in zip(PHASES, batches_of_frames(), strict=True):
        name = f"a frame, answered in batches of {batch}" + (", with a checksum of its data" if summed else "")
        least, median, most = (round(value / batch) for value in (min(taken), statistics.median_low(taken), max(taken)))
        rows.append(Row(name, median, None, None, least, most))
    note = f"programs/echo.py and kernel together, in and out again; {FRAME_ROUNDS} samples of each"
    return Section(f"frames of {FRAME_BYTES:,} bytes of a network", "instructions", tuple(rows), note)


def service() -> Section:
    rows = []
    for (batch, copied), taken in zip(SERVED_PHASES, batches_of_served(), strict=True):
        name = f"a frame, and another one back, in batches of {batch}" + (", copied and answered" if copied else "")
        least, median, most = (round(value / batch) for value in (min(taken), statistics.median_low(taken), max(taken)))
        rows.append(Row(name, median, None, None, least, most))
    note = f"client, programs/network.py and kernel together; {FRAME_ROUNDS} samples of each"
    return Section(f"frames of {FRAME_BYTES:,} bytes to and from a client", "instructions", tuple(rows), note)


def image() -> Section:
    sizes = section_sizes(kernel_elf(load_system(select([])), release=True))
    references = {".text": (SEL4_TEXT, TEXT_BUDGET)}
    rows = tuple(Row(name, sizes[name], *references.get(name, (None, None))) for name in SECTIONS)
    return Section("release kernel", "bytes", rows, "sections of the linked image")


def boot() -> Section:
    system = load_system(select([]))
    taken = instructions_to_user(kernel_elf(system, release=True), system)
    rows = (
        Row("reset → first user instruction", taken.others, SEL4_BOOT, BOOT_BUDGET),
        Row("besides: over the lines of caches", taken.caches),
    )
    return Section("boot", "instructions", rows, f"the system {system.name}, followed step by step")


def tick() -> Section:
    row = Row("a tick that switches tasks", instructions_of_tick())
    note = "two equals that compute, at the shortest slice; followed step by step"
    return Section("interrupts", "instructions", (row,), note)


@cache
def trials() -> dict[str, Masked]:
    return {trial.name: masked(trial) for trial in TRIALS}


def longest() -> Section:
    rows = tuple(Row(name, found.longest, None, MASKED_BUDGET) for name, found in trials().items())
    note = "the longest stretch of each; without ticks and with one always due, followed step by step"
    return Section("longest time with interrupts masked", "instructions", rows, note)


def late() -> Histogram:
    rows = [(name, found.late) for name, found in trials().items()]
    ticks = tuple(late for _, values in rows for late in values)
    note = f"{len(ticks):,} ticks, from raised to taken; slices of {SLICE_MIN:,} instructions, followed step by step"
    return Histogram("how late a tick is", "ticks, by instructions", LATE, (*rows, ("all of them", ticks)), note)


def sleepers() -> Section:
    found = {trial.name: lateness(trial) for trial in TRIALS}
    rows = tuple(Row(name, late.latest, None, MASKED_BUDGET, late.earliest) for name, late in found.items())
    deadlines = sum(late.deadlines for late in found.values())
    instructions = sum(late.instructions for late in found.values())
    note = f"{deadlines:,} deadlines of the most urgent task in {instructions:,} instructions, until it reads the clock"
    return Section("how late the last sleeper is", "instructions", rows, note)


def build() -> Section:
    kernel = clean_build_of_kernel()
    rows = (
        Row("kernel, on the wall", round(kernel.wall, 1), SEL4_BUILD),
        Row("kernel", round(kernel.processors, 1), None, BUILD_BUDGET),
        Row("kernel and programs/hello.py", round(clean_build_of_system().processors, 1), None, BUILD_BUDGET),
        Row("tyrne run programs/hello.py", round(first_run().processors, 1), None, BUILD_BUDGET),
    )
    return Section(
        "clean build", "seconds", rows, "of the processors where not said otherwise; empty cache; median of 3"
    )


def start() -> Section:
    row = Row("of the processors", round(cached_run(), 2), None, START_BUDGET)
    return Section("tyrne run programs/hello.py", "seconds", (row,), "all in the cache; median of 5")


def hosted() -> Section:
    rows = tuple(
        Row(f"{machine.value}: {name}", round(calls_per_second(machine, number)), None, budget)
        for machine, budget in HOSTED_BUDGET.items()
        for name, number in NUMBERS.items()
    )
    note = "of the processor; the budget is what they must reach"
    return Section("system calls", "per second", rows, note, more_is_better=True)


def user() -> Section:
    rows = tuple(
        Row(f"hosted: {name}", round(instructions_per_second(block) / 1e6), None, USER_BUDGET)
        for name, block in LOOPS.items()
    )
    note = "of the processor; the budget is what they must reach"
    return Section("user instructions", "million per second", rows, note, more_is_better=True)


def chosen(only: Sequence[str]) -> list[Figure]:
    """The paths whose names contain one of the texts; all of them without any."""
    figures = [figure for figure in FIGURES if not only or any(text in figure.name for text in only)]
    if not figures:
        raise BenchError(f"no path is named like {', '.join(only)}; the names are those of the table")
    return figures


def parts(only: Sequence[str], samples: int) -> list[Callable[[], Section | Histogram]]:
    """What takes each section of the table; with `only`, just the paths."""
    figures = chosen(only)
    taken: list[Callable[[], Section | Histogram]] = [lambda: paths(figures, samples)]
    others = (disk, network, service, tick, longest, late, sleepers, image, boot, build, start, hosted, user)
    return taken if only else [*taken, *others]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure the kernel that this checkout builds.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--samples", type=int, default=SAMPLES, metavar="N", help=f"of each path, at most {SAMPLES:,}")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="just paths named like this")
    options = parser.parse_args(arguments)
    if not 1 <= options.samples <= SAMPLES:
        parser.error(f"--samples {options.samples}: from 1 to {SAMPLES}, which is what their region holds")
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    report = Report()
    missing = False
    try:
        for part in parts(options.only, options.samples):
            try:
                section = part()
            except RequestError as error:  # this machine lacks something, QEMU most likely; the rest can be had
                print(f"bench: left out: {error}", file=sys.stderr)
                missing = True
                continue
            report.add(section)
            console.print(section.table())
        if options.json is not None:
            options.json.write_text(json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n")
    except (BenchError, CompileError, OSError, CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    return 2 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
