"""The tables that ranges and blocks take and leave, and places that are kept."""

from __future__ import annotations

import pytest
from tables import BLOCK, BLOCKS_AT, DATA, TOP, F, Tables

from kernel.ranges import BLOCKS
from tyrne.abi import Status
from tyrne.boot.loader import tables_for
from tyrne.hal.aarch64.descriptors import block_descriptor
from tyrne.kernel.page_table import Mapping
from tyrne.lang import u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import BASE, is_allocated

RANGES = [
    (PAGE, 2 * PAGE),
    (BASE, BASE + 3 * PAGE),
    (BASE + (1 << 21) - PAGE, BASE + (1 << 21) + PAGE),
    ((1 << 30) - PAGE, (1 << 30) + PAGE),
    ((1 << 39) - PAGE, (1 << 39) + PAGE),
    (TOP - 2 * PAGE, TOP),
]


@pytest.mark.parametrize(("start", "end"), RANGES)
@pytest.mark.parametrize("before", [None, BASE, BASE + (1 << 21), PAGE])
@pytest.mark.parametrize("at_once", [False, True])
def test_the_count_of_missing_tables_is_what_mapping_takes_and_what_unmapping_gives_back(
    start: int, end: int, before: int | None, at_once: bool
) -> None:
    tables = Tables()
    if before is not None and not start <= before < end:
        assert tables.map(before) is None
    free, ram = tables.frames.available(), bytes(tables.board.ram)
    needed = tables.missing(start, end)
    assert isinstance(needed, u64)
    if at_once:
        tables.map_range(start, end)
    else:
        for address in range(start, end, PAGE):
            assert tables.map(address, frame=int(tables.frame) + address - start) is None
    assert free - tables.frames.available() == needed
    for address in range(start, end, PAGE):
        assert tables.translate(address) == Mapping(u64(tables.frame + address - start), DATA)
        assert tables.missing(address, address + PAGE) is Status.ALREADY_MAPPED
    assert tables.unmap_range(start, end) == needed
    assert tables.frames.available() == free
    assert tables.board.get(int(tables.root), PAGE) == ram[int(tables.root) - RAM :][:PAGE]


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("start", [BASE, BASE + (1 << 21) - PAGE])
def test_one_page_in_the_way_of_a_range_is_enough(start: int, at: int) -> None:
    tables = Tables()
    assert tables.map(start + at * PAGE) is None
    assert tables.missing(start, start + 3 * PAGE) is Status.ALREADY_MAPPED


@pytest.mark.parametrize("level", [1, 2])
def test_a_block_in_the_way_of_a_range_is_enough(level: int) -> None:
    tables = Tables()
    assert tables.map() is None
    tables.board.write64(u64(tables.entry(BASE, level)), u64(RAM | 1))
    assert tables.missing(BASE - PAGE, BASE + PAGE) is Status.ALREADY_MAPPED


BLOCK_RANGES = [
    (BLOCK, 3 * BLOCK),
    (BASE, BASE + 2 * BLOCK),
    ((1 << 30) - BLOCK, (1 << 30) + BLOCK),
    ((1 << 39) - 2 * BLOCK, (1 << 39) + 3 * BLOCK),
    (TOP - 2 * BLOCK, TOP),
    (1 << 30, 2 << 30),
]


@pytest.mark.parametrize(("start", "end"), BLOCK_RANGES)
@pytest.mark.parametrize("before", [None, PAGE, BASE + (1 << 23), (1 << 30) + (1 << 23), TOP - 4 * BLOCK])
def test_blocks_take_and_leave_the_tables_that_are_missing(start: int, end: int, before: int | None) -> None:
    tables = Tables()
    if before is not None and not start <= before < end:
        assert tables.map(before) is None
    free, ram = tables.frames.available(), bytes(tables.board.ram)
    needed = tables.missing(start, end, BLOCKS)
    assert isinstance(needed, u64)
    tables.map_blocks(start, end)
    assert free - tables.frames.available() == needed
    for at in range(start, end, BLOCK):
        entry = tables.board.read64(u64(tables.entry(at, 2)))
        assert entry == block_descriptor(u64(BLOCKS_AT + at - start), DATA)
        assert tables.missing(at, at + BLOCK, BLOCKS) is tables.missing(at, at + PAGE) is Status.ALREADY_MAPPED
    assert tables.used(start, 2) >= 1
    assert tables.unmap_range(start, end, BLOCKS) == needed
    assert tables.frames.available() == free
    assert tables.board.get(int(tables.root), PAGE) == ram[int(tables.root) - RAM :][:PAGE]


def test_a_page_in_the_way_of_blocks_is_enough() -> None:
    tables = Tables()
    assert tables.map(BASE + BLOCK + 7 * PAGE) is None
    assert tables.missing(BASE, BASE + 2 * BLOCK, BLOCKS) is Status.ALREADY_MAPPED
    assert tables.missing(BASE, BASE + BLOCK, BLOCKS) == 0


