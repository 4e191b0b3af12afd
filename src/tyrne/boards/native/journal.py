"""The journal: what the kernel did, as records of 64-bit words that the host takes after each call.

A record is its kind and the fields that the kind has. Word 0 of the memory counts the words of all records, word 1 is
the number of user instructions until now, word 2 the interrupt line that is pending or 0: the host keeps both. The
records follow.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64
from tyrne.lang.machine import read64, write64

LOG: Final = u64(1)
"""A byte of the kernel's own lines."""
CONSOLE: Final = u64(2)
"""Task, byte."""
ACTIVATE: Final = u64(3)
"""Root, ASID."""
CODE_WRITTEN: Final = u64(4)
"""Physical address, length in bytes."""
INVALIDATE_PAGES: Final = u64(5)
"""ASID, address of the first page, number of pages."""
INVALIDATE_SPACE: Final = u64(6)
"""ASID."""
SWITCH_THREAD: Final = u64(7)
"""Host addresses of the old thread's state, 0 for none, and of the new one's."""
CALL: Final = u64(8)
"""Task, number, x0 to x5 of the call, x0 to x7 of the reply."""
EXIT: Final = u64(9)
"""Task, number, x0 to x5 of the call."""
FAULT: Final = u64(10)
"""Task, syndrome, address, PC, x30."""
ALARM: Final = u64(11)
"""The number of user instructions since the start at which the next interrupt is due; NEVER for none."""
END: Final = u64(12)
"""Task, code: another task ended it."""
STANDING: Final = u64(13)
"""Task, and the words of its `Standing`: at the end of the run it has not ended."""
LINE: Final = u64(14)
"""An interrupt line, and whether it is let through."""

FIELDS: Final = {
    LOG: 1,
    CONSOLE: 2,
    ACTIVATE: 2,
    CODE_WRITTEN: 2,
    INVALIDATE_PAGES: 3,
    INVALIDATE_SPACE: 1,
    SWITCH_THREAD: 2,
    CALL: 16,
    EXIT: 8,
    FAULT: 5,
    ALARM: 1,
    END: 2,
    STANDING: 6,
    LINE: 2,
}
"""How many fields each kind has."""

NEVER: Final = u64((1 << 64) - 1)
HEADER_WORDS: Final = u64(3)
CAPACITY: Final = u64(1 << 21)
"""Words of records, more than any one call writes: the most are the pages that the end of many capabilities unmaps. The
memory is HEADER_WORDS larger."""


class Journal:
    """Writes into memory that the host gave."""

    def __init__(self) -> None:
        self.memory: u64 = u64(0)

    def put(self, word: u64) -> None:
        """One more word: a kind, or the next field of the record that it began. A full journal traps."""
        # audit: U-51
        used = read64(self.memory)
        assert used < CAPACITY, "the journal is full"
        # audit: U-51
        write64(self.memory + (HEADER_WORDS + used) * 8, word)
        # audit: U-51
        write64(self.memory, used + 1)

    def instructions(self) -> u64:
        """User instructions begun since the start."""
        # audit: U-51
        return read64(self.memory + 8)

    def pending_line(self) -> u64:
        """The first interrupt line that is raised and let through; 0 for none."""
        # audit: U-51
        return read64(self.memory + 16)
