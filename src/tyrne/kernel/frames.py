"""Physical frames: which 4 KiB pages of RAM are free."""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.pages import PAGE_SIZE, is_page_aligned, page_of
from tyrne.kernel.config import MAX_FRAMES, MAX_RESERVED
from tyrne.kernel.runs import WORD_BITS, first_run
from tyrne.lang import Array, bit_not, hot, irange, saturating_add, saturating_mul, trailing_zeros, u64


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
    """A bitmap over one extent of RAM: a set bit is a frame that is reserved or allocated."""

    def __init__(self, max_frames: int = MAX_FRAMES) -> None:
        self.taken: Array[u64] = Array.filled(max_frames // 64, u64(0))
        self.extent: FrameRange = FrameRange()
        self.reserved: Array[FrameRange] = Array.filled(MAX_RESERVED, FrameRange())
        self.reserved_ranges: u64 = u64(0)
        self.reserved_frames: u64 = u64(0)
        self.allocated: u64 = u64(0)
        self.hint: u64 = u64(0)
        """No frame below this index is free."""

    def total(self) -> u64:
        return (self.extent.end - self.extent.start) // PAGE_SIZE

    def available(self) -> u64:
        return self.total() - self.reserved_frames - self.allocated

    def manage(self, extent: FrameRange) -> None:
        """Start with every frame of an extent free."""
        assert is_page_aligned(extent.start) and is_page_aligned(extent.end), "RAM is not whole pages"
        assert extent.start <= extent.end, "RAM ends before it begins"
        assert (extent.end - extent.start) // PAGE_SIZE <= u64(len(self.taken)) * WORD_BITS, "RAM has too many frames"
        self.extent = extent

    def reserve(self, frames: FrameRange) -> None:
        """Keep a range of frames from ever being allocated. Only before the first allocation."""
        assert self.reserved_ranges < len(self.reserved), "there are too many reserved ranges"
        assert is_page_aligned(frames.start) and is_page_aligned(frames.end), "a reserved range is not whole pages"
        assert frames.start <= frames.end and self.extent.covers(frames), "a reserved range is not in RAM"
        assert not self._touches_reserved(frames), "reserved ranges overlap"
        assert self.allocated == 0
        self.reserved[self.reserved_ranges] = frames
        self.reserved_ranges += 1
        count = (frames.end - frames.start) // PAGE_SIZE
        self._take(self._index(frames.start), count)
        self.reserved_frames += count

    def allocate(self, memory: PhysicalMemory) -> u64 | None:
        """The address of a frame, now zeroed and the caller's; None when all are taken."""
        address = self.allocate_run(u64(1))
        if address is not None:
            self.hint = self._index(address) + 1
            memory.zero(address, PAGE_SIZE)
        return address

    def allocate_run(self, count: u64) -> u64 | None:
        """The address of the first of a run of frames, now the caller's to clear; None when there is no such run."""
        first = self._first_run(count)
        if first is None:
            return None
        self._take(first, count)
        self.allocated += count
        return self.extent.start + first * PAGE_SIZE

    @hot
    def free(self, address: u64, count: u64 = u64(1)) -> None:
        """Give an allocated frame back, or so many in a row."""
        assert is_page_aligned(address), "what is freed is no frame"
        run = FrameRange(address, saturating_add(address, saturating_mul(count, PAGE_SIZE)))
        assert count > 0 and self.extent.covers(run), "what is freed is not in RAM"
        first = self._index(address)
        assert not self._touches_reserved(run) and self._are_taken(first, count), "what is freed is not allocated"
        for word in irange(first // WORD_BITS, (first + count - 1) // WORD_BITS + 1):
            self.taken[word] = self.taken[word] & bit_not(_bits_of(word, first, first + count))
        self.hint = min(self.hint, first)
        self.allocated -= count

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

    def _are_taken(self, first: u64, count: u64) -> bool:
        for word in irange(first // WORD_BITS, (first + count - 1) // WORD_BITS + 1):
            bits = _bits_of(word, first, first + count)
            if self.taken[word] & bits != bits:
                return False
        return True

    def _take(self, first: u64, count: u64) -> None:
        for word in irange(first // WORD_BITS, (first + count + WORD_BITS - 1) // WORD_BITS):
            self.taken[word] = self.taken[word] | _bits_of(word, first, first + count)

    def _first_free(self) -> u64 | None:
        """The lowest free index."""
        total = self.total()
        for word in irange(self.hint // WORD_BITS, (total + WORD_BITS - 1) // WORD_BITS):
            clear = bit_not(self.taken[word])
            if clear != 0:
                index = word * WORD_BITS + trailing_zeros(clear)
                return index if index < total else None
        return None

    def _first_run(self, count: u64) -> u64 | None:
        """The lowest index of so many free frames in a row. Bits behind the last frame are clear: a run may seem to go
        on there, and then there is no other."""
        first = self._first_free() if count == 1 else first_run(self.taken, count)
        return None if first is None or first + count > self.total() else first


def _bits_of(word: u64, first: u64, end: u64) -> u64:
    """The bits of a word of the bitmap that stand for the frames from `first` to `end`; some do."""
    low = max(first, word * WORD_BITS) % WORD_BITS
    behind = min(end - word * WORD_BITS, WORD_BITS)
    return (bit_not(u64(0)) >> (WORD_BITS + low - behind)) << low
