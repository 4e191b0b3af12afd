"""The translation tables of an address space, read as the CPU reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from tyrne.hal.aarch64.descriptors import (
    ENTRIES,
    KEPT,
    PAGE_ADDRESS,
    TABLE,
    USED_MASK,
    USED_SHIFT,
    USER_LIMIT,
    VALID,
    decode_flags,
)
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.kernel import Kernel
from tyrne.lang import u64

TABLE_BYTES: Final = 8 * int(ENTRIES)


@dataclass
class Tree:
    """The translation tables of one address space."""

    tables: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    """Tables below the root that lead nowhere."""
    pages: dict[int, int] = field(default_factory=dict)
    """Level 3 descriptors by virtual address."""
    blocks: dict[int, int] = field(default_factory=dict)
    """Level 2 descriptors of blocks by virtual address."""
    kept: list[int] = field(default_factory=list)
    """Virtual addresses of pages and blocks whose place is kept."""
    odd: list[int] = field(default_factory=list)
    """Descriptors that no kernel writes."""
    miscounted: list[tuple[int, int, int]] = field(default_factory=list)
    """Tables, how many used entries the descriptor that leads to each says it has, and how many it has."""

    @property
    def mapped(self) -> dict[int, int]:
        """The descriptors of pages and of blocks."""
        return self.pages | self.blocks


def read_tree(board: Any, root: int) -> Tree:
    """The tables below a root that stands in the RAM of a board."""
    found = Tree()
    _read_table(board, root, 0, 0, None, found)
    return found


def _read_table(board: Any, table: int, level: int, base: int, counted: int | None, found: Tree) -> None:
    found.tables.append(table)
    entries = _entries(board.get(table, TABLE_BYTES))
    if level > 0 and not entries:
        found.empty.append(table)
    if counted is not None and counted != len(entries):
        found.miscounted.append((table, counted, len(entries)))
    for i, entry in entries:
        address = base | i << (39 - 9 * level)
        if entry == KEPT and level >= 2:
            found.kept.append(address)
        elif entry & TABLE == VALID and level == 2:
            found.blocks[address] = entry
        elif entry & TABLE != TABLE:
            found.odd.append(entry)
        elif level == 3:
            found.pages[address] = entry
        else:
            used = entry >> int(USED_SHIFT) & int(USED_MASK)
            _read_table(board, entry & int(PAGE_ADDRESS), level + 1, address, used, found)


def physical(board: Any, root: int, address: int) -> int | None:
    """The physical address behind a virtual one below the root of a space; None where no page or block is mapped."""
    if not 0 <= address < int(USER_LIMIT):
        return None
    table = root
    for shift, leaf in ((39, None), (30, None), (21, VALID), (12, TABLE)):
        entry = int.from_bytes(board.get(table + 8 * (address >> shift & int(ENTRIES) - 1), 8), "little")
        table = entry & int(PAGE_ADDRESS)
        if leaf is not None and entry & TABLE == leaf:
            return table + address % (1 << shift)
        if entry & TABLE != TABLE:
            break
    return None


@lru_cache(maxsize=256)
def _entries(table: bytes) -> tuple[tuple[int, int], ...]:
    """The descriptors of a table that are not 0, each with its index."""
    found = []
    rest = table.lstrip(b"\0")
    while rest:  # tables are sparse: from one descriptor to the next
        i = (TABLE_BYTES - len(rest)) // 8
        found.append((i, int.from_bytes(table[8 * i : 8 * i + 8], "little")))
        rest = table[8 * i + 8 :].lstrip(b"\0")
    return tuple(found)


def living_spaces(kernel: Kernel[Any]) -> Iterator[tuple[str, AddressSpace, Tree]]:
    """Those that there are. Of one whose tables are being released, only what it has not given back yet."""
    for i, (space, alive) in enumerate(zip(kernel.spaces.items, kernel.spaces.occupied, strict=True)):
        if not alive or space.root == 0:
            continue
        tree = read_tree(kernel.board, int(space.root))
        if space.released != 0:
            left = {at: entry for at, entry in tree.pages.items() if at >= space.released}
            tree.pages = {at: entry for at, entry in left.items() if flags_of(entry) & MappingFlags.OWNED}
            tree.blocks.clear()
            tree.kept.clear()
            tree.miscounted.clear()
        yield f"space {i}", space, tree


def owned_pages(tree: Tree) -> list[int]:
    """The frames of the pages that belong to the space itself."""
    found = [entry for entry in tree.pages.values() if flags_of(entry) & MappingFlags.OWNED]
    return [entry & int(PAGE_ADDRESS) for entry in found]


@lru_cache(maxsize=1024)
def flags_of(entry: int) -> MappingFlags:
    return decode_flags(u64(entry))
