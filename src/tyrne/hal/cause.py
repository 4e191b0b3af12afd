"""What a trap from user code means, whatever the architecture. The board decodes it."""

from __future__ import annotations

from enum import Enum


class Cause(Enum):
    """Why the processor came to the kernel."""

    CALL = 0
    """A system call."""
    FLOATING = 1
    """An access to the FP/SIMD unit, which is closed to the thread."""
    INTERRUPT = 2
    FAULT = 3
    """The thread did what it may not; two words of the board say what, and at which address."""
