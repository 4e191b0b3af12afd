"""Counts and never yields. Two such tasks share the processor: the tick of the clock takes turns between them.

On the half of its way it rings the bell that a more urgent task waits for: that one runs at once.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import NotificationCap, done, notify, print_bytes

BELL: Final = NotificationCap(handle("bell"))
MINE: Final = u64(0x1000_0000)
"""How far this task has come; a page that the other one sees."""
OTHERS: Final = u64(0x1000_1000)
"""How far the other one has come."""
GOAL: Final = u64(140_000)


@export
def main() -> u64:
    count = u64(0)
    while count != GOAL:
        count += 1
        write64(MINE, count)
        if count == GOAL // 2:
            print_bytes(b"busy: half way, rings the bell\n")
            done(notify(BELL, u64(1)))
            print_bytes(b"busy: goes on\n")
    shared = read64(OTHERS) > 0
    print_bytes(b"busy: done, and so is part of the other's work\n" if shared else b"busy: done, alone\n")
    return u64(0) if shared else u64(1)
