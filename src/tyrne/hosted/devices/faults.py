"""A device that does wrong on purpose, for tests of drivers: what it does, and when.

A driver must not believe its device: one that does reads beyond its buffer, or waits for ever. With a table of faults
the model does what a broken or hostile device does, at a place that the test names, and the same in each run.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Fault(Enum):
    SHORT = "half of the data, and the driver is told so; at least one byte if there was one"
    IO_ERROR = "the request fails, and nothing is done; devices that can say so only"
    SPURIOUS = "an interrupt at once, with nothing used; the chain is served LATE nanoseconds later"
    USED_LENGTH = "served as it should be, with a length of 0xFFFF_FFFF"
    USED_ID = "served as it should be, with the head of no descriptor: the queue's size is added to it"


Faults = Mapping[tuple[int, int], Fault]
"""By queue, and by how many chains of it have been given back before, since the device was made: resets count on."""

NONE: Final[Faults] = {}
LATE: Final = 1000
"""Nanoseconds."""
