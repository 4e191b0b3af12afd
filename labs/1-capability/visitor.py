"""Reads the board. It is less urgent than the others, so it comes when they have done their work."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.lang.machine import read64
from tyrne.user import print_bytes, print_decimal

BOARD: Final = u64(0x1000_0000)
"""Where the visitor expects the board to be mapped."""


@export
def main() -> u64:
    print_bytes(b"visitor: the board says ")
    print_decimal(read64(BOARD))
    print_bytes(b"\n")
    return u64(0)
