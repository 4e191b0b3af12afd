"""Translation tables: map, unmap, translate, and what they refuse."""

from __future__ import annotations

import pytest
from tables import DATA, FORBIDDEN, MAPPABLE, TOP, F, Tables

from tyrne.abi import Status
from tyrne.hal.aarch64.descriptors import block_descriptor, decode_flags, page_descriptor, table_descriptor
from tyrne.hal.pages import MappingFlags, forbidden
from tyrne.kernel.page_table import Mapping, entry_of
from tyrne.lang import u64
from tyrne.testing.board import PAGE, POISON, RAM
from tyrne.testing.kernels import BASE, PANIC


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


def test_nothing_is_written_outside_the_tables() -> None:
    tables = Tables()
    assert tables.map() is None
    assert tables.board.get(int(tables.frame), PAGE) == bytes(PAGE)
    assert set(tables.board.ram[5 * PAGE :]) == {POISON}


def test_a_table_descriptor_has_no_attributes_to_decode_as_permissions() -> None:
    assert decode_flags(table_descriptor(u64(RAM))) & F.EXECUTE == F.NONE


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


@pytest.mark.parametrize("level", [1, 2, 3])
def test_an_entry_stands_nowhere_where_a_table_above_it_is_missing(level: int) -> None:
    tables = Tables()
    assert entry_of(tables.board, tables.root, u64(BASE), u64(level)) is Status.NOT_MAPPED
    assert tables.map() is None
    assert entry_of(tables.board, tables.root, u64(BASE), u64(level)) == tables.entry(BASE, level)
