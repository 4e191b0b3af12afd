"""Translation tables: map, unmap, translate, and what they refuse."""

from __future__ import annotations

import pytest

from tyrne.abi import Status
from tyrne.hal.aarch64.descriptors import MappingFlags, decode_flags, forbidden, page_descriptor, table_descriptor
from tyrne.kernel.page_table import (
    Mapping,
    invalid_in_space,
    is_mapped,
    map_page,
    missing_tables,
    protect_page,
    prune_tables,
    release_tables,
    tables_for,
    translate,
    unmap_page,
)
from tyrne.lang import u64
from tyrne.testing.board import PAGE, POISON, RAM, MemoryBoard
from tyrne.testing.kernels import BASE, PANIC, managed

F = MappingFlags
TOP = 1 << 48
DATA = F.USER | F.WRITE
MAPPABLE = [F(bits) for bits in range(32) if not invalid_in_space(F(bits))]
FORBIDDEN = [F(bits) for bits in range(32) if invalid_in_space(F(bits))]


class Tables:
    def __init__(self) -> None:
        self.board = MemoryBoard()
        self.frames = managed(64)
        root = self.frames.allocate(self.board)
        frame = self.frames.allocate(self.board)
        assert root is not None and frame is not None
        self.root, self.frame = root, frame

    def map(self, address: int = BASE, flags: MappingFlags = DATA, frame: int | None = None) -> Status | None:
        target = self.frame if frame is None else u64(frame)
        return map_page(self.board, self.frames, self.root, u64(address), target, flags)

    def unmap(self, address: int = BASE) -> u64 | Status:
        return unmap_page(self.board, self.root, u64(address))

    def translate(self, address: int = BASE) -> Mapping | Status:
        return translate(self.board, self.root, u64(address))

    def entry(self, address: int, level: int) -> int:
        """The physical address of a descriptor whose tables above are there."""
        table = int(self.root)
        for above in range(level):
            table = int(self.board.read64(u64(table + (address >> (39 - 9 * above) & 511) * 8))) & 0xFFFF_FFFF_F000
        return table + (address >> (39 - 9 * level) & 511) * 8

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
    assert tables.unmap(address) is Status.MISALIGNED_ADDRESS


@pytest.mark.parametrize("address", [0, TOP, TOP + PAGE, 0xFFFF_FFFF_4008_0000, 2**64 - PAGE])
def test_page_0_and_addresses_from_2_to_the_48_on_are_out_of_range(address: int) -> None:
    tables = Tables()
    tables.refuses(Status.OUT_OF_RANGE, address)
    assert tables.unmap(address) is Status.OUT_OF_RANGE
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
        assert descriptor & 0xFFF == 0b11 and descriptor >> 48 == 0
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
def test_a_block_on_the_way_is_already_mapped_for_map_and_block_mapped_for_the_others(level: int) -> None:
    tables = Tables()
    assert tables.map() is None
    tables.board.write64(u64(tables.entry(BASE, level)), u64(RAM | 1))
    tables.refuses(Status.ALREADY_MAPPED, BASE)
    assert tables.unmap() is Status.BLOCK_MAPPED
    assert tables.translate() is Status.BLOCK_MAPPED


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


def test_unmap_gives_the_frame_back_and_leaves_the_tables() -> None:
    tables = Tables()
    assert tables.map() is None
    free = tables.frames.available()
    assert tables.unmap() == tables.frame
    assert tables.unmap() is Status.NOT_MAPPED
    assert tables.frames.available() == free
    assert tables.map() is None
    assert tables.frames.available() == free


@pytest.mark.parametrize("address", [BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30), BASE + (1 << 39)])
def test_a_missing_table_or_leaf_is_not_mapped(address: int) -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.unmap(address) is Status.NOT_MAPPED
    assert tables.translate(address) is Status.NOT_MAPPED


@pytest.mark.parametrize("offset", [0, 1, 2048, PAGE - 1])
def test_translate_finds_the_page_that_holds_an_address(offset: int) -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.translate(BASE + offset) == Mapping(tables.frame, DATA)


def test_a_leaf_that_is_no_page_is_not_mapped_for_translate_and_unmap_alike() -> None:
    tables = Tables()
    assert tables.map() is None
    entry = u64(tables.entry(BASE, 3))
    tables.board.write64(entry, u64(int(tables.board.read64(entry)) & ~2))
    assert tables.translate() is Status.NOT_MAPPED
    assert tables.unmap() is Status.NOT_MAPPED


def test_a_page_without_the_access_flag_is_not_mapped_for_translate() -> None:
    tables = Tables()
    assert tables.map() is None
    entry = u64(tables.entry(BASE, 3))
    tables.board.write64(entry, u64(int(tables.board.read64(entry)) & ~(1 << 10)))
    assert tables.translate() is Status.NOT_MAPPED


