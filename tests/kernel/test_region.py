"""A region by itself: how many pages it may have, and that nothing is left of the one before in its place."""

from __future__ import annotations

import pytest

from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.memory import Region, can_be_made
from tyrne.lang import u64

BLOCK = 512


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (0, False),
        (1, True),
        (MAX_PIECES, True),
        (MAX_PIECES + 1, False),
        (2 * BLOCK - 1, False),
        (2 * BLOCK, True),
        (2 * BLOCK + 1, False),
        (MAX_PIECES * BLOCK, True),
        (MAX_PIECES * BLOCK + 1, False),
        ((MAX_PIECES + 1) * BLOCK, False),
        (2**64 - BLOCK, False),
    ],
)
def test_memory_has_as_many_pages_as_there_are_pieces_or_whole_blocks_as_many(pages: int, expected: bool) -> None:
    assert can_be_made(u64(pages)) is expected


def test_a_region_that_begins_is_no_device_has_no_pieces_and_is_not_clear() -> None:
    region = Region()
    region.begin(u64(4 * BLOCK))
    region.device, region.held, region.cleared = True, u64(4), u64(2000)
    region.begin(u64(2))
    assert (region.pages, region.large, region.device, region.held, region.cleared) == (2, False, False, 0, 0)
