"""The end of an address space: what it frees, and how much in one step."""

from __future__ import annotations

import pytest
from tables import DATA, TOP, F, Tables

from tyrne.abi import Status
from tyrne.kernel.page_ranges import release_in_table
from tyrne.lang import u64
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import BASE, PANIC, is_allocated


def test_the_end_of_a_space_frees_every_table_the_root_and_the_pages_that_are_owned() -> None:
    tables = Tables()
    shared = tables.frames.allocate(tables.board)
    assert shared is not None and tables.map(2 * PAGE, frame=int(shared)) is None
    addresses = [PAGE, BASE, BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30), BASE + (1 << 39), TOP - PAGE]
    for page, address in enumerate(addresses):
        frame = tables.frame if page == 0 else tables.frames.allocate(tables.board)
        assert frame is not None and tables.map(address, DATA | F.OWNED, int(frame)) is None
    held = 63 - int(tables.frames.available())
    assert tables.release(held) == held
    assert tables.frames.available() == 63 and is_allocated(tables.frames, shared)


@pytest.mark.parametrize("pages", [1, 63, 64, 65, 128, 511, 512, 513, 1024])
@pytest.mark.parametrize("start", [BASE, BASE + 511 * PAGE, (1 << 39) - 3 * PAGE])
def test_the_end_of_a_space_passes_by_pages_that_are_not_its_own(start: int, pages: int) -> None:
    tables = Tables()
    free = int(tables.frames.available())
    tables.map_range(start, start + pages * PAGE)
    held = 1 + free - int(tables.frames.available())
    assert tables.release(held) == held
    assert tables.frames.available() == free + 1 and is_allocated(tables.frames, tables.frame)


@pytest.mark.parametrize("first", [0, 100, 300])
@pytest.mark.parametrize("pages", [32, 33, 64, 65, 130])
def test_each_page_of_a_space_is_freed_once_though_its_end_takes_several_steps(first: int, pages: int) -> None:
    tables = Tables(256)
    free = int(tables.frames.available())
    for page in range(pages):
        frame = tables.frames.allocate(tables.board)
        assert frame is not None
        assert tables.map(BASE + (first + page) * PAGE, DATA | F.OWNED, int(frame)) is None
    assert tables.release(1 + 3 + pages) == 1 + 3 + pages
    assert tables.frames.available() == free + 1


class CountingBoard(MemoryBoard):
    """Counts what is read of its memory."""

    reads = 0

    def read64(self, address: u64) -> u64:
        self.reads += 1
        return super().read64(address)


@pytest.mark.parametrize("pages", [1, 32, 33, 64])
def test_a_step_of_the_end_of_a_space_looks_for_a_table_or_frees_32_pages_never_both(pages: int) -> None:
    tables, board, end = Tables(256), CountingBoard(256), TOP - 512 * PAGE
    tables.board = board
    tables.root = u64(tables.frames.allocate(board) or 0)
    for address in range(end - pages * PAGE, end, PAGE):
        frame = tables.frames.allocate(board)
        assert frame is not None and tables.map(address, DATA | F.OWNED, int(frame)) is None
    at, looked, freed = u64(0), [], []
    while at < end:
        reads, before = board.reads, tables.frames.available()
        at = release_in_table(board, tables.frames, tables.root, at)
        looked.append(board.reads - reads)
        freed.append(int(tables.frames.available() - before))
    last = (pages - 1) % 32 + 1
    assert freed == [0] + [32] * ((pages - last) // 32) + [last + 3]
    assert 2 * 511 < looked[0] < 3 * 512 + 20
    assert all(few < 512 + 50 for few in looked[1:])


def test_release_of_an_empty_space_frees_its_root() -> None:
    tables = Tables()
    assert tables.release(1) == 1
    assert tables.frames.available() == 63


@pytest.mark.parametrize("left", [1, 2])
@pytest.mark.parametrize("before", [None, BASE, BASE + (1 << 30), BASE + (1 << 39)])
def test_tables_that_a_refused_mapping_has_left_empty_go_with_the_space(left: int, before: int | None) -> None:
    tables = Tables()
    assert before is None or tables.map(before) is None
    free = 62 - int(tables.frames.available())
    tables.frames.left = left
    refused = tables.map(5 << 39)
    assert refused is Status.OUT_OF_FRAMES
    tables.frames.left = None
    assert tables.release(1 + free + left) == 1 + free + left
    assert tables.frames.available() == 63


def test_a_table_that_counts_more_than_it_holds_stops_the_kernel_when_its_space_ends() -> None:
    tables = Tables()
    assert tables.map() is None
    link = u64(tables.entry(BASE, 2))
    tables.board.write64(link, tables.board.read64(link) + (1 << 2))
    with pytest.raises(PANIC):
        tables.release(4)
