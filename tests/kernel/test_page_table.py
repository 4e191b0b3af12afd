"""Translation tables: map, unmap, translate, and what they refuse."""

from __future__ import annotations

from typing import Final

import pytest

from kernel.ranges import BLOCKS, PAGES, map_range, protect_range, unmap_range
from tyrne.abi import Status
from tyrne.boot.loader import tables_for
from tyrne.hal.aarch64.descriptors import block_descriptor, decode_flags, page_descriptor, table_descriptor
from tyrne.hal.pages import MappingFlags, forbidden
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.page_ranges import MOST_INVALIDATIONS, missing_tables, release_in_table
from tyrne.kernel.page_table import Mapping, invalid_in_space, map_page, translate
from tyrne.lang import u16, u64
from tyrne.testing.board import PAGE, POISON, RAM, MemoryBoard
from tyrne.testing.kernels import BASE, PANIC, is_allocated, managed

F = MappingFlags
ASID = u16(7)
TOP = 1 << 48
DATA = F.USER | F.WRITE
MAPPABLE = [F(bits) for bits in range(32) if not invalid_in_space(F(bits))]
FORBIDDEN = [F(bits) for bits in range(32) if invalid_in_space(F(bits))]


class Tables:
    def __init__(self, pages: int = 64) -> None:
        self.board = MemoryBoard(pages)
        self.frames = managed(pages)
        root = self.frames.allocate(self.board)
        frame = self.frames.allocate(self.board)
        assert root is not None and frame is not None
        self.root, self.frame = root, frame

    def map(self, address: int = BASE, flags: MappingFlags = DATA, frame: int | None = None) -> Status | None:
        target = self.frame if frame is None else u64(frame)
        return map_page(self.board, self.frames, self.root, u64(address), target, flags)

    def unmap(self, address: int = BASE) -> int:
        return self.unmap_range(address, address + PAGE)

    def translate(self, address: int = BASE) -> Mapping | Status:
        return translate(self.board, self.root, u64(address))

    def map_range(self, start: int, end: int, flags: MappingFlags | None = DATA) -> None:
        map_range(self.board, self.frames, self.root, start, end, int(self.frame), flags)

    def map_blocks(self, start: int, end: int, flags: MappingFlags | None = DATA) -> None:
        map_range(self.board, self.frames, self.root, start, end, BLOCKS_AT, flags, BLOCKS)

    def unmap_range(self, start: int, end: int, level: u64 = PAGES) -> int:
        """How many tables it frees."""
        before = self.frames.available()
        unmap_range(self.board, self.frames, self.root, ASID, start, end, level)
        return int(self.frames.available() - before)

    def protect(self, start: int, end: int, flags: MappingFlags | None) -> None:
        frames = range(int(self.frame), int(self.frame) + end - start, PAGE)
        protect_range(self.board, self.root, ASID, start, end, frames, flags)

    def missing(self, start: int, end: int, level: u64 = PAGES) -> int | Status:
        return missing_tables(self.board, self.root, level, u64(start), u64(end))

    def release(self, frames: int) -> int:
        """End the space, which has so many frames; how many it gives back."""
        space = AddressSpace()
        space.root, space.frames = self.root, u64(frames)
        found = 0
        while space.root != 0:
            found += int(space.release_some(self.board, self.frames))
        return found

    def used(self, address: int, level: int) -> int:
        """What the descriptor that leads to a table says of it, which is what the table holds."""
        descriptor = int(self.board.read64(u64(self.entry(address, level - 1))))
        table = descriptor & 0xFFFF_FFFF_F000
        entries = [self.board.read64(u64(table + 8 * i)) != 0 for i in range(512)]
        assert descriptor >> 2 & 0x3FF == sum(entries)
        return sum(entries)

    def entry(self, address: int, level: int) -> int:
        """The physical address of a descriptor whose tables above are there."""
        table = int(self.root)
        for above in range(level):
            table = int(self.board.read64(u64(table + (address >> (39 - 9 * above) & 511) * 8))) & 0xFFFF_FFFF_F000
        return table + (address >> (39 - 9 * level) & 511) * 8

    def words(self) -> list[int]:
        """All words of RAM that the tables may be in."""
        return [int(self.board.read64(u64(RAM + 8 * i))) for i in range(8 * 512)]

    def refuses(self, error: Status, address: int, flags: MappingFlags = DATA) -> None:
        before = bytes(self.board.ram), self.frames.available()
        assert self.map(address, flags) is error
        assert (bytes(self.board.ram), self.frames.available()) == before


