"""Crashes in its first two lives. Its memory outlives a restart, so it knows which life this is."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.lang.machine import read64
from tyrne.user import print_bytes, print_decimal

NOWHERE: Final = u64(0xDEAD_0000)
"""An address at which nothing is mapped."""
LIVES: Final = u64(3)


class Life:
    """Which one this is."""

    def __init__(self) -> None:
        self.number: u64 = u64(0)


LIFE: Final = Life()


@export
def main() -> u64:
    LIFE.number += 1
    print_bytes(b"crasher: life ")
    print_decimal(LIFE.number)
    print_bytes(b"\n")
    if LIFE.number < LIVES:
        return read64(NOWHERE)
    return u64(0)
