"""Keeps a table in memory that it shares, and looks from time to time whether it is as it was."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import print_bytes, print_decimal, task_yield

TABLE: Final = u64(0x1000_0000)
ENTRIES: Final = 8


@export
def main() -> u64:
    for number in irange(ENTRIES):
        write64(TABLE + number * 8, number + 1)
    for _ in irange(40):
        task_yield()
        for number in irange(ENTRIES):
            if read64(TABLE + number * 8) != number + 1:
                print_bytes(b"table: entry ")
                print_decimal(number)
                print_bytes(b" is not what I wrote\n")
                return u64(1)
    return u64(0)
