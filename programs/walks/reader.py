"""Adds up the table, which it may read and write as the others may."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.lang.machine import read64
from tyrne.user import task_yield

TABLE: Final = u64(0x1000_0000)


@export
def main() -> u64:
    total = u64(0)
    for _ in irange(30):
        for number in irange(8):
            total += read64(TABLE + number * 8)
        task_yield()
    return u64(0)
