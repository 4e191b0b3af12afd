"""How much of a run is kept. All of it is told to the listeners; what nobody asked for is then forgotten."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tyrne.kernel.config import MAX_TASKS


@dataclass(frozen=True)
class Kept:
    """At most so many system calls and interrupts, bytes of the console and of the kernel's lines, each the first ones;
    and what became of so many tasks: of the first tasks, and of those that ended last."""

    calls: int
    interrupts: int
    console: int
    log: int
    tasks: int


EVERYTHING: Final = Kept(sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize, sys.maxsize)
WITHOUT_CALLS: Final = replace(EVERYTHING, calls=0, interrupts=0)
REPORT: Final = Kept(calls=100_000, interrupts=200_000, console=16 << 20, log=4 << 20, tasks=10_000)
"""What a report has: with it tyrne takes some 400 MiB at most."""
SUMMARY: Final = Kept(calls=0, interrupts=0, console=0, log=0, tasks=64)
"""What is said at the end of a run that has no report."""


def forget_oldest(found: MutableMapping[int, Any], most: int) -> int | None:
    """Take the entry out that stands longest, when there are more than `most`, and say which it was. Those of the first
    tasks stay: numbers are given in order, and there are never more of them than tasks at once."""
    if len(found) <= most:
        return None
    oldest = next((number for number in found if number >= MAX_TASKS), None)
    if oldest is not None:
        del found[oldest]
    return oldest
