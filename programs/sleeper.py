"""Sleeps three times, and says how long: never shorter than it wanted. A deadline ends its wait for nothing."""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import export, handle, irange, u64
from tyrne.user import (
    MILLISECOND,
    ClockCap,
    NotificationCap,
    clock_read,
    granted,
    print_bytes,
    print_decimal,
    sleep_until,
)

CLOCK: Final = ClockCap(handle("clock"))
QUIET: Final = NotificationCap(handle("quiet"))
"""Nobody signals it."""
SLEEPS: Final = 3


@export
def main() -> u64:
    for i in irange(SLEEPS):
        before = granted(clock_read(CLOCK))
        until = before + (i + 1) * MILLISECOND
        assert sleep_until(CLOCK, until, QUIET) is Status.TIMED_OUT
        after = granted(clock_read(CLOCK))
        assert after >= until
        print_bytes(b"sleeper: ")
        print_decimal((after - before) // MILLISECOND)
        print_bytes(b" ms\n")
    return u64(0)
