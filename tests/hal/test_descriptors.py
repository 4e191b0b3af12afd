"""Descriptors and control registers, by value."""

import itertools

import pytest

from tyrne.hal.aarch64.control import CPACR_CLOSED, CPACR_OPEN, SCTLR, SCTLR_RESERVED
from tyrne.hal.aarch64.descriptors import (
    MAIR,
    TCR,
    attributes,
    block_descriptor,
    decode_flags,
    level_index,
    page_descriptor,
    table_descriptor,
)
from tyrne.hal.pages import MappingFlags, forbidden, is_page_aligned, page_of, pages_for
from tyrne.lang import u64

W, X, U, D, G = (
    MappingFlags.WRITE,
    MappingFlags.EXECUTE,
    MappingFlags.USER,
    MappingFlags.DEVICE,
    MappingFlags.GLOBAL,
)
NONE = MappingFlags.NONE
EVERY = [MappingFlags(value) for value in range(32)]
AP, SH, PXN, UXN, NOT_GLOBAL = 0b11 << 6, 0b11 << 8, 1 << 53, 1 << 54, 1 << 11


@pytest.mark.parametrize(
    ("descriptor", "value"),
    [
        (block_descriptor(u64(0x4000_0000), W | X | G), 0x0040_0000_4000_0705),
        (block_descriptor(u64(0x0800_0000), D | W | G), 0x0060_0000_0800_0401),
        (page_descriptor(u64(0x4123_4000), U | X), 0x0020_0000_4123_4FC7),
        (page_descriptor(u64(0x4123_4000), U | W), 0x0060_0000_4123_4F47),
        (table_descriptor(u64(0x4123_4000)), 0x4123_4003),
    ],
)
def test_worked_descriptors(descriptor: u64, value: int) -> None:
    assert descriptor == value


@pytest.mark.parametrize("flags", EVERY)
def test_each_flag_decides_its_field(flags: MappingFlags) -> None:
    bits = attributes(flags)
    assert bits >> 10 & 1 == 1, "the access flag is always set"
    assert bits & AP == (0 if flags & W else 1 << 7) | (1 << 6 if flags & U else 0)
    assert bits & SH == (0 if flags & D else SH)
    assert bits >> 2 & 7 == (0 if flags & D else 1)
    assert bool(bits & NOT_GLOBAL) == (not flags & G)
    executable = flags & X and not flags & D
    assert bool(bits & PXN) == (not executable or bool(flags & U))
    assert bool(bits & UXN) == (not executable or not flags & U)
    assert bits & ~(AP | SH | PXN | UXN | NOT_GLOBAL | 1 << 10 | 0b111 << 2) == 0


@pytest.mark.parametrize("flags", EVERY)
def test_flags_survive_encoding(flags: MappingFlags) -> None:
    expected = flags & (W | U | D | G) if flags & D else flags
    assert decode_flags(page_descriptor(u64(0x4000_0000), flags)) == expected
    assert decode_flags(block_descriptor(u64(0x4000_0000), flags)) == expected


@pytest.mark.parametrize(("pxn", "uxn", "user", "device"), list(itertools.product([0, 1], repeat=4)))
def test_a_pattern_that_no_flags_encode_adds_no_permission(pxn: int, uxn: int, user: int, device: int) -> None:
    descriptor = u64(0x403 | pxn << 53 | uxn << 54 | user << 6 | (0 if device else 1 << 2))
    executable = bool(decode_flags(descriptor) & X)
    assert executable == (not device and (pxn, uxn) == ((1, 0) if user else (0, 1)))


@pytest.mark.promise("One function says which pages those are, and whatever makes a page descriptor asks it first")
def test_forbidden_are_writable_code_and_device_code() -> None:
    assert [flags for flags in EVERY if forbidden(flags)] == [f for f in EVERY if f & X and f & (W | D)]


def test_addresses_are_truncated_to_their_unit() -> None:
    assert page_descriptor(u64(0x4000_0FFF), NONE) & 0xFFFF_FFFF_F000 == 0x4000_0000
    assert block_descriptor(u64(0x401F_FFFF), NONE) & 0xFFFF_FFFF_F000 == 0x4000_0000
    assert table_descriptor(u64((1 << 64) - 1)) == 0x0000_FFFF_FFFF_F003


@pytest.mark.parametrize(("level", "shift"), [(0, 39), (1, 30), (2, 21), (3, 12)])
def test_each_level_has_nine_bits_of_the_address(level: int, shift: int) -> None:
    for index in (0, 1, 511):
        assert level_index(u64(index << shift), u64(level)) == index
    assert level_index(u64((1 << shift) - 1), u64(level)) == 0


def test_an_address_lies_in_its_page_and_a_length_takes_whole_pages() -> None:
    assert is_page_aligned(u64(0x1000)) and not is_page_aligned(u64(0x1001))
    assert page_of(u64(0x1FFF)) == 0x1000
    assert [pages_for(u64(n)) for n in (0, 1, 4096, 4097)] == [0, 1, 1, 2]


def test_translation_control_is_both_halves_with_48_bits() -> None:
    assert MAIR == 0xFF00
    assert TCR == 0x2_B510_3510


@pytest.mark.promise(
    "the machine: all other system registers and instructions trap, and so do counters, cache maintenance by address "
    "and WFI, and WFE where the processor would wait"
)
def test_system_control_leaves_el0_nothing_that_can_be_trapped() -> None:
    """MMU and caches on, writable memory not executable; every instruction that EL0 could be trapped on is."""
    assert SCTLR_RESERVED == 0x30D0_0800
    assert SCTLR == SCTLR_RESERVED | 0x8_1195
    for name, bit in {"SA": 3, "UMA": 9, "DZE": 14, "UCT": 15, "nTWI": 16, "nTWE": 18, "EE": 25, "UCI": 26}.items():
        assert SCTLR >> bit & 1 == 0, name
    assert (CPACR_CLOSED, CPACR_OPEN) == (0x10_0000, 0x30_0000)