@pytest.mark.parametrize("blocks", [1, 31, 32, 33, 100, 512])
@pytest.mark.parametrize("with_pages", [False, True])
def test_the_end_of_a_space_passes_by_blocks_and_frees_the_tables_beside_them(blocks: int, with_pages: bool) -> None:
    tables = Tables()
    free = int(tables.frames.available())
    start = (1 << 30) - blocks // 2 * BLOCK
    tables.map_blocks(start, start + blocks * BLOCK)
    if with_pages:
        for address in (start - PAGE, start + blocks * BLOCK, start + (blocks + 1) * BLOCK):
            assert tables.map(address) is None
    held = 1 + free - int(tables.frames.available())
    assert tables.release(held) == held
    assert tables.frames.available() == free + 1 and is_allocated(tables.frames, tables.frame)


def test_the_place_of_a_page_is_kept_until_it_is_mapped() -> None:
    tables = Tables()
    tables.map_range(BASE, BASE + 3 * PAGE, None)
    assert tables.translate() is Status.NOT_MAPPED and tables.used(BASE, 3) == 3
    assert tables.missing(BASE + 2 * PAGE, BASE + 4 * PAGE) is Status.ALREADY_MAPPED
    assert tables.map(BASE + PAGE) is Status.ALREADY_MAPPED
    tables.protect(BASE, BASE + 3 * PAGE, DATA)
    assert tables.translate(BASE + PAGE) == Mapping(u64(tables.frame + PAGE), DATA)
    tables.protect(BASE, BASE + 3 * PAGE, None)
    assert tables.translate(BASE + PAGE) is Status.NOT_MAPPED and tables.used(BASE, 3) == 3
    assert tables.unmap_range(BASE, BASE + 3 * PAGE) == 3


def test_places_that_are_kept_go_with_the_space() -> None:
    tables = Tables()
    tables.map_range(BASE, BASE + 40 * PAGE, None)
    tables.map_blocks(BASE + BLOCK, BASE + 41 * BLOCK, None)
    assert tables.release(4) == 4 and tables.frames.available() == 63


def test_unmapping_leaves_tables_in_which_another_page_is_mapped() -> None:
    tables = Tables()
    for address in (BASE, BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30)):
        assert tables.map(address) is None
    assert tables.unmap_range(BASE, BASE + PAGE) == 0
    assert tables.used(BASE, 3) == 1
    assert tables.unmap_range(BASE + PAGE, BASE + 2 * PAGE) == 1
    assert (tables.used(BASE, 1), tables.used(BASE, 2)) == (2, 1)
    assert isinstance(tables.translate(BASE + (1 << 21)), Mapping)
    assert isinstance(tables.translate(BASE + (1 << 30)), Mapping)
    assert tables.unmap_range(BASE + (1 << 21), BASE + (1 << 21) + PAGE) == 2
    assert tables.unmap_range(BASE + (1 << 30), BASE + (1 << 30) + PAGE) == 3


def test_every_entry_that_leads_to_a_table_counts_what_is_used_there() -> None:
    tables = Tables()
    tables.map_range(BASE + PAGE, BASE + (1 << 21) + PAGE)
    assert [tables.used(BASE, level) for level in (1, 2, 3)] == [1, 2, 511]
    assert tables.map(BASE) is None
    assert tables.used(BASE, 3) == 512
    assert tables.unmap(BASE + 7 * PAGE) == 0
    assert tables.used(BASE, 3) == 511
    tables.protect(BASE, BASE + 3 * PAGE, F.USER)
    assert tables.used(BASE, 3) == 511
    assert tables.unmap_range(BASE + (1 << 21), BASE + (1 << 21) + PAGE) == 1
    assert (tables.used(BASE, 2), tables.used(BASE, 3)) == (1, 511)


def test_a_table_is_zeroed_for_all_walks_before_anything_leads_to_it() -> None:
    tables = Tables()
    before: list[int] = []

    def zeroed() -> None:
        made = int(tables.frames.allocated)  # the frames are taken in order: the last of them is the new table
        table = RAM + (made - 1) * PAGE
        assert tables.board.get(table, PAGE) == bytes(PAGE)
        links = [entry & 0xFFFF_FFFF_F000 for entry in tables.words()]
        assert table not in links
        before.append(table)

    tables.board.table_zeroed = zeroed  # type: ignore[method-assign]
    assert tables.map() is None
    assert len(before) == 3


@pytest.mark.parametrize(("start", "end"), [(0, 0), (BASE, BASE), (BASE + PAGE, BASE), (TOP, 0)])
@pytest.mark.parametrize("below", [0, PAGE, BASE])
def test_no_page_takes_no_table(start: int, end: int, below: int) -> None:
    assert tables_for(MemoryBoard(1), u64(start), u64(end), u64(below)) == 0
