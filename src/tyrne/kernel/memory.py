"""Memory regions: RAM from wherever it is free, or a device's registers, that capabilities name in whole or in part.

A region is made of pieces, each of which lies anywhere. Those of a small one are pages, those of a large one blocks of
512 pages. The large ones are few, and taken at once; a page is taken when it is cleared.
"""

from __future__ import annotations

from typing import Final

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.pages import BLOCK_PAGES, PAGE_SIZE
from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.frames import Frames
from tyrne.kernel.life import Life
from tyrne.lang import Array, inline, irange, u32, u64

GIVEN_BACK_AT_ONCE: Final = u64(64)
"""Pieces that one step of a region's end gives back."""


def can_be_made(pages: u64) -> bool:
    """Whether a region may have so many pages."""
    return 1 <= pages <= MAX_PIECES or (pages % BLOCK_PAGES == 0 and 0 < pages // BLOCK_PAGES <= MAX_PIECES)


class Region:
    """What of it is mapped belongs to the capabilities that it is mapped by.

    One that lies in a row, at an address that the description or the tool gave it, may have any length.
    """

    def __init__(self) -> None:
        self.life: Life = Life()
        self.pieces: Array[u32] = Array.filled(MAX_PIECES, u32(0))
        """Where each piece lies: the number of its first page, physical address 0 being in page 0."""
        self.held: u64 = u64(0)
        """How many of its first pieces are frames or blocks that were allocated for it."""
        self.pages: u64 = u64(0)
        self.large: bool = False
        self.device: bool = False
        """Not RAM: mapped as device memory, and never executed."""
        self.cleared: u64 = u64(0)
        """How many of its first pages hold nothing of an earlier owner. No task sees any before all do."""

    def begin(self, pages: u64) -> None:
        """Begin a life, without any piece."""
        self.pages = pages
        self.large = pages > MAX_PIECES
        self.device = False
        self.held = u64(0)
        self.cleared = u64(0)

    @inline
    def address(self, page: u64) -> u64:
        """The physical address of a page that has its place."""
        if self.large:
            return (u64(self.pieces[page // BLOCK_PAGES]) + page % BLOCK_PAGES) * PAGE_SIZE
        return u64(self.pieces[page]) * PAGE_SIZE

    def lie_at(self, address: u64) -> None:
        """Lie in a row at a physical address, over what is never allocated."""
        step = BLOCK_PAGES if self.large else u64(1)
        for piece in irange((self.pages + step - 1) // step):
            self.pieces[piece] = u32(address // PAGE_SIZE + piece * step)

    def take_room(self, frames: Frames) -> None:
        """Take all blocks at once, but only a promise of pages: each is taken when it is cleared."""
        if not self.large:
            frames.promised += self.pages
            return
        behind = u64(0)
        for block in irange(self.pages // BLOCK_PAGES):
            behind = frames.allocate_block(behind)
            self.pieces[block] = u32(behind // PAGE_SIZE)
        self.held = self.pages // BLOCK_PAGES

    def clear_next(self, memory: PhysicalMemory, frames: Frames) -> None:
        """Clear the first page that is not cleared."""
        if self.large:
            memory.zero(self.address(self.cleared), PAGE_SIZE)
        else:
            self.pieces[self.held] = u32(frames.keep_promise(memory) // PAGE_SIZE)
            self.held += 1
        self.cleared += 1

    def give_some_back(self, frames: Frames) -> u64:
        """Give back some of what was allocated for it, the last first; how many pages."""
        before = frames.allocated
        for _ in irange(min(self.held, GIVEN_BACK_AT_ONCE)):
            self.held -= 1
            address = u64(self.pieces[self.held]) * PAGE_SIZE
            if self.large:
                frames.free_block(address)
            else:
                frames.free(address)
        return before - frames.allocated

    def break_promise(self, frames: Frames) -> u64:
        """Leave the pages to others that it never took; how many."""
        left = u64(0) if self.large else self.pages - self.cleared
        frames.promised -= left
        return left
