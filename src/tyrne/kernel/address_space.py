"""Address spaces: a tree of translation tables each, and the tag of its entries in the TLB."""

from __future__ import annotations

from tyrne.hal.board import TableMemory
from tyrne.kernel.frames import Frames
from tyrne.kernel.life import Life
from tyrne.kernel.page_ranges import release_in_table
from tyrne.lang import u16, u64


class AddressSpace:
    """The root table, and how many frames the space takes: tables, and pages that belong to it."""

    def __init__(self) -> None:
        self.life: Life = Life()
        self.root: u64 = u64(0)
        """The physical address of the root table."""
        self.asid: u16 = u16(0)
        self.frames: u64 = u64(0)
        self.released: u64 = u64(0)
        """Nothing is mapped below this address: at the end of its life, what is has been released so far."""

    def begin(self, root: u64) -> None:
        """Start with a zeroed root table; the tag is that of the place, never 0."""
        self.root = root
        self.asid = self.life.index + 1
        self.frames = u64(1)
        self.released = u64(0)

    def release_some(self, memory: TableMemory, frames: Frames) -> u64:
        """Give some of its frames back, the root last; how many they were. The TLB has forgotten the space."""
        before = frames.allocated
        if self.frames > 1:
            self.released = release_in_table(memory, frames, self.root, self.released)
        else:
            frames.free(self.root)
            self.root = u64(0)
        freed = before - frames.allocated
        self.frames -= freed
        return freed
