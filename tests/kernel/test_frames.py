"""Physical frames: an extent, reserved ranges, first free first, and no double free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tyrne.kernel.config import MAX_FRAMES, MAX_RESERVED
from tyrne.kernel.frames import FrameRange, Frames
from tyrne.lang import u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import PANIC, is_allocated, managed
from tyrne.testing.state import state


def pages(first: int, end: int) -> FrameRange:
    return FrameRange(u64(RAM + first * PAGE), u64(RAM + end * PAGE))


def counts(frames: Frames) -> tuple[int, ...]:
    """How many there are, how many of them are reserved, allocated and free."""
    return tuple(map(int, (frames.total(), frames.reserved_frames, frames.allocated, frames.available())))


def population(frames: Frames) -> int:
    return sum(int(word).bit_count() for word in frames.taken)


@contextmanager
def nothing_changes(frames: Frames, sentence: str) -> Iterator[None]:
    """What happens in here cannot happen: the kernel says so, before it has changed anything."""
    before = state(frames)
    with pytest.raises(AssertionError, match=f"^{sentence}$"):
        yield
    assert state(frames) == before


# --- the extent and its reserved ranges


@pytest.mark.parametrize("extent", [(RAM + 1, RAM + PAGE), (RAM, RAM + PAGE - 1), (RAM + 8, RAM + 8 + PAGE)])
def test_an_extent_off_a_page_is_not_managed(extent: tuple[int, int]) -> None:
    frames = Frames(64)
    with nothing_changes(frames, "RAM is not whole pages"):
        frames.manage(FrameRange(u64(extent[0]), u64(extent[1])))


def test_an_extent_larger_than_the_bitmap_is_not_managed_and_one_that_fits_exactly_is() -> None:
    frames = Frames(64)
    with nothing_changes(frames, "RAM has too many frames"):
        frames.manage(pages(0, 65))
    frames.manage(pages(0, 64))
    assert frames.extent == pages(0, 64)
    assert MAX_FRAMES * PAGE == 128 << 20


def test_the_bitmap_has_a_bit_for_each_frame_and_none_more() -> None:
    assert len(Frames().taken) * 64 == MAX_FRAMES
    with pytest.raises(AssertionError, match="too many frames"):
        Frames().manage(pages(0, MAX_FRAMES + 1))


def test_an_extent_without_frames_has_none_to_give() -> None:
    frames = Frames(64)
    frames.manage(pages(3, 3))
    assert counts(frames) == (0, 0, 0, 0) and frames.allocate(MemoryBoard(1)) is None


@pytest.mark.parametrize("extent", [pages(9, 8), pages(1, 0), pages(64, 0)])
def test_an_extent_that_ends_before_it_begins_is_not_managed(extent: FrameRange) -> None:
    frames = managed(64)
    with nothing_changes(frames, "RAM ends before it begins"):
        frames.manage(extent)


def test_reserved_ranges_are_counted_and_marked() -> None:
    frames = managed(64, [(0, 3), (10, 12)])
    assert counts(frames) == (64, 5, 0, 59)
    assert frames.taken[0] == 0b1100_0000_0111


@pytest.mark.parametrize(
    ("span", "sentence"),
    [
        (FrameRange(u64(RAM + 1), u64(RAM + PAGE)), "a reserved range is not whole pages"),
        (FrameRange(u64(RAM), u64(RAM + 1)), "a reserved range is not whole pages"),
        (FrameRange(u64(RAM - PAGE), u64(RAM)), "a reserved range is not in RAM"),
        (pages(63, 65), "a reserved range is not in RAM"),
        (pages(64, 65), "a reserved range is not in RAM"),
        (pages(9, 8), "a reserved range is not in RAM"),
        (pages(4, 6), "reserved ranges overlap"),
        (pages(0, 64), "reserved ranges overlap"),
        (pages(6, 7), "reserved ranges overlap"),
        (pages(7, 9), "reserved ranges overlap"),
    ],
    ids=str,
)
def test_a_range_that_cannot_be_reserved_changes_nothing(span: FrameRange, sentence: str) -> None:
    frames = managed(64, [(5, 8)])
    with nothing_changes(frames, sentence):
        frames.reserve(span)


def test_neighbouring_ranges_do_not_overlap_nor_does_an_empty_one_inside_another() -> None:
    frames = managed(64, [(5, 8), (8, 10), (3, 5), (6, 6)])
    assert counts(frames) == (64, 7, 0, 57)


def test_more_ranges_than_there_is_room_for_are_refused_first() -> None:
    frames = managed(64, [(i, i + 1) for i in range(MAX_RESERVED)])
    with nothing_changes(frames, "there are too many reserved ranges"):
        frames.reserve(FrameRange(u64(RAM + 1), u64(RAM)))


def test_nothing_is_reserved_once_a_frame_is_out() -> None:
    frames = managed(64)
    assert frames.allocate(MemoryBoard()) is not None
    with pytest.raises(PANIC):
        frames.reserve(pages(10, 11))


# --- allocation


@pytest.mark.promise(
    "A frame is zeroed before a task can see it: a table or a page of a program when it is handed out, a region's when "
    "it is first mapped, all of it before any page of it can be used"
)
def test_the_first_free_frame_comes_first_and_is_zeroed() -> None:
    board, frames = MemoryBoard(), managed(64, [(0, 2), (3, 4)])
    assert [frames.allocate(board) for _ in range(3)] == [RAM + page * PAGE for page in (2, 4, 5)]
    assert board.get(RAM + 2 * PAGE, PAGE) == bytes(PAGE)
    assert board.get(RAM + 3 * PAGE, PAGE) != bytes(PAGE)
    assert counts(frames) == (64, 3, 3, 58)


@pytest.mark.promise(
    "A frame is zeroed before a task can see it: a table or a page of a program when it is handed out, a region's when "
    "it is first mapped, all of it before any page of it can be used"
)
def test_a_frame_is_zeroed_again_when_it_is_used_again() -> None:
    board, frames = MemoryBoard(), managed(64)
    first = frames.allocate(board)
    assert first is not None
    board.put(first, b"secret")
    frames.free(first)
    assert frames.allocate(board) == first
    assert board.get(first, PAGE) == bytes(PAGE)


@pytest.mark.parametrize("total", [1, 63, 64, 65, 100, 128])
def test_every_frame_is_allocated_once_then_none_is_left(total: int) -> None:
    board, frames = MemoryBoard(total), managed(total)
    found = [frames.allocate(board) for _ in range(total)]
    assert found == [RAM + page * PAGE for page in range(total)]
    assert frames.allocate(board) is None and frames.allocate(board) is None
    assert counts(frames) == (total, 0, total, 0)
    middle = u64(RAM + total // 2 * PAGE)
    frames.free(middle)
    assert frames.allocate(board) == middle
    assert frames.allocate(board) is None


def test_a_fully_reserved_extent_has_no_frame() -> None:
    frames = managed(64, [(0, 64)])
    assert frames.allocate(MemoryBoard()) is None
    assert counts(frames) == (64, 64, 0, 0)


def test_free_rewinds_to_the_lowest_free_frame() -> None:
    board, frames = MemoryBoard(), managed(64)
    for _ in range(10):
        frames.allocate(board)
    for page in (7, 2, 5):
        frames.free(u64(RAM + page * PAGE))
    assert [frames.allocate(board) for _ in range(4)] == [RAM + page * PAGE for page in (2, 5, 7, 10)]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (RAM + 5 * PAGE + 8, "what is freed is no frame"),
        (RAM - PAGE, "what is freed is not in RAM"),
        (RAM + 64 * PAGE, "what is freed is not in RAM"),
        (0, "what is freed is not in RAM"),
        (RAM + PAGE, "what is freed is not allocated"),
        (RAM + 63 * PAGE, "what is freed is not allocated"),
    ],
    ids=["misaligned", "below", "above", "zero", "reserved", "free"],
)
def test_what_is_no_allocated_frame_cannot_be_freed(address: int, sentence: str) -> None:
    frames = managed(64, [(0, 5)])
    assert frames.allocate(MemoryBoard()) == RAM + 5 * PAGE
    with nothing_changes(frames, sentence):
        frames.free(u64(address))
    assert not is_allocated(frames, address)


def test_a_frame_is_not_freed_twice() -> None:
    board, frames = MemoryBoard(), managed(64)
    made = frames.allocate(board)
    assert made is not None and is_allocated(frames, made)
    frames.free(made)
    with nothing_changes(frames, "what is freed is not allocated"):
        frames.free(made)
    assert not is_allocated(frames, made)
    assert counts(frames) == (64, 0, 0, 64)


def test_the_counts_are_the_population_of_the_bitmap() -> None:
    board, frames = MemoryBoard(), managed(64, [(3, 9)])
    for _ in range(20):
        frames.allocate(board)
    for page in (0, 11, 15):
        frames.free(u64(RAM + page * PAGE))
    assert counts(frames) == (64, 6, 17, 41)
    assert population(frames) == 6 + 17


# --- what an allocation may hand out


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (0, 5 * PAGE, False),
        (0, 5 * PAGE + 1, True),
        (5 * PAGE - 1, 5 * PAGE, False),
        (5 * PAGE, 5 * PAGE, False),
        (6 * PAGE, 5 * PAGE, False),
        (5 * PAGE, 6 * PAGE, True),
        (8 * PAGE, 9 * PAGE - 3, False),
        (8 * PAGE, 9 * PAGE + 1, True),
        (63 * PAGE, 70 * PAGE, True),
        (64 * PAGE, 70 * PAGE, False),
        (-2 * PAGE, 0, False),
        (-2 * PAGE, 64 * PAGE, True),
    ],
)
def test_a_span_may_be_yielded_if_it_meets_a_frame_that_is_not_reserved(start: int, end: int, expected: bool) -> None:
    frames = managed(64, [(0, 5), (8, 9)])
    assert frames.may_yield(FrameRange(u64(RAM + start), u64(RAM + end))) is expected


def test_an_allocated_frame_may_be_yielded_later() -> None:
    board, frames = MemoryBoard(), managed(64)
    made = frames.allocate(board)
    assert made is not None
    assert frames.may_yield(FrameRange(made, made + PAGE))


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-2 * PAGE, 5 * PAGE, False),
        (60 * PAGE, 70 * PAGE, False),
        (59 * PAGE + 8, 59 * PAGE + 9, True),
        (5 * PAGE + 8, 5 * PAGE + 8, False),
    ],
)
def test_only_the_pages_of_the_extent_that_a_span_meets_count(start: int, end: int, expected: bool) -> None:
    frames = managed(64, [(0, 5), (60, 64)])
    assert frames.may_yield(FrameRange(u64(RAM + start), u64(RAM + end))) is expected


def test_a_search_that_starts_in_a_full_word_finds_a_frame_in_the_next() -> None:
    board, frames = MemoryBoard(192), managed(192)
    for _ in range(70):
        assert frames.allocate(board) is not None
    frames.free(u64(RAM + 5 * PAGE))
    assert [frames.allocate(board) for _ in range(2)] == [RAM + 5 * PAGE, RAM + 70 * PAGE]


def test_one_range_overlaps_another_only_if_neither_is_empty() -> None:
    whole, nothing = pages(0, 9), pages(5, 5)
    assert whole.overlaps(whole)
    assert not nothing.overlaps(whole) and not whole.overlaps(nothing)


# --- runs


def bits(free: list[int], pages: int) -> Frames:
    """Frames of which just some are free."""
    frames = managed(pages)
    for page in set(range(pages)) - set(free):
        frames.taken[page // 64] = u64(int(frames.taken[page // 64]) | 1 << page % 64)
    frames.allocated = u64(pages - len(free))
    return frames


@pytest.mark.parametrize("first", [0, 1, 30, 61, 62, 63, 64, 65, 100, 127, 128])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 31, 32, 33, 62, 63, 64, 65, 66, 127, 128, 129])
def test_the_one_run_that_is_long_enough_is_found_wherever_it_lies(first: int, count: int) -> None:
    pages = 260
    others = [page for page in range(pages) if page % 2 and not first - 1 <= page <= first + count]
    frames = bits(others + list(range(first, first + count)), pages)
    if count > 1:
        assert frames.allocate_run(u64(count + 1)) is None
    found = frames.allocate_run(u64(count))
    lowest = min([first, *others]) if count == 1 else first
    assert found == RAM + lowest * PAGE
    frames.free(found, u64(count))
    assert population(frames) == pages - len(others) - count


@pytest.mark.parametrize("pages", [1, 63, 64, 65, 127, 129])
def test_a_run_ends_with_the_last_frame(pages: int) -> None:
    frames = managed(pages)
    assert frames.allocate_run(u64(pages + 1)) is None
    assert frames.allocate_run(u64(pages)) == RAM
    assert frames.allocate_run(u64(1)) is None


def test_a_run_of_which_one_frame_is_free_is_not_given_back() -> None:
    frames = managed(200)
    start = frames.allocate_run(u64(150))
    assert start is not None
    frames.free(u64(start + 70 * PAGE))
    with nothing_changes(frames, "what is freed is not allocated"):
        frames.free(start, u64(150))
    frames.free(start, u64(70))
    frames.free(u64(start + 71 * PAGE), u64(79))
    assert counts(frames) == (200, 0, 0, 200)


def test_reserved_frames_are_no_part_of_a_run_that_is_given_back() -> None:
    frames = managed(64, [(4, 6)])
    for first, count in ((3, 4), (4, 2)):
        with nothing_changes(frames, "what is freed is not allocated"):
            frames.free(u64(RAM + first * PAGE), u64(count))
