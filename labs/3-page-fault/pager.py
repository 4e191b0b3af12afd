"""A pager: gives three tasks a heap, a page when it is first touched. Yours to write.

The kernel tells it of a fault by a message: the badge says whose, `read_notice` where. An answer lets the task try
again; to drop the reply capability ends it.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Exited, MemoryCap, SpaceCap, cap_drop, done, granted, read_notice, wait

FAULTS: Final = EndpointCap(handle("faults"))
STORE: Final = MemoryCap(handle("store"))
"""Twelve pages: four for the heap of each task."""
WALKER: Final = SpaceCap(handle("walker_space"))
RUNNER: Final = SpaceCap(handle("runner_space"))
STRAY: Final = SpaceCap(handle("stray_space"))
HEAP: Final = u64(0x2000_0000)
"""Where the heap of each task begins, in its own address space."""
PAGE: Final = u64(4096)
PAGES: Final = u64(4)
"""Of each heap."""
CLIENTS: Final = u64(3)
"""Their badges are 1 to 3."""


@export
def main() -> u64:
    ended = u64(0)
    while ended < CLIENTS:
        arrival = granted(wait(FAULTS))
        notice = read_notice(arrival)
        if isinstance(notice, Exited):
            ended += 1
            continue
        caller = arrival.reply
        if caller is not None:
            done(cap_drop(caller))
            ended += 1
    return u64(0)
