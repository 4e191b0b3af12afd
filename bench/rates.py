"""System calls per second of the machines inside this process: the kernel in CPython, and compiled."""

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
CALLS: Final = {Machine.HOSTED: 40_000, Machine.NATIVE: 200_000}
"""How many calls a timed run makes more than the one that it is compared with: a second or two."""
FEW: Final = 1_000

NUMBERS: Final = {"rejected call": "63", "yield": "TYRNE_CALL_TASK_YIELD"}

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


def calls_per_second(machine: Machine, number: str) -> float:
    """By the clock on the wall, the start of the machine not counted: a long run less a short one, median of a few."""
    count = CALLS[machine]
    short, long = _machine(machine, number, FEW), _machine(machine, number, FEW + count)
    _seconds(short)
    return count / statistics.median(_seconds(long) - _seconds(short) for _ in range(RUNS))


def _machine(machine: Machine, number: str, calls: int) -> Ready:
    with TemporaryDirectory(prefix="tyrne-bench-") as folder:
        source = Path(folder) / "calls.S"
        source.write_text(PROGRAM % (calls, number))
        system = System("calls", 0, (Task("calls", load_program(source), 1, ()),))
    return prepare(Request(system, machine, True, 0))


def _seconds(ready: Ready) -> float:
    started = time.perf_counter()
    result = ready.run(Listener(), SUMMARY)
    seconds = time.perf_counter() - started
    if result.status != 0:
        raise BenchError(f"{result.request.machine.value}: the run ended with status {result.status}")
    return seconds
