"""Translation tables of a space, on a board of few pages."""

from __future__ import annotations

from typing import Final

from kernel.ranges import BLOCKS, PAGES, map_range, protect_range, unmap_range
from tyrne.abi import Status
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.page_ranges import missing_tables
from tyrne.kernel.page_table import Mapping, invalid_in_space, map_page, translate
from tyrne.lang import u16, u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import BASE, managed

F = MappingFlags
ASID = u16(7)
TOP = 1 << 48
DATA = F.USER | F.WRITE
MAPPABLE = [F(bits) for bits in range(32) if not invalid_in_space(F(bits))]
FORBIDDEN = [F(bits) for bits in range(32) if invalid_in_space(F(bits))]
BLOCK: Final = 512 * PAGE
BLOCKS_AT: Final = RAM + 64 * BLOCK
"""Where the blocks lie; nothing here reads them."""


class Tables:
    def __init__(self, pages: int = 64) -> None:
        self.board = MemoryBoard(pages)
        self.frames = managed(pages)
        root = self.frames.allocate(self.board)
        frame = self.frames.allocate(self.board)
        assert root is not None and frame is not None
        self.root, self.frame = root, frame

    def map(self, address: int = BASE, flags: MappingFlags = DATA, frame: int | None = None) -> Status | None:
        target = self.frame if frame is None else u64(frame)
        return map_page(self.board, self.frames, self.root, u64(address), target, flags)

    def unmap(self, address: int = BASE) -> int:
        return self.unmap_range(address, address + PAGE)

    def translate(self, address: int = BASE) -> Mapping | Status:
        return translate(self.board, self.root, u64(address))

    def map_range(self, start: int, end: int, flags: MappingFlags | None = DATA) -> None:
        map_range(self.board, self.frames, self.root, start, end, int(self.frame), flags)

    def map_blocks(self, start: int, end: int, flags: MappingFlags | None = DATA) -> None:
        map_range(self.board, self.frames, self.root, start, end, BLOCKS_AT, flags, BLOCKS)

    def unmap_range(self, start: int, end: int, level: u64 = PAGES) -> int:
        """How many tables it frees."""
        before = self.frames.available()
        unmap_range(self.board, self.frames, self.root, ASID, start, end, level)
        return int(self.frames.available() - before)

    def protect(self, start: int, end: int, flags: MappingFlags | None) -> None:
        frames = range(int(self.frame), int(self.frame) + end - start, PAGE)
        protect_range(self.board, self.root, ASID, start, end, frames, flags)

    def missing(self, start: int, end: int, level: u64 = PAGES) -> int | Status:
        return missing_tables(self.board, self.root, level, u64(start), u64(end))

    def release(self, frames: int) -> int:
        """End the space, which has so many frames; how many it gives back."""
        space = AddressSpace()
        space.root, space.frames = self.root, u64(frames)
        found = 0
        while space.root != 0:
            found += int(space.release_some(self.board, self.frames))
        return found

    def used(self, address: int, level: int) -> int:
        """What the descriptor that leads to a table says of it, which is what the table holds."""
        descriptor = int(self.board.read64(u64(self.entry(address, level - 1))))
        table = descriptor & 0xFFFF_FFFF_F000
        entries = [self.board.read64(u64(table + 8 * i)) != 0 for i in range(512)]
        assert descriptor >> 2 & 0x3FF == sum(entries)
        return sum(entries)

    def entry(self, address: int, level: int) -> int:
        """The physical address of a descriptor whose tables above are there."""
        table = int(self.root)
        for above in range(level):
            table = int(self.board.read64(u64(table + (address >> (39 - 9 * above) & 511) * 8))) & 0xFFFF_FFFF_F000
        return table + (address >> (39 - 9 * level) & 511) * 8

    def words(self) -> list[int]:
        """All words of RAM that the tables may be in."""
        return [int(self.board.read64(u64(RAM + 8 * i))) for i in range(8 * 512)]

    def refuses(self, error: Status, address: int, flags: MappingFlags = DATA) -> None:
        before = bytes(self.board.ram), self.frames.available()
        assert self.map(address, flags) is error
        assert (bytes(self.board.ram), self.frames.available()) == before
