"""Encodings whose effect differs between the two emulators for reasons of their own, and that are therefore left out.

A row says exactly which, and why. Those of ALWAYS never run: a NOP stands in their place; of the 2^17 system
instructions (0xD500_0000 to 0xD53F_FFFF, register aside) MDCCSR_EL0 is all that differs. Those of AFTER_FAULT run, and
mostly agree; where a program has run into the difference, and only there, that one word becomes a NOP and the whole
batch is compared again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Excluded:
    """The words w with w & mask == value for which `when` holds."""

    name: str
    mask: int
    value: int
    reason: str
    when: Callable[[int], bool] = lambda word: True

    def has(self, word: int) -> bool:
        return word & self.mask == self.value and self.when(word)


@dataclass(frozen=True)
class FaultOfOne:
    """Words that may fault on QEMU with this ESR where they do not hosted."""

    words: Excluded
    syndromes: frozenset[int]


UNDEFINED: Final = 0x0200_0000
_SHOULD_BE_ONES: Final = (
    "fields that should be ones are not: the architecture leaves open what that does; QEMU 10 calls the word undefined"
)


_ALIGNMENT, _STATUS = 0x21, 0x3F
"""The status of a data abort, the lowest bits of its syndrome, when the address is not aligned."""


def comes_first(syndrome: int) -> bool:
    """Whether the processor finds out what is wrong before any other fault: a word that it does not know, or an address
    that is not aligned, which is seen before it is translated."""
    return syndrome == UNDEFINED or syndrome & _STATUS == _ALIGNMENT


def _clear(word: int, ones: int) -> bool:
    return word & ones != ones


ALWAYS: Final = (
    Excluded(
        "LDP, LDPSW into one register twice",
        0x3A40_0000,
        0x2840_0000,
        "the architecture leaves open which word stays there; QEMU 10 keeps another than QEMU 7.2 and Unicorn",
        lambda word: word & 31 == word >> 10 & 31,
    ),
    Excluded("MRS MDCCSR_EL0", 0xFFFF_FFE0, 0xD533_0100, "QEMU lets EL0 read it, Unicorn calls it undefined"),
)
AFTER_FAULT: Final = (
    FaultOfOne(
        Excluded(
            "LDAR, STLR",
            0x3FA0_8000,
            0x0880_8000,
            "Unicorn does not check the alignment of load-acquire and store-release",
        ),
        frozenset({0x9200_0021, 0x9200_0061}),
    ),
    FaultOfOne(
        Excluded("SMULH, UMULH", 0xFF60_8000, 0x9B40_0000, _SHOULD_BE_ONES, lambda word: _clear(word, 0x0000_7C00)),
        frozenset({UNDEFINED}),
    ),
    FaultOfOne(
        Excluded("LDAR, STLR", 0x3FA0_8000, 0x0880_8000, _SHOULD_BE_ONES, lambda word: _clear(word, 0x001F_7C00)),
        frozenset({UNDEFINED}),
    ),
)
WITH_TICKS: Final = (
    Excluded(
        "STXR, STXP, STLXR, STLXP",
        0x3FC0_0000,
        0x0800_0000,
        "it fails after an interrupt, and ticks do not fall at the same instruction of each machine",
    ),
)
"""Rows that do not run where ticks part the tasks."""


def is_excluded(word: int, ticks: bool = False) -> bool:
    """Whether a word may not run."""
    return any(row.has(word) for row in ALWAYS) or (ticks and any(row.has(word) for row in WITH_TICKS))


def excuse(word: int, syndrome: int) -> FaultOfOne | None:
    """The row that explains why QEMU, alone, faulted at a word."""
    return next((row for row in AFTER_FAULT if row.words.has(word) and syndrome in row.syndromes), None)
