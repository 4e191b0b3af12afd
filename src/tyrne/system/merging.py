"""Segments that become one, where a program has more than the kernel's loader takes.

Two neighbours become one if both are written to, or neither is: what is executable is never writable. Constants that
lie beside code may be executed then, which allows a program nothing that it could not do. Between them lie zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from tyrne.system.program import Segment

LOADED: Final = 16
"""Segments that an ELF may have at most."""
GAP: Final = 1 << 20
"""Bytes between two that become one, and zeros that the image has for it."""


def merged(segments: Sequence[Segment], most: int) -> tuple[Segment, ...]:
    """As many as `most`, or as few as can be: those first that may be accessed in the same way, then those with the
    fewest zeros between them."""
    found = list(segments)
    while len(found) > most:
        pairs = [(*_cost(*pair), number) for number, pair in enumerate(pairwise(found)) if _can_be_one(*pair)]
        if not pairs:
            break
        number = min(pairs)[-1]
        found[number : number + 2] = [_one(found[number], found[number + 1])]
    return tuple(found)


def _can_be_one(low: Segment, high: Segment) -> bool:
    return low.writable == high.writable and high.address - low.end <= GAP and _zeros(low, high) <= GAP


def _cost(low: Segment, high: Segment) -> tuple[bool, int]:
    return low.executable != high.executable, high.address - low.end


def _zeros(low: Segment, high: Segment) -> int:
    """What the image has to have of them, so that the content of the second lies where it belongs."""
    return high.address - low.address - len(low.data) if high.data else 0


def _one(low: Segment, high: Segment) -> Segment:
    data = low.data + bytes(_zeros(low, high)) + high.data
    memory = high.address - low.address + high.memory
    return Segment(low.address, low.writable, low.executable or high.executable, data, memory)
