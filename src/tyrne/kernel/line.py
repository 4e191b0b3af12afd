"""Interrupt lines: what a device raises, and who hears it.

| a line is | on the board | and becomes                                                             |
|-----------|--------------|-------------------------------------------------------------------------|
| unbound   | masked       | open, when it is bound                                                  |
| open      | unmasked     | delivered, when its device raises it; unbound                           |
| delivered | masked       | open, when it is acknowledged or bound anew; unbound                    |

It is unbound by a call, and when one of the two capabilities goes or moves by which it was bound. So it is delivered at
most once for each acknowledgement: no device can hold the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyrne.hal.board import B
from tyrne.kernel.cap_slot import CapSlot
from tyrne.lang import inline, irange, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@dataclass(frozen=True)
class LineBinding:
    """By which capability over a line, and over which notification, it was bound; and to which bits."""

    by: CapSlot
    signals: CapSlot
    bits: u64


class Line:
    """One line, by the board's number."""

    def __init__(self) -> None:
        self.number: u32 = u32(0)
        self.bound: LineBinding | None = None
        self.open: bool = False


def open_line(kernel: Kernel[B], line: Line) -> None:
    """Let a line that is bound be delivered."""
    line.open = True
    kernel.board.unmask_line(line.number)


def close_line(kernel: Kernel[B], line: Line) -> None:
    """Let nobody hear a line."""
    line.bound = None
    line.open = False
    kernel.board.mask_line(line.number)


@inline
def unbind_lines(kernel: Kernel[B], slot: CapSlot) -> None:
    """A capability goes or moves: nobody hears the lines any more that were bound by it."""
    for i in irange(kernel.named_lines):
        bound = kernel.lines[i].bound
        if bound is not None and (bound.by is slot or bound.signals is slot):
            close_line(kernel, kernel.lines[i])
