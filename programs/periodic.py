"""Does something once a millisecond. Its deadlines are times, not distances, so that it does not drift.

However long the work of one period took: the next deadline is one period after the last one, not after the work.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import (
    MICROSECOND,
    MILLISECOND,
    ClockCap,
    NotificationCap,
    clock_read,
    done,
    granted,
    print_bytes,
    print_decimal,
    signal_at,
    wait_signals,
)

CLOCK: Final = ClockCap(handle("clock"))
BELL: Final = NotificationCap(handle("bell"))
PERIODS: Final = 10
PERIOD: Final = MILLISECOND
RING: Final = u64(1)


def work(first: u64, numbers: u64) -> u64:
    """Takes a while: how often one has to halve an even number, or triple an odd one and add 1, to come to 1."""
    steps = u64(0)
    for i in irange(numbers):
        n = first + i
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
    return steps


@export
def main() -> u64:
    start = granted(clock_read(CLOCK))
    worst = u64(0)
    steps = u64(0)
    for i in irange(PERIODS):
        at = start + (i + 1) * PERIOD
        done(signal_at(CLOCK, at, BELL, RING))
        assert granted(wait_signals(BELL)) == RING
        now = granted(clock_read(CLOCK))
        assert now >= at, "never early"
        worst = max(worst, now - at)
        steps += work(100 * i + 1, 10 * i)
    print_bytes(b"periodic: counted ")
    print_decimal(steps)
    print_bytes(b" steps in ")
    print_decimal(u64(PERIODS))
    print_bytes(b" periods, none early, none more than ")
    print_decimal(worst // MICROSECOND + 1)
    print_bytes(b" us late\n")
    return u64(0)
