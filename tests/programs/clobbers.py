"""clobbers.c in Kernel Python."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.user import CallNumber, system_call


class Slots:
    """Not a constant: the compiler cannot know its value at the call."""

    def __init__(self) -> None:
        self.empty: u64 = u64(62)


SLOTS: Final = Slots()


def twice(x0: u64, x1: u64, x2: u64, x3: u64, x4: u64, x5: u64) -> None:
    system_call(u64(CallNumber.SEND.value), x0, x1, x2, x3, x4, x5)
    system_call(u64(CallNumber.SEND.value), x0, x1, x2, x3, x4, x5)


@export
def main() -> u64:
    SLOTS.empty += 1
    first = SLOTS.empty
    twice(first, first + 1, first + 2, first + 3, first + 4, first + 5)
    return u64(0)