@pytest.mark.parametrize("flags", MAPPABLE, ids=str)
def test_every_permitted_set_of_flags_comes_back_from_the_walk(flags: MappingFlags) -> None:
    tables = Tables()
    assert tables.map(BASE, flags) is None
    assert tables.translate() == Mapping(tables.frame, flags)


@pytest.mark.parametrize("flags", FORBIDDEN, ids=str)
def test_flags_that_no_page_of_a_space_may_have_are_invalid_flags(flags: MappingFlags) -> None:
    Tables().refuses(Status.INVALID_FLAGS, BASE, flags)


def test_the_forbidden_sets_are_execute_with_write_or_device() -> None:
    assert {F(bits) for bits in range(32) if forbidden(F(bits))} == {
        F(bits) for bits in range(32) if bits & F.EXECUTE and bits & (F.WRITE | F.DEVICE)
    }


def test_a_global_page_and_one_that_only_the_kernel_executes_are_in_no_space() -> None:
    assert set(MAPPABLE) == {F.NONE, F.WRITE, F.USER, DATA, F.USER | F.EXECUTE} | {
        F.DEVICE | flags for flags in (F.NONE, F.WRITE, F.USER, DATA)
    }


@pytest.mark.parametrize("address", [1, 8, BASE + 1, BASE + PAGE - 1, TOP + 1, 2**64 - 1])
def test_an_address_off_a_page_is_misaligned_address_whatever_else_is_wrong(address: int) -> None:
    tables = Tables()
    tables.refuses(Status.MISALIGNED_ADDRESS, address, F.WRITE | F.EXECUTE)


@pytest.mark.parametrize("address", [0, TOP, TOP + PAGE, 0xFFFF_FFFF_4008_0000, 2**64 - PAGE])
def test_page_0_and_addresses_from_2_to_the_48_on_are_out_of_range(address: int) -> None:
    tables = Tables()
    tables.refuses(Status.OUT_OF_RANGE, address)
    assert tables.translate(address) is Status.NOT_MAPPED


@pytest.mark.parametrize("alias", [1 << 48, 1 << 63, 0xFFFF << 48])
def test_no_address_beyond_the_user_half_is_an_alias_of_a_mapped_page(alias: int) -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.translate(BASE | alias) is Status.NOT_MAPPED


@pytest.mark.parametrize("address", [PAGE, TOP - PAGE])
def test_the_first_and_the_last_page_of_the_user_half_can_be_mapped(address: int) -> None:
    tables = Tables()
    assert tables.map(address) is None
    for byte in (0, PAGE - 1):
        assert tables.translate(address + byte) == Mapping(tables.frame, DATA)


def test_the_descriptors_of_a_walk_are_those_of_the_architecture() -> None:
    tables = Tables()
    assert tables.map() is None
    for level in range(3):
        descriptor = int(tables.board.read64(u64(tables.entry(BASE, level))))
        assert descriptor & 0xFFF == 1 << 2 | 0b11 and descriptor >> 48 == 0, "a table with one used entry"
    leaf = tables.board.read64(u64(tables.entry(BASE, 3)))
    assert leaf == page_descriptor(tables.frame, DATA) == int(tables.frame) | 0x0060_0000_0000_0F47


@pytest.mark.parametrize(
    ("second", "more"), [(BASE + PAGE, 0), (BASE + (1 << 21), 1), (BASE + (1 << 30), 2), (BASE + (1 << 39), 3)]
)
def test_tables_are_made_only_where_none_is(second: int, more: int) -> None:
    tables = Tables()
    free = tables.frames.available()
    assert tables.map() is None
    assert tables.frames.available() == free - 3
    assert tables.map(second) is None
    assert tables.frames.available() == free - 3 - more