def test_release_frees_every_table_the_root_and_the_pages_that_are_owned_but_reads_only() -> None:
    tables = Tables()
    shared = tables.frames.allocate(tables.board)
    assert shared is not None and tables.map(2 * PAGE, frame=int(shared)) is None
    addresses = [PAGE, BASE, BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30), BASE + (1 << 39), TOP - PAGE]
    for page, address in enumerate(addresses):
        frame = tables.frame if page == 0 else tables.frames.allocate(tables.board)
        assert frame is not None and tables.map(address, DATA | F.OWNED, int(frame)) is None
    before = bytes(tables.board.ram)
    release_tables(tables.board, tables.frames, tables.root)
    assert tables.frames.available() == 63 and tables.frames.is_allocated(shared)
    assert bytes(tables.board.ram) == before


def test_release_of_an_empty_space_frees_its_root() -> None:
    tables = Tables()
    release_tables(tables.board, tables.frames, tables.root)
    assert tables.frames.available() == 63


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
def test_the_count_of_missing_tables_is_what_mapping_takes_and_what_pruning_gives_back(
    start: int, end: int, before: int | None
) -> None:
    tables = Tables()
    if before is not None and not start <= before < end:
        assert tables.map(before) is None
    free, ram = tables.frames.available(), bytes(tables.board.ram)
    needed = missing_tables(tables.board, tables.root, u64(start), u64(end))
    for address in range(start, end, PAGE):
        assert not is_mapped(tables.board, tables.root, u64(address))
        assert tables.map(address) is None
        assert is_mapped(tables.board, tables.root, u64(address))
    assert free - tables.frames.available() == needed
    assert missing_tables(tables.board, tables.root, u64(start), u64(end)) == 0
    for address in range(start, end, PAGE):
        tables.unmap(address)
    assert prune_tables(tables.board, tables.frames, tables.root, u64(start), u64(end)) == needed
    assert tables.frames.available() == free
    assert tables.board.get(int(tables.root), PAGE) == ram[int(tables.root) - RAM :][:PAGE]


def test_pruning_leaves_tables_in_which_another_page_is_mapped() -> None:
    tables = Tables()
    for address in (BASE, BASE + PAGE, BASE + (1 << 21), BASE + (1 << 30)):
        assert tables.map(address) is None
    tables.unmap(BASE)
    assert prune_tables(tables.board, tables.frames, tables.root, u64(BASE), u64(BASE + PAGE)) == 0
    tables.unmap(BASE + PAGE)
    assert prune_tables(tables.board, tables.frames, tables.root, u64(BASE), u64(BASE + 2 * PAGE)) == 1
    assert isinstance(tables.translate(BASE + (1 << 21)), Mapping)
    assert isinstance(tables.translate(BASE + (1 << 30)), Mapping)


@pytest.mark.parametrize("mapped", [None, BASE, PAGE])
def test_pruning_where_no_tables_are_frees_none(mapped: int | None) -> None:
    tables = Tables()
    if mapped is not None:
        assert tables.map(mapped) is None
    before = bytes(tables.board.ram), tables.frames.available()
    for start in (1 << 30, 1 << 39, TOP - PAGE):
        assert prune_tables(tables.board, tables.frames, tables.root, u64(start), u64(start + PAGE)) == 0
    assert (bytes(tables.board.ram), tables.frames.available()) == before


@pytest.mark.parametrize(("start", "end"), [(0, 0), (BASE, BASE), (BASE + PAGE, BASE), (TOP, 0)])
@pytest.mark.parametrize("below", [0, PAGE, BASE])
def test_no_page_takes_no_table(start: int, end: int, below: int) -> None:
    assert tables_for(u64(start), u64(end), u64(below)) == 0


@pytest.mark.parametrize("flags", MAPPABLE, ids=str)
def test_protecting_a_page_changes_its_flags_and_keeps_its_frame(flags: MappingFlags) -> None:
    tables = Tables()
    assert tables.map(BASE, F.USER) is None
    protect_page(tables.board, tables.root, u64(BASE), flags)
    assert tables.translate() == Mapping(tables.frame, flags)


@pytest.mark.parametrize("flags", FORBIDDEN, ids=str)
def test_no_page_is_given_flags_that_it_could_not_be_mapped_with(flags: MappingFlags) -> None:
    tables = Tables()
    assert tables.map() is None
    before = bytes(tables.board.ram)
    with pytest.raises(PANIC):
        protect_page(tables.board, tables.root, u64(BASE), flags)
    assert bytes(tables.board.ram) == before
