"""VMSAv8-64 translation tables: 4 KiB granule, 48-bit addresses, four levels (Arm ARM, D8).

Pure encoders and decoders; walking and changing tables is the kernel's, registers are the board's.
"""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from tyrne.lang import u64

PAGE_SIZE: Final = u64(4096)
BLOCK_SIZE: Final = u64(0x20_0000)
"""What one level 2 block maps."""
ENTRIES: Final = u64(512)
"""Descriptors in one table."""
USER_LIMIT: Final = u64(1 << 48)
"""One past the highest address that TTBR0_EL1 translates."""
ADDRESS_LIMIT: Final = u64(1 << 40)
"""One past the highest physical address (TCR_EL1.IPS = 0b010)."""

MAIR: Final = u64(0xFF00)
"""MAIR_EL1: attribute 0 device-nGnRnE, attribute 1 normal memory, write-back."""
TCR: Final = u64(0x2_B510_3510)
"""TCR_EL1: both halves 48 bits, 4 KiB, write-back, inner shareable, 40-bit output, 8-bit ASID from TTBR0_EL1."""

VALID: Final = u64(1)
TABLE: Final = u64(0b11)
"""Bits 1:0 of a table descriptor, and of a page."""
ATTRIBUTE_NORMAL: Final = u64(1 << 2)
AP_USER: Final = u64(1 << 6)
AP_READ_ONLY: Final = u64(1 << 7)
INNER_SHAREABLE: Final = u64(0b11 << 8)
ACCESS_FLAG: Final = u64(1 << 10)
NOT_GLOBAL: Final = u64(1 << 11)
PXN: Final = u64(1 << 53)
UXN: Final = u64(1 << 54)
OWNED_BIT: Final = u64(1 << 55)
"""A bit that the CPU ignores."""
PAGE_ADDRESS: Final = u64(0x0000_FFFF_FFFF_F000)
BLOCK_ADDRESS: Final = u64(0x0000_FFFF_FFE0_0000)


class MappingFlags(IntFlag):
    """How a page is mapped. Reading is implied."""

    NONE = 0
    WRITE = 1
    EXECUTE = 2
    USER = 4
    DEVICE = 8
    GLOBAL = 16
    OWNED = 32
    """The frame belongs to the address space, and is freed with it."""


def forbidden(flags: MappingFlags) -> bool:
    """Whether no mapping may have these flags: writable and executable, or executable device memory."""
    if not flags & MappingFlags.EXECUTE:
        return False
    return bool(flags & (MappingFlags.WRITE | MappingFlags.DEVICE))


def attributes(flags: MappingFlags) -> u64:
    """The attribute bits of a page or block, without its type and address."""
    bits = ACCESS_FLAG
    if flags & MappingFlags.DEVICE:
        bits = bits | PXN | UXN
    else:
        bits = bits | ATTRIBUTE_NORMAL | INNER_SHAREABLE
        if not flags & MappingFlags.EXECUTE:
            bits = bits | PXN | UXN
        elif flags & MappingFlags.USER:
            bits = bits | PXN
        else:
            bits = bits | UXN
    if flags & MappingFlags.USER:
        bits = bits | AP_USER
    if not flags & MappingFlags.WRITE:
        bits = bits | AP_READ_ONLY
    if not flags & MappingFlags.GLOBAL:
        bits = bits | NOT_GLOBAL
    if flags & MappingFlags.OWNED:
        bits = bits | OWNED_BIT
    return bits


def page_descriptor(address: u64, flags: MappingFlags) -> u64:
    """A level 3 descriptor; the address is truncated to its page."""
    return (address & PAGE_ADDRESS) | attributes(flags) | TABLE


def block_descriptor(address: u64, flags: MappingFlags) -> u64:
    """A level 2 block descriptor; the address is truncated to its block."""
    return (address & BLOCK_ADDRESS) | attributes(flags) | VALID


def table_descriptor(address: u64) -> u64:
    """A descriptor of the next level's table; the address is truncated to its page."""
    return (address & PAGE_ADDRESS) | TABLE


def decode_flags(descriptor: u64) -> MappingFlags:
    """The flags of a page or block descriptor. A pattern that no flags encode never adds a permission."""
    flags = MappingFlags.NONE
    if not descriptor & AP_READ_ONLY:
        flags = flags | MappingFlags.WRITE
    user = bool(descriptor & AP_USER)
    if user:
        flags = flags | MappingFlags.USER
    if not descriptor & NOT_GLOBAL:
        flags = flags | MappingFlags.GLOBAL
    if descriptor & OWNED_BIT:
        flags = flags | MappingFlags.OWNED
    if descriptor & 0b11100 != ATTRIBUTE_NORMAL:
        return flags | MappingFlags.DEVICE
    executable = descriptor & (PXN | UXN) == (PXN if user else UXN)
    if executable:
        flags = flags | MappingFlags.EXECUTE
    return flags


def level_index(address: u64, level: u64) -> u64:
    """The index of an address in a table of a level: bits 47:39 at level 0 to bits 20:12 at level 3."""
    return (address >> (39 - level * 9)) & 511


def is_page_aligned(address: u64) -> bool:
    return address % PAGE_SIZE == 0


def page_of(address: u64) -> u64:
    """The first address of the page that holds an address."""
    return address - address % PAGE_SIZE


def pages_for(length: u64) -> u64:
    """How many pages hold `length` bytes."""
    pages = length // PAGE_SIZE
    return pages if length % PAGE_SIZE == 0 else pages + 1
