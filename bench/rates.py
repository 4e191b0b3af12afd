"""What the machines inside this process do in a second of the processor: system calls, with the kernel in CPython and
compiled, and instructions of user programs."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from counts import BenchError

from tyrne.hosted.kept import SUMMARY
from tyrne.hosted.recorder import Listener
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.run import Machine, Ready, Request, prepare

RUNS: Final = 3
CALLS: Final = {Machine.HOSTED: 40_000, Machine.NATIVE: 2_000_000}
"""How many calls a timed run makes more than the one that it is compared with: a second or two."""
FEW: Final = 1_000

NUMBERS: Final = {"rejected call": "63", "yield": "TYRNE_CALL_TASK_YIELD"}

LOOPS: Final = {"two instructions in a block": 2, "twelve instructions in a block": 12}
INSTRUCTIONS: Final = 200_000_000
"""How many a timed run makes more than the one that it is compared with."""

PROGRAM: Final = """\
#include "tyrne.h"
        .text
        .global _start
_start: ldr     x19, =%d
1:      mov     x8, #%s
        svc     #0
        subs    x19, x19, #1
        b.ne    1b
        tyrne_exit 0
"""


LOOP: Final = """\
#include "tyrne.h"
        .text
        .global _start
_start: ldr     x19, =%d
1:      .rept   %d
        add     x20, x20, x19
        .endr
        subs    x19, x19, #1
        b.ne    1b
        tyrne_exit 0
"""


def calls_per_second(machine: Machine, number: str) -> float:
    """The start of the machine not counted: a long run less a short one, median of a few."""
    count = CALLS[machine]
    return count / _difference(*(_machine(machine, PROGRAM % (calls, number)) for calls in (FEW, FEW + count)))


def instructions_per_second(block: int) -> float:
    """Of a loop of blocks of so many instructions, at least two: as `calls_per_second`."""
    rounds = INSTRUCTIONS // block
    return INSTRUCTIONS / _difference(
        *(_machine(Machine.HOSTED, LOOP % (count, block - 2)) for count in (FEW, FEW + rounds))
    )


def _difference(short: Ready, long: Ready) -> float:
    """Seconds of the processor."""
    _seconds(short)
    return statistics.median(_seconds(long) - _seconds(short) for _ in range(RUNS))


def _machine(machine: Machine, program: str) -> Ready:
    with TemporaryDirectory(prefix="tyrne-bench-") as folder:
        source = Path(folder) / "rate.S"
        source.write_text(program)
        system = System("rate", 0, (Task("rate", load_program(source), 1, ()),))
    return prepare(Request(system, machine, True, 0))


def _seconds(ready: Ready) -> float:
    started = time.process_time()
    result = ready.run(Listener(), SUMMARY)
    seconds = time.process_time() - started
    if result.status != 0:
        raise BenchError(f"{result.request.machine.value}: the run ended with status {result.status}")
    return seconds
