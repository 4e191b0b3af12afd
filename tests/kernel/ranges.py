"""Works on ranges of pages and blocks as calls do them: step by step, from one table to the next."""

from __future__ import annotations

from collections.abc import Sequence

from tyrne.hal.aarch64.descriptors import Descriptors
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, pages_for
from tyrne.kernel.frames import Frames
from tyrne.kernel.memory import Region
from tyrne.kernel.page_ranges import map_in_table, protect_in_table, unmap_in_table
from tyrne.lang import u16, u32, u64
from tyrne.testing.board import MemoryBoard

PAGES = Descriptors().last_level
"""The level of the tables that map pages."""
BLOCKS = PAGES - 1


def in_a_row(frame: int, length: int) -> Region:
    """A region that lies at a physical address."""
    region = Region()
    region.begin(pages_for(u64(length)))
    region.lie_at(u64(frame))
    return region


def map_range(
    board: MemoryBoard, frames: Frames, root: u64, start: int, end: int, frame: int, flags: MappingFlags | None,
    level: u64 = PAGES,
) -> None:  # fmt: skip
    at, region = u64(start), in_a_row(frame, end - start)
    while at < end:
        at = map_in_table(board, frames, root, level, at, u64(end), region, (at - start) // PAGE_SIZE, flags)
    assert at == end


def unmap_range(
    board: MemoryBoard, frames: Frames, root: u64, asid: u16, start: int, end: int, level: u64 = PAGES
) -> None:
    at = u64(start)
    while at < end:
        at = unmap_in_table(board, frames, root, asid, level, at, u64(end))
    assert at == end


def protect_range(
    board: MemoryBoard, root: u64, asid: u16, start: int, end: int, frames: Sequence[int], flags: MappingFlags | None
) -> None:
    """`frames` are those of the pages, in their order."""
    at, region = u64(start), Region()
    region.begin(u64(len(frames)))
    for page, frame in enumerate(frames):
        region.pieces[page] = u32(frame // int(PAGE_SIZE))
    while at < end:
        at = protect_in_table(board, root, asid, PAGES, at, u64(end), region, (at - start) // PAGE_SIZE, flags)
    assert at == end
