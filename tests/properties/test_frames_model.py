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
        if not free:
            assert made is None
            return
        assert made == RAM + free[0] * PAGE
        assert self.board.get(made, PAGE) == bytes(PAGE)
        self.board.put(made, dirt)
        self.owned.add(free[0])

    @rule(count=st.integers(1, 40) | st.sampled_from([63, 64, 65, 127, 128, 129, 170]), dirt=st.binary(min_size=1))
    def allocate_run(self, count: int, dirt: bytes) -> None:
        made = self.frames.allocate_run(u64(count))
        free = set(self.free_pages())
        first = next((p for p in sorted(free) if free.issuperset(range(p, p + count))), None)
        if first is None:
            assert made is None
            return
        assert made == RAM + first * PAGE
        self.board.put(made + (count - 1) * PAGE, dirt)
        self.owned |= set(range(first, first + count))

    @rule(
        page=st.integers(0, MOST + 10),
        count=st.integers(0, 12) | st.sampled_from([64, 65, 130, 1 << 52, (1 << 64) - 1]),
        offset=st.sampled_from([0, 0, 0, 0, 1, PAGE - 1]),
    )
    def release_run(self, page: int, count: int, offset: int) -> None:
        expected = self.why_not_freed(page, count, offset)
        self.attempt(lambda: self.frames.free(u64(RAM + page * PAGE + offset), u64(count)), expected)
        if expected is None:
            self.owned -= set(range(page, page + count))

    @rule(page=st.integers(0, 80), offset=st.sampled_from([0, 0, 0, 0, 1, 8, PAGE - 1]))
    def release(self, page: int, offset: int) -> None:
        expected = self.why_not_freed(page, 1, offset)
        self.attempt(lambda: self.frames.free(u64(RAM + page * PAGE + offset)), expected)
        if expected is None:
            self.owned.remove(page)

    def why_not_freed(self, page: int, count: int, offset: int) -> str | None:
        if offset:
            return "what is freed is no frame"
        if count == 0 or page + count > self.pages:
            return "what is freed is not in RAM"
        return None if self.owned.issuperset(range(page, page + count)) else "what is freed is not allocated"

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
        assert frames.total() == self.pages and frames.available() == len(self.free_pages())
        assert (frames.reserved_frames, frames.allocated) == (len(self.reserved), len(self.owned))
        taken = {page for page in range(256) if page < 64 * len(self.frames.taken) and self.bit(page)}
        assert taken == self.reserved | self.owned
        for page in range(self.pages):
            assert is_allocated(self.frames, RAM + page * PAGE) is (page in self.owned)


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=80, stateful_step_count=30)
