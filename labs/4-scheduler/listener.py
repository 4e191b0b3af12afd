"""Sleeps for a while, again and again, and prints by how many nanoseconds it was woken late."""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import export, handle, irange, u64
from tyrne.user import ClockCap, NotificationCap, clock_read, granted, print_bytes, print_decimal, sleep_until

CLOCK: Final = ClockCap(handle("clock"))
QUIET: Final = NotificationCap(handle("quiet"))
"""Nobody signals it."""
TIMES: Final = 6
PAUSE: Final = u64(230_000)
"""Longer than two slices, and no multiple of one: it ends in the middle of somebody's turn."""


@export
def main() -> u64:
    print_bytes(b"listener: begins\n")
    for _ in irange(TIMES):
        until = granted(clock_read(CLOCK)) + PAUSE
        assert sleep_until(CLOCK, until, QUIET) is Status.TIMED_OUT
        print_bytes(b"listener: late by ")
        print_decimal(granted(clock_read(CLOCK)) - until)
        print_bytes(b"\n")
    return u64(0)