def test_a_mapped_page_is_already_mapped_and_stays_as_it_is() -> None:
    tables = Tables()
    assert tables.map() is None
    before = bytes(tables.board.ram)
    assert tables.map(BASE, F.USER) is Status.ALREADY_MAPPED
    assert bytes(tables.board.ram) == before


@pytest.mark.parametrize("level", [1, 2])
def test_a_block_on_the_way_is_already_mapped_for_map_and_found_by_translate(level: int) -> None:
    tables = Tables()
    assert tables.map() is None
    tables.board.write64(u64(tables.entry(BASE, level)), block_descriptor(u64(0), DATA))
    tables.refuses(Status.ALREADY_MAPPED, BASE)
    size = 1 << (39 - 9 * level)
    for address in (BASE, BASE + PAGE, BASE // size * size, BASE // size * size + size - 1):
        assert tables.translate(address) == Mapping(u64(address % size // PAGE * PAGE), DATA)
    with pytest.raises(PANIC):
        tables.unmap()


@pytest.mark.parametrize("level", [1, 2])
def test_a_block_without_an_access_flag_leads_nowhere(level: int) -> None:
    tables = Tables()
    assert tables.map() is None
    tables.board.write64(u64(tables.entry(BASE, level)), u64(RAM | 1))
    tables.refuses(Status.ALREADY_MAPPED, BASE)
    assert tables.translate() is Status.NOT_MAPPED


@pytest.mark.parametrize("left", [0, 1, 2])
def test_out_of_frames_on_the_walk_maps_nothing_and_a_retry_uses_the_tables_already_made(left: int) -> None:
    tables = Tables()
    free = tables.frames.available()
    tables.frames.left = left
    assert tables.map() is Status.OUT_OF_FRAMES
    assert tables.translate() is Status.NOT_MAPPED
    assert tables.frames.available() == free - left
    tables.frames.left = 3 - left
    assert tables.map() is None
    assert tables.frames.available() == free - 3


@pytest.mark.parametrize("address", [BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30), BASE + (1 << 39)])
def test_a_missing_table_or_leaf_is_not_mapped(address: int) -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.translate(address) is Status.NOT_MAPPED


@pytest.mark.parametrize("address", [BASE - PAGE, BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30), BASE - (1 << 21)])
def test_what_is_not_mapped_cannot_be_unmapped_or_protected(address: int) -> None:
    tables = Tables()
    assert tables.map() is None and tables.map(BASE + 2 * PAGE) is None
    with pytest.raises(PANIC):
        tables.unmap(address)
    with pytest.raises(PANIC):
        tables.protect(address, address + PAGE, F.USER)


@pytest.mark.parametrize("offset", [0, 1, 2048, PAGE - 1])
def test_translate_finds_the_page_that_holds_an_address(offset: int) -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.translate(BASE + offset) == Mapping(tables.frame, DATA)


def test_a_leaf_that_is_no_page_is_not_mapped_for_translate_and_unmap_alike() -> None:
    tables = Tables()
    assert tables.map() is None and tables.map(BASE + PAGE) is None
    entry = u64(tables.entry(BASE, 3))
    tables.board.write64(entry, u64(int(tables.board.read64(entry)) & ~2))
    assert tables.translate() is Status.NOT_MAPPED
    with pytest.raises(PANIC):
        tables.unmap()


def test_a_page_without_the_access_flag_is_not_mapped_for_translate() -> None:
    tables = Tables()
    assert tables.map() is None
    entry = u64(tables.entry(BASE, 3))
    tables.board.write64(entry, u64(int(tables.board.read64(entry)) & ~(1 << 10)))
    assert tables.translate() is Status.NOT_MAPPED


def test_a_page_that_is_unmapped_can_be_mapped_again() -> None:
    tables = Tables()
    assert tables.map() is None and tables.map(BASE + PAGE) is None
    free = tables.frames.available()
    assert tables.unmap() == 0 and tables.translate() is Status.NOT_MAPPED
    assert tables.map() is None
    assert tables.frames.available() == free


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


def test_nothing_is_written_outside_the_tables() -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.board.get(int(tables.frame), PAGE) == bytes(PAGE)
    assert set(tables.board.ram[5 * PAGE :]) == {POISON}


def test_a_table_descriptor_has_no_attributes_to_decode_as_permissions() -> None:
    assert decode_flags(table_descriptor(u64(RAM))) & F.EXECUTE == F.NONE


# --- the tables that a range takes and leaves


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


# --- blocks, and places that are kept

BLOCK: Final = 512 * PAGE
BLOCKS_AT: Final = RAM + 64 * BLOCK
"""Where the blocks lie; nothing here reads them."""
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


@pytest.mark.parametrize("work", ["unmap", "protect"])
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("pages", [1, 2, 31, 32, 33, 512])
def test_pages_are_forgotten_one_by_one_and_the_whole_space_when_they_are_many(
    pages: int, alone: bool, work: str
) -> None:
    tables = Tables()
    if not alone:
        assert tables.map((1 << 30) - PAGE) is None
    start = (1 << 30) - (1 << 21) if alone else (1 << 30) - (2 << 21)
    tables.map_range(start, start + pages * PAGE)
    tables.board.events.clear()
    if work == "unmap":
        tables.unmap_range(start, start + pages * PAGE)
    else:
        tables.protect(start, start + pages * PAGE, F.USER)
    few = ("invalidate_pages", ASID, start, pages)
    assert tables.board.events == [few if pages <= MOST_INVALIDATIONS else ("invalidate_space", ASID)]


def test_each_table_of_a_range_is_forgotten_for_itself() -> None:
    tables = Tables()
    middle = BASE + (1 << 21)
    tables.map_range(middle - 40 * PAGE, middle + 2 * PAGE)
    tables.board.events.clear()
    tables.unmap_range(middle - 40 * PAGE, middle + 2 * PAGE)
    assert tables.board.events == [("invalidate_space", ASID), ("invalidate_pages", ASID, middle, 2)]


@pytest.mark.parametrize("pages", [1, 40])
@pytest.mark.parametrize("beside", [False, True])
def test_what_is_unmapped_is_forgotten_before_its_tables_are_free_and_after_nothing_leads_there(
    pages: int, beside: bool
) -> None:
    tables = Tables()
    assert not beside or tables.map(BASE + 100 * PAGE) is None
    tables.map_range(BASE, BASE + pages * PAGE)
    allocated = tables.frames.allocated
    asked: list[bool] = []

    def forget(*_: object) -> None:
        assert tables.frames.allocated == allocated
        assert all(tables.translate(BASE + page * PAGE) is Status.NOT_MAPPED for page in range(pages))
        asked.append(True)

    tables.board.invalidate_pages = forget  # type: ignore[method-assign, assignment]
    tables.board.invalidate_space = forget  # type: ignore[method-assign, assignment]
    assert tables.unmap_range(BASE, BASE + pages * PAGE) == (0 if beside else 3)
    assert asked == [True]


@pytest.mark.parametrize(("start", "end"), [(0, 0), (BASE, BASE), (BASE + PAGE, BASE), (TOP, 0)])
@pytest.mark.parametrize("below", [0, PAGE, BASE])
def test_no_page_takes_no_table(start: int, end: int, below: int) -> None:
    assert tables_for(MemoryBoard(1), u64(start), u64(end), u64(below)) == 0


@pytest.mark.parametrize("flags", MAPPABLE, ids=str)
def test_protecting_a_page_changes_its_flags_and_keeps_its_frame(flags: MappingFlags) -> None:
    tables = Tables()
    assert tables.map(BASE, F.USER) is None
    tables.protect(BASE, BASE + PAGE, flags)
    assert tables.translate() == Mapping(tables.frame, flags)


@pytest.mark.parametrize("flags", FORBIDDEN, ids=str)
def test_no_page_is_given_flags_that_it_could_not_be_mapped_with(flags: MappingFlags) -> None:
    tables = Tables()
    assert tables.map() is None
    before = bytes(tables.board.ram)
    with pytest.raises(PANIC):
        tables.protect(BASE, BASE + PAGE, flags)
    assert bytes(tables.board.ram) == before
