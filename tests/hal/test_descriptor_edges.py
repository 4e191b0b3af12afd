"""A decoder locked shut: patterns that the encoder never makes give no permission. Edges of the page arithmetic."""

from __future__ import annotations

import pytest

from tyrne.hal.aarch64.descriptors import (
    ADDRESS_LIMIT,
    TCR,
    USER_LIMIT,
    attributes,
    block_descriptor,
    decode_flags,
    level_index,
    page_descriptor,
    table_descriptor,
)
from tyrne.hal.pages import MappingFlags, is_page_aligned, page_of, pages_for
from tyrne.lang import u64

F = MappingFlags
EVERY = [F(bits) for bits in range(32)]
TOP = 2**64 - 1


def field(word: int, high: int, low: int) -> int:
    return int(word) >> low & ((1 << (high - low + 1)) - 1)


def test_the_fields_of_tcr() -> None:
    fields = {
        "T0SZ": (5, 0, 16),
        "EPD0": (7, 7, 0),
        "IRGN0": (9, 8, 1),
        "ORGN0": (11, 10, 1),
        "SH0": (13, 12, 3),
        "TG0": (15, 14, 0),
        "T1SZ": (21, 16, 16),
        "A1": (22, 22, 0),
        "EPD1": (23, 23, 0),
        "IRGN1": (25, 24, 1),
        "ORGN1": (27, 26, 1),
        "SH1": (29, 28, 3),
        "TG1": (31, 30, 2),
        "IPS": (34, 32, 2),
        "AS": (36, 36, 0),
    }
    assert {name: field(TCR, high, low) for name, (high, low, _) in fields.items()} == {
        name: value for name, (_, _, value) in fields.items()
    }
    assert TCR == 0x2_B510_3510


def test_limits_follow_from_tcr() -> None:
    assert 1 << (64 - field(TCR, 5, 0)) == USER_LIMIT
    assert ADDRESS_LIMIT == 1 << 40


@pytest.mark.parametrize("flags", EVERY, ids=str)
def test_nothing_is_executable_at_both_levels(flags: MappingFlags) -> None:
    assert field(attributes(flags), 54, 53) != 0


def test_no_bit_of_an_address_reaches_the_upper_attributes() -> None:
    for encode in (lambda a: page_descriptor(a, F.NONE), lambda a: block_descriptor(a, F.NONE), table_descriptor):
        assert encode(u64(TOP)) >> 48 & ~0x60 == 0


def test_a_kernel_page_decodes_without_user() -> None:
    assert F.USER not in decode_flags(page_descriptor(u64(0x4000_0000), F.WRITE))


@pytest.mark.parametrize("index", range(8))
def test_an_unknown_memory_type_is_device_memory_and_never_executable(index: int) -> None:
    word = int(page_descriptor(u64(0), F.USER | F.EXECUTE)) & ~0b11100 | index << 2
    flags = decode_flags(u64(word))
    assert (F.DEVICE in flags) == (index != 1)
    assert (F.EXECUTE in flags) == (index == 1)


def test_bits_without_a_flag_decode_to_nothing() -> None:
    word = int(page_descriptor(u64(0), F.USER))
    for bit in [5, 8, 9, 10, 50, 51, 52, *range(56, 64)]:
        assert decode_flags(u64(word ^ 1 << bit)) == F.USER


def test_level_indices_split_48_bits_into_four_times_nine() -> None:
    address = u64(1 << 39 | 2 << 30 | 3 << 21 | 4 << 12 | 0xFFF)
    assert [int(level_index(address, u64(level))) for level in range(4)] == [1, 2, 3, 4]
    assert [int(level_index(u64((1 << 48) - 1), u64(level))) for level in range(4)] == [511] * 4
    assert [int(level_index(u64(TOP), u64(level))) for level in range(4)] == [511] * 4


@pytest.mark.parametrize(
    ("length", "pages"), [(0, 0), (1, 1), (4095, 1), (4096, 1), (4097, 2), (TOP, 1 << 52), (TOP - 4095, (1 << 52) - 1)]
)
def test_pages_for_rounds_up_without_overflow(length: int, pages: int) -> None:
    assert pages_for(u64(length)) == pages


@pytest.mark.parametrize(("address", "page"), [(0, 0), (4095, 0), (4096, 4096), (8191, 4096), (TOP, TOP - 4095)])
def test_page_of_is_the_page_that_holds_an_address(address: int, page: int) -> None:
    assert page_of(u64(address)) == page
    assert is_page_aligned(u64(address)) is (address == page)
