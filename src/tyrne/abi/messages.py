"""What messages carry besides their words: how one was sent, signals, notices of the kernel."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tyrne.lang import u64


class SendOutcome(Enum):
    """What became of a message that was accepted: x1 of `send`."""

    DELIVERED = 0
    """A receiver was registered, or waited."""
    ENQUEUED = 1


SIGNAL_BADGE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
"""The badge that stands for signals: word 0 of the message is the bits. No capability can have it."""


class Notice(Enum):
    """The label of what the kernel tells a supervisor. The badge is that of the supervisor's endpoint."""

    EXITED = 0
    """Word 0 is the exit code. No answer is awaited."""
    FAULTED = 1
    """Words 0 to 2 are ESR_EL1, FAR_EL1 (0 where the class has none) and ELR_EL1. An answer resumes the task."""
