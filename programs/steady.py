"""Works in parts, and reports to its watchdog after each. It needs no clock for that."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, done, print_bytes, print_decimal, send_wait

REPORTS: Final = EndpointCap(handle("reports"))
ALIVE: Final = u64(1)
FINISHED: Final = u64(2)
PARTS: Final = 12
NUMBERS: Final = u64(1_500)


def work(first: u64) -> u64:
    """Takes about a millisecond: how often numbers are to be halved, or tripled and one more, until they are 1."""
    steps = u64(0)
    for i in irange(NUMBERS):
        n = first + i
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
    return steps


@export
def main() -> u64:
    steps = u64(0)
    for i in irange(PARTS):
        steps += work(i * NUMBERS + 1)
        done(send_wait(REPORTS, Message(ALIVE)))
    print_bytes(b"steady: counted ")
    print_decimal(steps)
    print_bytes(b" steps\n")
    done(send_wait(REPORTS, Message(FINISHED)))
    return u64(0)
