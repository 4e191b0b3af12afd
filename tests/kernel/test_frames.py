"""Physical frames: an extent, reserved ranges, first free first, and no double free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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
    assert MAX_FRAMES * PAGE == 1 << 30


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


# --- what is found, whatever is taken


@pytest.mark.parametrize("free", [0, 1, 63, 64, 127, 4095, 4096, 4097, 8191, 8192, 8999])
def test_the_one_free_frame_is_found_wherever_it_lies(free: int) -> None:
    board, frames = MemoryBoard(9000), managed(9000)
    for _ in range(9000):
        assert frames.allocate(board) is not None
    frames.free(u64(RAM + free * PAGE))
    assert frames.allocate(board) == RAM + free * PAGE
    assert frames.allocate(board) is None
    assert counts(frames) == (9000, 0, 9000, 0)


def test_what_is_promised_is_not_allocated_to_others() -> None:
    board, frames = MemoryBoard(), managed(64)
    frames.promised = u64(62)
    assert [frames.allocate(board) for _ in range(3)] == [RAM, RAM + PAGE, None]
    board.put(RAM + 2 * PAGE, b"secret")
    assert frames.keep_promise(board) == RAM + 2 * PAGE and board.get(RAM + 2 * PAGE, PAGE) == bytes(PAGE)
    assert (counts(frames), frames.promised) == ((64, 0, 3, 0), 61)


# --- blocks

BLOCK: Final = 512


def test_a_block_is_free_when_none_of_its_frames_is_taken() -> None:
    board, frames = MemoryBoard(4 * BLOCK), managed(4 * BLOCK, [(BLOCK, BLOCK + 1)])
    assert frames.has_blocks(u64(3)) and not frames.has_blocks(u64(4))
    first = frames.allocate(board)
    assert first == RAM
    assert frames.has_blocks(u64(2)) and not frames.has_blocks(u64(3))
    assert frames.allocate_block(u64(0)) == RAM + 2 * BLOCK * PAGE
    assert frames.allocate_block(u64(RAM + 3 * BLOCK * PAGE)) == RAM + 3 * BLOCK * PAGE
    frames.free(first)
    assert frames.has_blocks(u64(1)) and not frames.has_blocks(u64(2))
    assert counts(frames) == (4 * BLOCK, 1, 2 * BLOCK, 2 * BLOCK - 1)


def test_the_end_of_ram_that_is_no_whole_block_is_no_block() -> None:
    frames = managed(2 * BLOCK - 1)
    assert frames.has_blocks(u64(1)) and not frames.has_blocks(u64(2))


def test_no_frame_of_a_block_that_is_taken_is_found_and_each_is_again_when_it_is_free() -> None:
    board, frames = MemoryBoard(10 * BLOCK), managed(10 * BLOCK)
    blocks = [frames.allocate_block(u64(RAM + number * BLOCK * PAGE)) for number in (0, 8)]
    found = [frames.allocate(board) for _ in range(8 * BLOCK)]
    expected = [*range(BLOCK, 8 * BLOCK), *range(9 * BLOCK, 10 * BLOCK)]
    assert found == [RAM + page * PAGE for page in expected] and frames.allocate(board) is None
    frames.free_block(blocks[1])
    assert frames.allocate(board) == blocks[1]
    assert counts(frames) == (10 * BLOCK, 0, 9 * BLOCK + 1, BLOCK - 1)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (RAM + PAGE, "what is freed is no block"),
        (RAM + BLOCK * PAGE + 8, "what is freed is no block"),
        (RAM + 2 * BLOCK * PAGE, "what is freed is not allocated"),
        (RAM + 3 * BLOCK * PAGE, "what is freed is not allocated"),
        (RAM, "what is freed is not allocated"),
    ],
    ids=["page", "misaligned", "free", "reserved", "frames"],
)
def test_what_is_no_allocated_block_cannot_be_freed(address: int, sentence: str) -> None:
    board, frames = MemoryBoard(4 * BLOCK), managed(4 * BLOCK, [(3 * BLOCK, 4 * BLOCK)])
    for _ in range(BLOCK):
        assert frames.allocate(board) is not None
    assert frames.allocate_block(u64(0)) == RAM + BLOCK * PAGE
    with nothing_changes(frames, sentence):
        frames.free_block(u64(address))


def test_a_frame_of_a_block_is_not_freed_alone() -> None:
    frames = managed(2 * BLOCK)
    block = frames.allocate_block(u64(0))
    with nothing_changes(frames, "what is freed is not allocated"):
        frames.free(u64(block + PAGE))
