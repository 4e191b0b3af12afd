"""Works on ranges of pages as calls do them: step by step, from one table to the next."""

from __future__ import annotations

from tyrne.hal.pages import MappingFlags
from tyrne.kernel.frames import Frames
from tyrne.kernel.page_ranges import map_in_table, protect_in_table, unmap_in_table
from tyrne.lang import u16, u64
from tyrne.testing.board import MemoryBoard


def map_range(
    board: MemoryBoard, frames: Frames, root: u64, start: int, end: int, frame: int, flags: MappingFlags
) -> None:
    at = u64(start)
    while at < end:
        at = map_in_table(board, frames, root, at, u64(end), u64(frame + int(at) - start), flags)
    assert at == end


def unmap_range(board: MemoryBoard, frames: Frames, root: u64, asid: u16, start: int, end: int) -> None:
    at = u64(start)
    while at < end:
        at = unmap_in_table(board, frames, root, asid, at, u64(end))
    assert at == end


def protect_range(board: MemoryBoard, root: u64, asid: u16, start: int, end: int, flags: MappingFlags) -> None:
    at = u64(start)
    while at < end:
        at = protect_in_table(board, root, asid, at, u64(end), flags)
    assert at == end
