"""Counts in memory that three tasks share, one task at a time: a notification is the semaphore that lets one in.

Waiting takes the signal, so the next one waits until it is given back. Each task lets the others run in the middle of
its turn; without the semaphore they would count from the same number, and counts would be lost.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import NotificationCap, done, granted, notify, task_yield, wait_signals

FREE: Final = NotificationCap(handle("free"))
COUNTER: Final = u64(0x1000_0000)
INSIDE: Final = u64(0x1000_0008)
"""1 while somebody is in."""
ROUNDS: Final = 4
SIGNAL: Final = u64(1)


@export
def main() -> u64:
    for _ in irange(ROUNDS):
        granted(wait_signals(FREE))
        if read64(INSIDE) != 0:
            return u64(1)
        write64(INSIDE, u64(1))
        count = read64(COUNTER)
        done(task_yield())
        write64(COUNTER, count + 1)
        write64(INSIDE, u64(0))
        done(notify(FREE, SIGNAL))
    return u64(0)
