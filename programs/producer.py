"""Puts 20 numbers into a ring in memory that it shares with the consumer.

The kernel takes no part in it but for the two signals: there is something to take, and there is room again.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import NotificationCap, done, granted, notify, print_bytes, print_decimal, wait_signals

FILLED: Final = NotificationCap(handle("filled"))
EMPTIED: Final = NotificationCap(handle("emptied"))
PUT: Final = u64(0x1000_0000)
"""The number of those put in so far: the first word of the shared page. Only the producer writes it."""
TAKEN: Final = u64(0x1000_0008)
"""The number of those taken out so far. Only the consumer writes it."""
SLOTS: Final = u64(0x1000_0040)
CAPACITY: Final = u64(8)
SIGNAL: Final = u64(1)


@export
def main() -> u64:
    waits = u64(0)
    for number in irange(20):
        while number - read64(TAKEN) == CAPACITY:
            waits += 1
            granted(wait_signals(EMPTIED))
        write64(SLOTS + number % CAPACITY * 8, number + 1)
        write64(PUT, number + 1)  # after the number itself; one core sees its own stores in order
        done(notify(FILLED, SIGNAL))
    print_bytes(b"producer: put 20 numbers, the ring was full ")
    print_decimal(waits)
    print_bytes(b" times\n")
    return u64(0)
