"""Pages: what kernel, machines and tools say of mapped memory, whatever the architecture."""

from __future__ import annotations

from enum import IntFlag
from typing import Final, Protocol

from tyrne.lang import u64

PAGE_SIZE: Final = u64(4096)
BLOCK_PAGES: Final = u64(512)
"""How many pages make a block: what one entry maps in a table of the level above the last."""
BLOCK_SIZE: Final = BLOCK_PAGES * PAGE_SIZE


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


def is_page_aligned(address: u64) -> bool:
    return address % PAGE_SIZE == 0


def page_of(address: u64) -> u64:
    """The first address of the page that holds an address."""
    return address - address % PAGE_SIZE


def pages_for(length: u64) -> u64:
    """How many pages hold `length` bytes."""
    pages = length // PAGE_SIZE
    return pages if length % PAGE_SIZE == 0 else pages + 1


class PageFormat(Protocol):
    """How the machine's page tables are laid out: levels, and what an entry means.

    The root is of level 0; the entries of a table of the last level map pages, those of all others lead to a table of
    the next level, but for some of the level above the last, which map blocks. A table fills one page with entries of
    8 bytes, and zeros map nothing. An entry that leads to a table also holds how many of that table's entries are used,
    in bits that the machine ignores.
    """

    @property
    def last_level(self) -> u64: ...

    @property
    def user_limit(self) -> u64:
        """One past the highest address that an address space maps."""
        ...

    @property
    def physical_limit(self) -> u64:
        """One past the highest physical address."""
        ...

    def shift(self, level: u64) -> u64:
        """An entry of a table of this level covers `1 << shift` bytes."""
        ...

    def entry_at(self, table: u64, address: u64, level: u64) -> u64:
        """Where a table of a level holds its entry for an address."""
        ...

    def page_entry(self, frame: u64, flags: MappingFlags) -> u64:
        """Maps a page; the frame's address is truncated to its page."""
        ...

    def block_entry(self, frame: u64, flags: MappingFlags) -> u64:
        """Maps a block; the address of its first frame is truncated to its block."""
        ...

    def kept_entry(self) -> u64:
        """Maps nothing, and keeps the place of what will be mapped there."""
        ...

    def table_entry(self, table: u64, used: u64) -> u64:
        """Leads to a table of the next level, of which so many entries are used."""
        ...

    def is_used(self, entry: u64) -> bool:
        """Whether the entry maps or leads to anything, or keeps a place."""
        ...

    def is_table(self, entry: u64) -> bool:
        """Whether the entry, of a level above the last, leads to a table."""
        ...

    def maps(self, entry: u64, level: u64) -> bool:
        """Whether the entry, of this level, maps a page or a block so that the machine finds it."""
        ...

    def is_leaf(self, entry: u64, level: u64) -> bool:
        """Whether the entry, of the last level or the one above, maps a page or a block, or keeps the place of one."""
        ...

    def target(self, entry: u64) -> u64:
        """The physical address of the page or table that a used entry leads to."""
        ...

    def used(self, entry: u64) -> u64:
        """How many entries of the table that the entry leads to are used."""
        ...

    def flags(self, entry: u64) -> MappingFlags:
        """How the entry maps its page. A pattern that no flags encode never adds a permission."""
        ...
