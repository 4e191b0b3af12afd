"""What the search for frames goes by: the bits of full words, the counts of blocks, and where it begins."""

from __future__ import annotations

import pytest

from tyrne.kernel.frames import Frames
from tyrne.lang import Array, u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import managed

BLOCK = 512
"""Frames of a block."""


def bits(words: Array[u64], first: int, end: int) -> list[int]:
    """Some bits of a bitmap."""
    return [int(words[i // 64]) >> i % 64 & 1 for i in range(first, end)]


def block(number: int) -> u64:
    """The address of a block."""
    return u64(RAM + number * BLOCK * PAGE)


def first_full(count: int, blocks: int) -> Frames:
    """So many blocks of RAM, of which the first ones are taken as a whole."""
    frames = managed(blocks * BLOCK)
    for number in range(count):
        assert frames.allocate_block(u64(0)) == block(number)
    return frames


@pytest.mark.parametrize("frames", [64, 512, 576, 4096, 4160, 63 * 512 + 64, 63 * 4096 + 64])
def test_there_is_a_bit_for_each_word_of_the_bitmap_and_a_count_for_each_block_that_is_begun(frames: int) -> None:
    made = Frames(frames)
    assert len(made.full) == -(-len(made.taken) // 64)
    assert len(made.in_block) == -(-frames // BLOCK)


@pytest.mark.parametrize("total", [1, 63, 64, 100, 4096, 4200])
def test_what_lies_past_the_end_of_ram_never_looks_free(total: int) -> None:
    frames = managed(total)
    words = -(-total // 64)
    assert all(bits(frames.taken, total, 64 * words))
    assert all(bits(frames.full, words, 64 * len(frames.full)))
    assert not any(bits(frames.taken, 0, total)) and not any(bits(frames.full, 0, words - 1))


@pytest.mark.parametrize(("first", "end"), [(10, 700), (0, 64), (63, 65), (64, 128), (70, 100), (500, 1030)])
def test_what_is_reserved_is_taken_and_counted_in_each_block_that_it_meets(first: int, end: int) -> None:
    frames = managed(3 * BLOCK, [(first, end)])
    assert bits(frames.taken, 0, 3 * BLOCK) == [first <= i < end for i in range(3 * BLOCK)]
    counts = [max(0, min(end, (number + 1) * BLOCK) - max(first, number * BLOCK)) for number in range(3)]
    assert [int(count) for count in frames.in_block] == counts
    assert bits(frames.full, 0, 24) == [first <= 64 * i and 64 * (i + 1) <= end for i in range(24)]


def test_a_search_begins_where_the_last_one_has_found_something() -> None:
    frames = first_full(8, 10)
    assert frames.hint == 0
    assert frames.allocate(MemoryBoard(10 * BLOCK)) == block(8)
    assert frames.hint == 1


@pytest.mark.parametrize(("freed", "hint"), [(7, 0), (8, 1), (0, 0), (9, 1)])
def test_a_block_that_is_given_back_is_searched_again_if_it_lies_before(freed: int, hint: int) -> None:
    board, frames = MemoryBoard(17 * BLOCK), first_full(16, 17)
    assert frames.allocate(board) == block(16) and frames.hint == 2
    frames.free_block(block(freed))
    assert frames.hint == hint
    assert frames.allocate(board) == block(freed)


def test_taking_and_giving_back_a_block_leaves_the_bits_of_all_others() -> None:
    frames = managed(17 * BLOCK, [(0, 64)])
    for number in (8, 15, 16):
        before = [int(word) for word in frames.full]
        assert frames.allocate_block(block(number)) == block(number)
        after = before.copy()
        after[number // 8] |= 0xFF << 8 * (number % 8)
        assert [int(word) for word in frames.full] == after
        frames.free_block(block(number))
        assert [int(word) for word in frames.full] == before


def test_a_block_past_the_end_of_ram_was_never_allocated() -> None:
    frames = managed(100)
    with pytest.raises(AssertionError, match="what is freed is not allocated"):
        frames.free_block(block(0))
    frames = Frames(4 * BLOCK)
    frames.manage(managed(100).extent)
    with pytest.raises(AssertionError, match="what is freed is not allocated"):
        frames.free_block(block(1))
