"""Frames against a set of addresses: who owns what, what is zeroed, and what the counters say."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tyrne.kernel.frames import FrameError, FrameRange
from tyrne.lang import u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import managed
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
            before = state(self.frames)
            result = self.frames.reserve(FrameRange(u64(RAM + first * PAGE), u64(RAM + end * PAGE)))
            if len(accepted) == 8:
                expected = FrameError.TOO_MANY_RESERVED_RANGES
            elif end < first or end > pages:
                expected = FrameError.OUT_OF_RANGE
            elif self.reserved & set(range(first, end)):
                expected = FrameError.OVERLAPPING_RESERVED_RANGES
            else:
                accepted.append((first, end))
                self.reserved |= set(range(first, end))
                assert result is None
                continue
            assert result is expected
            assert state(self.frames) == before
        self.owned: set[int] = set()

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
        assert self.board.get(made, count * PAGE) == bytes(count * PAGE)
        self.board.put(made + (count - 1) * PAGE, dirt)
        self.owned |= set(range(first, first + count))

    @rule(
        page=st.integers(0, MOST + 10),
        count=st.integers(0, 12) | st.sampled_from([64, 65, 130, 1 << 52, (1 << 64) - 1]),
        offset=st.sampled_from([0, 0, 0, 0, 1, PAGE - 1]),
    )
    def release_run(self, page: int, count: int, offset: int) -> None:
        before = state(self.frames)
        result = self.frames.free(u64(RAM + page * PAGE + offset), u64(count))
        if offset:
            expected: FrameError | None = FrameError.MISALIGNED_ADDRESS
        elif count == 0 or page + count > self.pages:
            expected = FrameError.OUT_OF_RANGE
        else:
            expected = None if self.owned.issuperset(range(page, page + count)) else FrameError.DOUBLE_FREE
        assert result is expected
        if expected is None:
            self.owned -= set(range(page, page + count))
        else:
            assert state(self.frames) == before

    @rule(page=st.integers(0, 80), offset=st.sampled_from([0, 0, 0, 0, 1, 8, PAGE - 1]))
    def release(self, page: int, offset: int) -> None:
        before = state(self.frames)
        result = self.frames.free(u64(RAM + page * PAGE + offset))
        if offset:
            expected: FrameError | None = FrameError.MISALIGNED_ADDRESS
        elif page >= self.pages:
            expected = FrameError.OUT_OF_RANGE
        else:
            expected = None if page in self.owned else FrameError.DOUBLE_FREE
        assert result is expected
        if expected is None:
            self.owned.remove(page)
        else:
            assert state(self.frames) == before

    @rule(start=st.integers(-2 * PAGE, 72 * PAGE), length=st.integers(0, 3 * PAGE))
    def may_yield(self, start: int, length: int) -> None:
        span = range(start // PAGE, -(-(start + length) // PAGE)) if length else range(0)
        expected = any(0 <= page < self.pages and page not in self.reserved for page in span)
        assert self.frames.may_yield(FrameRange(u64(RAM + start), u64(RAM + start + length))) is expected

    def bit(self, page: int) -> bool:
        return bool(self.frames.taken[page // 64] >> page % 64 & 1)

    @invariant()
    def agree(self) -> None:
        stats = self.frames.stats()
        assert (stats.total, stats.reserved, stats.allocated) == (self.pages, len(self.reserved), len(self.owned))
        assert stats.free == stats.total - stats.reserved - stats.allocated == self.frames.available()
        taken = {page for page in range(256) if page < 64 * len(self.frames.taken) and self.bit(page)}
        assert taken == self.reserved | self.owned
        for page in range(self.pages):
            assert self.frames.is_allocated(u64(RAM + page * PAGE)) is (page in self.owned)


TestPages = Pages.TestCase
TestPages.settings = settings(max_examples=80, stateful_step_count=30)
