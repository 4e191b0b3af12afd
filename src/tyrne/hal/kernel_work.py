"""What the kernel's work counts against the limit of a run where the clock counts only the instructions of tasks.

On metal the limit counts the kernel's own instructions, because its clock does. On the other machines each system call
and fault brings the limit nearer: by these numbers, which are about what the work costs the kernel in CPython, in
instructions of tasks. A turn ends where it did: a slice is counted in instructions of tasks alone.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64

TRAP: Final = u64(1000)
"""A system call or a fault."""
WORD: Final = u64(100)
"""Each word that is written to RAM: an entry of a page table."""
ZEROED_PAGE: Final = u64(100)
CONSOLE_BYTE: Final = u64(10)
