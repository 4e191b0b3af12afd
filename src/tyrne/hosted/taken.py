"""Which frames are taken, read from the bitmaps of a kernel, and which of them are for memory regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tyrne.hal.pages import BLOCK_PAGES
from tyrne.kernel.frames import Frames
from tyrne.kernel.memory import Region
from tyrne.lang import u64

_BITS: Final = 64
_ALL: Final = (1 << _BITS) - 1


def taken_frames(frames: Frames) -> Iterator[int]:
    """The numbers of the frames that are taken, by themselves or with their block, counted from the first of RAM."""
    total = int(frames.total())
    for number in range(-(-total // _BITS)):
        word = int(frames.taken[number])
        if word == 0 and frames.full[number // _BITS] >> number % _BITS & 1:
            word = _ALL  # of a block that is taken as a whole
        while word:
            lowest = word & -word
            frame = _BITS * number + lowest.bit_length() - 1
            if frame < total:
                yield frame
            word ^= lowest


def pages_held(region: Region) -> Iterator[int]:
    """The addresses of the frames that are allocated for a region."""
    pages = int(region.held * BLOCK_PAGES if region.large else region.held)
    return (int(region.address(u64(page))) for page in range(pages))
