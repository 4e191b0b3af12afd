"""Takes 20 numbers out of the ring that the producer fills, and adds them up."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import NotificationCap, done, granted, notify, print_bytes, print_decimal, wait_signals

FILLED: Final = NotificationCap(handle("filled"))
EMPTIED: Final = NotificationCap(handle("emptied"))
PUT: Final = u64(0x1000_0000)
TAKEN: Final = u64(0x1000_0008)
SLOTS: Final = u64(0x1000_0040)
CAPACITY: Final = u64(8)
SIGNAL: Final = u64(1)


@export
def main() -> u64:
    total = u64(0)
    for number in irange(20):
        while read64(PUT) == number:
            granted(wait_signals(FILLED))
        total += read64(SLOTS + number % CAPACITY * 8)
        write64(TAKEN, number + 1)
        done(notify(EMPTIED, SIGNAL))
    print_bytes(b"consumer: took 20 numbers, their sum is ")
    print_decimal(total)
    print_bytes(b"\n")
    return u64(0) if total == 210 else u64(1)
