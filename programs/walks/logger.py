"""Notes what it does in the memory that it shares, in front of what it noted before."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.lang.machine import write64
from tyrne.user import task_yield

LOG_END: Final = u64(0x1000_0100)


@export
def main() -> u64:
    for number in irange(30):
        write64(LOG_END - (number + 1) * 8, number * number)
        task_yield()
    return u64(0)
