"""User images in memory: segments to copy into a new address space, and where its stack goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.hal.pages import PAGE_SIZE, MappingFlags, pages_for
from tyrne.lang import Array, irange, saturating_add, saturating_mul, u64

MAX_SEGMENTS: Final = 4


@dataclass(frozen=True)
class Segment:
    """A run of pages: `length` bytes from `source` (a physical address), then zeros up to `memory_length` bytes."""

    address: u64 = u64(0)
    flags: MappingFlags = MappingFlags.NONE
    source: u64 = u64(0)
    length: u64 = u64(0)
    memory_length: u64 = u64(0)

    def pages(self) -> u64:
        return pages_for(self.memory_length)


class Image:
    """A program to load. Segments come in the order of their addresses; the stack lies above them."""

    def __init__(self) -> None:
        self.segments: Array[Segment] = Array.filled(MAX_SEGMENTS, Segment())
        self.segment_count: u64 = u64(0)
        self.entry: u64 = u64(0)
        self.stack_base: u64 = u64(0)
        self.stack_pages: u64 = u64(0)

    def base(self) -> u64:
        """The lowest address of the image."""
        return self.segments[0].address

    def bytes(self) -> u64:
        """How many bytes the image brings with it; the largest word when that does not fit one."""
        total = u64(0)
        for i in irange(self.segment_count):
            total = saturating_add(total, self.segments[i].length)
        return total

    def pages(self) -> u64:
        """How many pages its segments take, without the stack."""
        total = u64(0)
        for i in irange(self.segment_count):
            total += self.segments[i].pages()
        return total

    def stack_end(self) -> u64:
        """One past the highest byte of the stack; the largest word when that does not fit one."""
        return saturating_add(self.stack_base, saturating_mul(self.stack_pages, PAGE_SIZE))
