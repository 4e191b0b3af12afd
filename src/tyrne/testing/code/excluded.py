"""Encodings whose effect differs between the two emulators for reasons of their own, and that are therefore left out.

A row says exactly which, and why. The rows of ALWAYS never run: a NOP stands in their place. Those of AFTER_FAULT run,
and mostly agree; where a program has run into the difference, and only there, that one word becomes a NOP and the whole
batch is compared again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Excluded:
    """The words w with w & mask == value."""

    name: str
    mask: int
    value: int
    reason: str

    def has(self, word: int) -> bool:
        return word & self.mask == self.value


@dataclass(frozen=True)
class FaultOfOne:
    """Words that may fault on QEMU with this ESR where they do not hosted."""

    words: Excluded
    syndromes: frozenset[int]


ALWAYS: Final = (
    Excluded("MRS MDCCSR_EL0", 0xFFFF_FFE0, 0xD533_0100, "QEMU lets EL0 read it, Unicorn calls it undefined"),
)
AFTER_FAULT: Final = (
    FaultOfOne(
        Excluded(
            "LDAR, STLR", 0x3FA0_8000, 0x0880_8000, "Unicorn does not check the alignment of load-acquire, store-release"
        ),
        frozenset({0x9200_0021, 0x9200_0061}),
    ),
)


def is_excluded(word: int) -> bool:
    """Whether a word may not run at all."""
    return any(row.has(word) for row in ALWAYS)
