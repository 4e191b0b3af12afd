"""Counts, and never waits. Two tasks run this program."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.lang.machine import write64
from tyrne.user import print_bytes

PAPER: Final = u64(0x1000_0000)
GOAL: Final = u64(300_000)


@export
def main() -> u64:
    print_bytes(b"counter: begins\n")
    count = u64(0)
    while count != GOAL:
        count += 1
        write64(PAPER, count)
    print_bytes(b"counter: has counted\n")
    return u64(0)
