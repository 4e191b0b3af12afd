"""Writes to the last word of each of its four pages, and adds up what it finds there."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import print_bytes, print_decimal, task_yield

HEAP: Final = u64(0x2000_0000)
PAGE: Final = u64(4096)
FIRST: Final = u64(1)
USED: Final = 4
"""Pages of its heap that it uses."""


@export
def main() -> u64:
    for i in irange(USED):
        write64(HEAP + (i + 1) * PAGE - 8, FIRST + i)
        task_yield()
    total = u64(0)
    for i in irange(USED):
        total += read64(HEAP + (i + 1) * PAGE - 8)
    print_bytes(b"walker: the sum is ")
    print_decimal(total)
    print_bytes(b"\n")
    return u64(0)
