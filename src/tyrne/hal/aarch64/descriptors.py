"""VMSAv8-64 translation tables: 4 KiB granule, 48-bit addresses, four levels (Arm ARM, D8).

Pure encoders and decoders; walking and changing tables is the kernel's, registers are the board's.
"""

from __future__ import annotations

from typing import Final

from tyrne.hal.pages import MappingFlags
from tyrne.lang import u64

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
KEPT: Final = u64(0b10)
"""What is not valid leads nowhere, whatever else it holds."""
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
USED_SHIFT: Final = u64(2)
"""Bits 11:2 of a table descriptor, which the CPU ignores: how many entries of that table are used."""
USED_MASK: Final = u64(0x3FF)
PAGE_ADDRESS: Final = u64(0x0000_FFFF_FFFF_F000)
BLOCK_ADDRESS: Final = u64(0x0000_FFFF_FFE0_0000)


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


class Descriptors:
    """Satisfies `tyrne.hal.pages.PageFormat`: what the functions above say, for the half of TTBR0_EL1."""

    def __init__(self) -> None:
        self.last_level: Final = u64(3)
        self.user_limit: Final = USER_LIMIT
        self.physical_limit: Final = ADDRESS_LIMIT

    def shift(self, level: u64) -> u64:
        return 39 - level * 9

    def entry_at(self, table: u64, address: u64, level: u64) -> u64:
        return table + level_index(address, level) * 8

    def page_entry(self, frame: u64, flags: MappingFlags) -> u64:
        return page_descriptor(frame, flags)

    def block_entry(self, frame: u64, flags: MappingFlags) -> u64:
        return block_descriptor(frame, flags)

    def kept_entry(self) -> u64:
        return KEPT

    def table_entry(self, table: u64, used: u64) -> u64:
        return table_descriptor(table) | (used & USED_MASK) << USED_SHIFT

    def is_used(self, entry: u64) -> bool:
        return entry != 0

    def is_table(self, entry: u64) -> bool:
        return entry & TABLE == TABLE

    def maps(self, entry: u64, level: u64) -> bool:
        kind = entry & (TABLE | ACCESS_FLAG)
        return kind == ACCESS_FLAG | (TABLE if level == self.last_level else VALID)

    def is_leaf(self, entry: u64, level: u64) -> bool:
        return entry == KEPT or self.maps(entry, level)

    def target(self, entry: u64) -> u64:
        return entry & PAGE_ADDRESS

    def used(self, entry: u64) -> u64:
        return (entry >> USED_SHIFT) & USED_MASK

    def flags(self, entry: u64) -> MappingFlags:
        return decode_flags(entry)
