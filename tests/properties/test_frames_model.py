"""Frames against a set of addresses: who owns what, what is zeroed, and what the counters say."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.kernel.frames import FrameRange
from tyrne.lang import u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import is_allocated, managed
from tyrne.testing.state import state

MOST = 200
ranges = st.lists(st.tuples(st.integers(0, MOST), st.integers(0, MOST)), max_size=10)


class Pages(RuleBasedStateMachine):
    @initialize(pages=st.integers(1, MOST), spans=ranges)
    def build(self, pages: int, spans: list[tuple[int, int]]) -> None:
        self.pages = pages
        self.board = MemoryBoard(pages)
        self.frames = managed(pages)
        self.reserved: set[int] = set()
        accepted: list[tuple[int, int]] = []
        for first, end in spans:
            if len(accepted) == 8:
                expected = "there are too many reserved ranges"
            elif end < first or end > pages:
                expected = "a reserved range is not in RAM"
            elif self.reserved & set(range(first, end)):
                expected = "reserved ranges overlap"
            else:
                expected = None
                accepted.append((first, end))
                self.reserved |= set(range(first, end))
            span = FrameRange(u64(RAM + first * PAGE), u64(RAM + end * PAGE))
            self.attempt(lambda span=span: self.frames.reserve(span), expected)
        self.owned: set[int] = set()
        self.promised = 0

    def attempt(self, change: Callable[[], None], expected: str | None) -> None:
        """Do it, or see that it cannot happen: the kernel says so in a sentence, and has changed nothing."""
        if expected is None:
            change()
            return
        before = state(self.frames)
        with pytest.raises(AssertionError, match=f"^{expected}$"):
            change()
        assert state(self.frames) == before

    def free_pages(self) -> list[int]:
        return sorted(set(range(self.pages)) - self.reserved - self.owned)

    @rule(dirt=st.binary(min_size=1, max_size=8))
    def allocate(self, dirt: bytes) -> None:
        made = self.frames.allocate(self.board)
        free = self.free_pages()
        if len(free) == self.promised:
            assert made is None
            return
        assert made == RAM + free[0] * PAGE
        assert self.board.get(made, PAGE) == bytes(PAGE)
        self.board.put(made, dirt)
        self.owned.add(free[0])

    @rule(dirt=st.binary(min_size=1, max_size=8))
    def keep_promise(self, dirt: bytes) -> None:
        if not self.promised:
            self.promised = int(self.frames.available())
            self.frames.promised = u64(self.promised)
            return
        made = self.frames.keep_promise(self.board)
        first = self.free_pages()[0]
        assert made == RAM + first * PAGE and self.board.get(made, PAGE) == bytes(PAGE)
        self.board.put(made, dirt)
        self.owned.add(first)
        self.promised -= 1

    @rule()
    def break_promise(self) -> None:
        self.promised = 0
        self.frames.promised = u64(0)

    @rule(page=st.integers(0, MOST + 10), offset=st.sampled_from([0, 0, 0, 0, 1, 8, PAGE - 1]))
    def release(self, page: int, offset: int) -> None:
        expected = self.why_not_freed(page, offset)
        self.attempt(lambda: self.frames.free(u64(RAM + page * PAGE + offset)), expected)
        if expected is None:
            self.owned.remove(page)

    def why_not_freed(self, page: int, offset: int) -> str | None:
        if offset:
            return "what is freed is no frame"
        if page >= self.pages:
            return "what is freed is not in RAM"
        return None if page in self.owned else "what is freed is not allocated"

    @rule(start=st.integers(-2 * PAGE, 72 * PAGE), length=st.integers(0, 3 * PAGE))
    def may_yield(self, start: int, length: int) -> None:
        span = range(start // PAGE, -(-(start + length) // PAGE)) if length else range(0)
        expected = any(0 <= page < self.pages and page not in self.reserved for page in span)
        assert self.frames.may_yield(FrameRange(u64(RAM + start), u64(RAM + start + length))) is expected

    def bit(self, page: int) -> bool:
        return bool(self.frames.taken[page // 64] >> page % 64 & 1)

    @invariant()
    def agree(self) -> None:
        frames = self.frames
        assert frames.total() == self.pages and frames.available() == len(self.free_pages()) - self.promised
        assert (frames.reserved_frames, frames.allocated) == (len(self.reserved), len(self.owned))
        taken = {page for page in range(self.pages) if self.bit(page)}
        assert taken == self.reserved | self.owned
        for word in range(-(-self.pages // 64)):
            full = taken.issuperset(range(word * 64, min(word * 64 + 64, self.pages)))
            assert bool(frames.full[0] >> word & 1) is full
        for page in range(self.pages):
            assert is_allocated(self.frames, RAM + page * PAGE) is (page in self.owned)


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=80, stateful_step_count=30)


class Blocks(RuleBasedStateMachine):
    """Frames and whole blocks from one extent."""

    @initialize(blocks=st.integers(1, 12), more=st.integers(0, 511), kept=st.integers(0, 700))
    def build(self, blocks: int, more: int, kept: int) -> None:
        pages = blocks * 512 + more
        kept = min(kept, pages)
        self.board, self.frames = MemoryBoard(pages), managed(pages, [(0, kept)])
        self.whole = blocks
        self.free = set(range(kept, pages))
        self.owned: set[int] = set()
        self.blocks: set[int] = set()

    def free_blocks(self) -> list[int]:
        return [block for block in range(self.whole) if self.free.issuperset(range(block * 512, block * 512 + 512))]

    @rule(count=st.integers(1, 600))
    def allocate(self, count: int) -> None:
        for page in sorted(self.free)[:count]:
            assert self.frames.allocate(self.board) == RAM + page * PAGE
            self.free.remove(page)
            self.owned.add(page)

    @rule(behind=st.integers(0, 12))
    def allocate_block(self, behind: int) -> None:
        left = [block for block in self.free_blocks() if block >= behind]
        if left:
            assert self.frames.allocate_block(u64(RAM + behind * 512 * PAGE)) == RAM + left[0] * 512 * PAGE
            self.free -= set(range(left[0] * 512, left[0] * 512 + 512))
            self.blocks.add(left[0])

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        if self.owned:
            page = data.draw(st.sampled_from(sorted(self.owned)))
            self.frames.free(u64(RAM + page * PAGE))
            self.owned.remove(page)
            self.free.add(page)

    @rule(data=st.data())
    def release_block(self, data: st.DataObject) -> None:
        if self.blocks:
            block = data.draw(st.sampled_from(sorted(self.blocks)))
            self.frames.free_block(u64(RAM + block * 512 * PAGE))
            self.blocks.remove(block)
            self.free |= set(range(block * 512, block * 512 + 512))

    @invariant()
    def agree(self) -> None:
        frames, blocks = self.frames, self.free_blocks()
        assert frames.available() == len(self.free)
        assert frames.allocated == len(self.owned) + 512 * len(self.blocks)
        assert frames.has_blocks(u64(len(blocks))) and not frames.has_blocks(u64(len(blocks) + 1))


TestBlocks = Blocks.TestCase
TestBlocks.settings = settings(max_examples=40, stateful_step_count=20)
