"""Fails a check of the language: the index of the last store is one too far."""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, irange, u64
from tyrne.user import print_bytes


class Squares:
    """The squares of the first numbers."""

    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(4, u64(0))


SQUARES: Final = Squares()


@export
def main() -> u64:
    print_bytes(b"counting")
    for i in irange(5):
        SQUARES.of[i] = i * i
    return u64(0)
