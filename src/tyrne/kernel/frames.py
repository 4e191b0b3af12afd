"""Physical frames: which pages of RAM are free, and which blocks of 512."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.pages import BLOCK_PAGES, BLOCK_SIZE, PAGE_SIZE, is_page_aligned, page_of
from tyrne.kernel.config import MAX_FRAMES, MAX_RESERVED
from tyrne.lang import Array, bit_not, hot, inline, irange, saturating_add, trailing_zeros, u16, u64

WORD_BITS: Final = u64(64)
WORDS_IN_BLOCK: Final = BLOCK_PAGES // WORD_BITS
WORDS_OF_BLOCK: Final = u64(0xFF)
"""The bits of `Frames.full` for one block."""


@dataclass(frozen=True)
class FrameRange:
    """Physical addresses from start up to but without end."""

    start: u64 = u64(0)
    end: u64 = u64(0)

    def contains(self, address: u64) -> bool:
        return self.start <= address < self.end

    def covers(self, other: FrameRange) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: FrameRange) -> bool:
        """Whether they have an address in common: an empty range has none."""
        return max(self.start, other.start) < min(self.end, other.end)


class Frames:
    """Which frames of one extent of RAM are taken: reserved, or allocated, one by one or as whole blocks.

    What a step of the kernel looks at is bounded, whatever is taken: a free frame is found by `full`, a free block by
    `in_block`. Of a block that is taken as a whole `taken` says nothing.
    """

    def __init__(self, max_frames: int = MAX_FRAMES) -> None:
        self.taken: Array[u64] = Array.filled(max_frames // 64, u64(0))
        """A bit for each frame."""
        self.full: Array[u64] = Array.filled((max_frames + 4095) // 4096, u64(0))
        """A bit for each word of `taken`: no frame of it is free."""
        self.in_block: Array[u16] = Array.filled((max_frames + 511) // 512, u16(0))
        """How many frames of each block are taken."""
        self.extent: FrameRange = FrameRange()
        self.reserved: Array[FrameRange] = Array.filled(MAX_RESERVED, FrameRange())
        self.reserved_ranges: u64 = u64(0)
        self.reserved_frames: u64 = u64(0)
        self.allocated: u64 = u64(0)
        self.promised: u64 = u64(0)
        """How many of those that are free are kept for who takes them later."""
        self.hint: u64 = u64(0)
        """Each word of `full` below this one has all its bits set."""

    def total(self) -> u64:
        return (self.extent.end - self.extent.start) // PAGE_SIZE

    def available(self) -> u64:
        return self.total() - self.reserved_frames - self.allocated - self.promised

    def manage(self, extent: FrameRange) -> None:
        """Start with every frame of an extent free."""
        assert is_page_aligned(extent.start) and is_page_aligned(extent.end), "RAM is not whole pages"
        assert extent.start <= extent.end, "RAM ends before it begins"
        total = (extent.end - extent.start) // PAGE_SIZE
        assert total <= u64(len(self.taken)) * WORD_BITS, "RAM has too many frames"
        self.extent = extent
        end = (total + WORD_BITS - 1) // WORD_BITS
        self._take(total, end * WORD_BITS)
        for i in irange(end // WORD_BITS, len(self.full)):
            self.full[i] = self.full[i] | _bits_of(i, end, (i + 1) * WORD_BITS)

    def reserve(self, frames: FrameRange) -> None:
        """Keep a range of frames from ever being allocated. Only before the first allocation."""
        assert self.reserved_ranges < len(self.reserved), "there are too many reserved ranges"
        assert is_page_aligned(frames.start) and is_page_aligned(frames.end), "a reserved range is not whole pages"
        assert frames.start <= frames.end and self.extent.covers(frames), "a reserved range is not in RAM"
        assert not self._touches_reserved(frames), "reserved ranges overlap"
        assert self.allocated == 0
        self.reserved[self.reserved_ranges] = frames
        self.reserved_ranges += 1
        self._take(self._index(frames.start), self._index(frames.end))
        self.reserved_frames += (frames.end - frames.start) // PAGE_SIZE

    def _take(self, first: u64, end: u64) -> None:
        """Mark free frames in a row as taken."""
        for word in irange(first // WORD_BITS, (end + WORD_BITS - 1) // WORD_BITS):
            bits = _bits_of(word, first, end)
            self.taken[word] = self.taken[word] | bits
            self._fill(word)
            count = min(end, (word + 1) * WORD_BITS) - max(first, word * WORD_BITS)
            self.in_block[word // WORDS_IN_BLOCK] += u16(count)

    @inline
    def _fill(self, word: u64) -> None:
        """Some of a word of `taken` is taken now: perhaps the last of it."""
        if bit_not(self.taken[word]) == 0:
            self.full[word // WORD_BITS] = self.full[word // WORD_BITS] | u64(1) << word % WORD_BITS

    def allocate(self, memory: PhysicalMemory) -> u64 | None:
        """The address of a frame, now zeroed and the caller's; None when all are taken or promised."""
        return None if self.available() == 0 else self._take_one(memory)

    def keep_promise(self, memory: PhysicalMemory) -> u64:
        """The address of a frame that was promised, now zeroed and the caller's."""
        self.promised -= 1
        return self._take_one(memory)

    def _take_one(self, memory: PhysicalMemory) -> u64:
        """Zero the first free frame, and take it. There is one."""
        group = self.hint
        while bit_not(self.full[group]) == 0:
            group += 1
        self.hint = group
        word = group * WORD_BITS + trailing_zeros(bit_not(self.full[group]))
        bit = trailing_zeros(bit_not(self.taken[word]))
        self.taken[word] = self.taken[word] | u64(1) << bit
        self._fill(word)
        self.in_block[word // WORDS_IN_BLOCK] += 1
        self.allocated += 1
        address = self.extent.start + (word * WORD_BITS + bit) * PAGE_SIZE
        memory.zero(address, PAGE_SIZE)
        return address

    @hot
    def free(self, address: u64) -> None:
        """Give an allocated frame back."""
        assert is_page_aligned(address), "what is freed is no frame"
        frame = FrameRange(address, saturating_add(address, PAGE_SIZE))
        assert self.extent.covers(frame), "what is freed is not in RAM"
        index = self._index(address)
        word, bit = index // WORD_BITS, u64(1) << index % WORD_BITS
        assert not self._touches_reserved(frame) and self.taken[word] & bit != 0, "what is freed is not allocated"
        self.taken[word] = self.taken[word] & bit_not(bit)
        group = word // WORD_BITS
        self.full[group] = self.full[group] & bit_not(u64(1) << word % WORD_BITS)
        self.in_block[word // WORDS_IN_BLOCK] -= 1
        self.hint = min(self.hint, group)
        self.allocated -= 1

    def has_blocks(self, count: u64) -> bool:
        """Whether so many whole blocks are free."""
        left = count
        for block in irange(self.total() // BLOCK_PAGES):
            if left == 0:
                break
            if self.in_block[block] == 0:
                left -= 1
        return left == 0

    def allocate_block(self, behind: u64) -> u64:
        """The address of the first free block that does not lie before an address, now the caller's to clear. There is
        one."""
        block = self._index(max(behind, self.extent.start)) // BLOCK_PAGES
        while self.in_block[block] != 0:
            block += 1
        self.in_block[block] = u16(BLOCK_PAGES)
        self.full[block // 8] = self.full[block // 8] | WORDS_OF_BLOCK << block % 8 * WORDS_IN_BLOCK
        self.allocated += BLOCK_PAGES
        return self.extent.start + block * BLOCK_SIZE

    def free_block(self, address: u64) -> None:
        """Give an allocated block back."""
        block = self._index(address) // BLOCK_PAGES
        assert address == self.extent.start + block * BLOCK_SIZE, "what is freed is no block"
        bits = WORDS_OF_BLOCK << block % 8 * WORDS_IN_BLOCK
        whole = self.in_block[block] == u16(BLOCK_PAGES) and self.taken[block * WORDS_IN_BLOCK] == 0
        assert whole and self.full[block // 8] & bits == bits, "what is freed is not allocated"
        self.in_block[block] = u16(0)
        self.full[block // 8] = self.full[block // 8] & bit_not(bits)
        self.hint = min(self.hint, block // 8)
        self.allocated -= BLOCK_PAGES

    def may_yield(self, span: FrameRange) -> bool:
        """Whether an allocation, now or later, could return a frame that overlaps a range of bytes."""
        if not span.overlaps(self.extent):
            return False
        met = FrameRange(page_of(max(span.start, self.extent.start)), min(span.end, self.extent.end))
        left = met.end - met.start
        for i in irange(self.reserved_ranges):
            kept = self.reserved[i]
            if kept.overlaps(met):
                left -= min(kept.end, met.end) - max(kept.start, met.start)
        return left != 0

    def _touches_reserved(self, frames: FrameRange) -> bool:
        for i in irange(self.reserved_ranges):
            if self.reserved[i].overlaps(frames):
                return True
        return False

    def _index(self, address: u64) -> u64:
        return (address - self.extent.start) // PAGE_SIZE


def _bits_of(word: u64, first: u64, end: u64) -> u64:
    """The bits of a word that stand for `first` up to but without `end`; some do."""
    low = max(first, word * WORD_BITS) % WORD_BITS
    behind = min(end - word * WORD_BITS, WORD_BITS)
    return (bit_not(u64(0)) >> (WORD_BITS + low - behind)) << low
