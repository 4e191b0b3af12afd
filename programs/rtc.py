"""A driver: reads the time of day from a real-time clock, a PL031, and waits for its alarm three seconds later.

The registers of the device are memory, which the description maps; its interrupt signals a notification. Once it has
come it is masked, until the device is quiet and the driver says so.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u32, u64
from tyrne.lang.machine import read32, write32
from tyrne.user import (
    InterruptCap,
    NotificationCap,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    print_bytes,
    print_decimal,
    wait_signals,
)

INTERRUPT: Final = InterruptCap(handle("rtc_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RING: Final = u64(1)
REGISTERS: Final = u64(0x1000_0000)
DATA: Final = REGISTERS
"""DR: seconds since 1970."""
MATCH: Final = REGISTERS + 0x4
"""MR: at which of them the alarm is raised."""
MASK: Final = REGISTERS + 0x10
"""IMSC: whether the alarm reaches the interrupt line."""
MASKED_STATUS: Final = REGISTERS + 0x18
"""MIS: whether it does just now."""
CLEAR: Final = REGISTERS + 0x1C
"""ICR: ends the alarm."""
IDENTITY: Final = REGISTERS + 0xFE0
"""The first of the bytes by which the device says what it is: 0x31."""


def print_two_digits(value: u64) -> None:
    if value < 10:
        print_bytes(b"0")
    print_decimal(value)


def days_of_month(year: u64, month: u64) -> u64:
    """Months count from 1. Until 2099 every fourth year is a leap year."""
    if month == 2:
        return u64(29) if year % 4 == 0 else u64(28)
    return u64(30) if month == 4 or month == 6 or month == 9 or month == 11 else u64(31)


def print_date(days: u64) -> None:
    """The date so many days after 1970-01-01, up to 2099."""
    year = u64(1970)
    month = u64(1)
    while days >= days_of_month(year, month):
        days -= days_of_month(year, month)
        month += 1
        if month > 12:
            year += 1
            month = u64(1)
    print_decimal(year)
    print_bytes(b"-")
    print_two_digits(month)
    print_bytes(b"-")
    print_two_digits(days + 1)


def print_time_of_day() -> None:
    seconds = u64(read32(DATA))
    print_bytes(b"rtc: ")
    print_date(seconds // 86_400)
    print_bytes(b" ")
    print_two_digits(seconds // 3_600 % 24)
    print_bytes(b":")
    print_two_digits(seconds // 60 % 60)
    print_bytes(b":")
    print_two_digits(seconds % 60)
    print_bytes(b" UTC\n")


@export
def main() -> u64:
    assert read32(IDENTITY) == u32(0x31)
    print_time_of_day()
    done(interrupt_bind(INTERRUPT, BELL, RING))
    write32(MATCH, read32(DATA) + 3)
    write32(MASK, u32(1))
    assert granted(wait_signals(BELL)) == RING
    assert read32(MASKED_STATUS) == u32(1)
    write32(CLEAR, u32(1))
    done(interrupt_ack(INTERRUPT))
    print_time_of_day()
    return u64(0)
