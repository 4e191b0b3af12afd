"""Mapping, unmapping and protecting pages in a row, and the end of all tables of a space: one table at a time.

Each `…_in_table` is a step: it does what of [start, end) lies in one table of a level, or so much of it as has a bound
of its own, and gives the address where the next step begins. That level is the last, or for blocks the one above. What
a range needs is found out before its first step; then none can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.abi import Status
from tyrne.hal.board import TableMemory
from tyrne.hal.pages import BLOCK_PAGES, PAGE_SIZE, MappingFlags, is_page_aligned
from tyrne.kernel.frames import Frames
from tyrne.kernel.memory import Region
from tyrne.kernel.page_table import entry_of, invalid_in_space, make_tables
from tyrne.lang import hot, inline, irange, u16, u64

MOST_INVALIDATIONS: Final = u64(32)
"""Of more pages than these, the whole space is forgotten at once."""
RELEASED_AT_ONCE: Final = u64(32)
"""Entries of the last level that one step of a space's end looks at."""


@dataclass(frozen=True)
class Path:
    """The way from a root to what is mapped at an address, or next behind it, and what of it serves that alone.

    `link` is where the entry stands that leads to the last table, which is of level `last`: one of pages, one with
    blocks, or an empty one. `cut` is where the highest entry stands, of level `level`, from which on each table leads
    to one other only: all of these go when the last one does. `above` is where the entry stands that leads to the table
    of `cut`, 0 where that is the root.
    """

    address: u64
    link: u64
    last: u64
    cut: u64
    level: u64
    above: u64


def table_end(memory: TableMemory, level: u64, address: u64, end: u64) -> u64:
    """Where the table of a level on the way to an address ends, or the range does."""
    span = u64(1) << memory.page_format.shift(level - 1)
    return min(end, address - address % span + span)


@hot
def missing_tables(memory: TableMemory, root: u64, level: u64, start: u64, end: u64) -> u64 | Status:
    """How many tables the mapping of the pages of [start, end) adds; ALREADY_MAPPED where something is in the way."""
    count = u64(0)
    at = start
    while at < end:
        stop = table_end(memory, level, at, end)
        missing = _missing_for(memory, root, level, at, stop, at == start)
        if isinstance(missing, Status):
            return missing
        count += missing
        at = stop
    return count


@inline
def _missing_for(memory: TableMemory, root: u64, last: u64, start: u64, end: u64, is_first: bool) -> u64 | Status:
    """The tables that are missing for entries of one table, which is of level `last`; those that lead to entries before
    these were counted there."""
    tables = memory.page_format
    table = root
    for level in irange(last):
        entry = memory.read64(tables.entry_at(table, start, level))
        if not tables.is_used(entry):
            count = u64(1)
            for upper in irange(level, last - 1):
                if is_first or start & ((u64(1) << tables.shift(upper)) - 1) == 0:
                    count += 1
            return count
        if not tables.is_table(entry):
            return Status.ALREADY_MAPPED
        table = tables.target(entry)
    place = tables.entry_at(table, start, last)
    for i in irange((end - start) >> tables.shift(last)):
        if tables.is_used(memory.read64(place + i * 8)):
            return Status.ALREADY_MAPPED
    return u64(0)


@hot
def map_in_table(
    memory: TableMemory, frames: Frames, root: u64, level: u64, start: u64, end: u64,
    region: Region, page: u64, flags: MappingFlags | None,
) -> u64:  # fmt: skip
    """Map pages of a region from one on, or keep the places for them, where nothing is. There are frames for the
    tables."""
    tables = memory.page_format
    stop = table_end(memory, level, start, end)
    link = make_tables(memory, frames, root, level, start)
    assert not isinstance(link, Status)
    entry = memory.read64(link)
    table = tables.target(entry)
    count = (stop - start) >> tables.shift(level)
    put_region(memory, level, tables.entry_at(table, start, level), count, region, page, flags)
    memory.write64(link, tables.table_entry(table, tables.used(entry) + count))
    return stop


@hot
def protect_in_table(
    memory: TableMemory, root: u64, asid: u16, level: u64, start: u64, end: u64,
    region: Region, page: u64, flags: MappingFlags | None,
) -> u64:  # fmt: skip
    """Change the flags of pages that are all mapped, or whose places are kept."""
    tables = memory.page_format
    stop = table_end(memory, level, start, end)
    table = tables.target(memory.read64(_link_to(memory, root, level, start)))
    place = tables.entry_at(table, start, level)
    count = (stop - start) >> tables.shift(level)
    for i in irange(count):
        assert tables.is_leaf(memory.read64(place + i * 8), level)
    put_region(memory, level, place, count, region, page, flags)
    _forget(memory, asid, start, stop)
    return stop


@inline
def put_region(
    memory: TableMemory, level: u64, place: u64, count: u64, region: Region, page: u64, flags: MappingFlags | None
) -> None:
    """Write entries in a row: of pages, or of blocks, of a region from one on."""
    tables = memory.page_format
    if flags is None:
        for i in irange(count):
            memory.write64(place + i * 8, tables.kept_entry())
        return
    assert not invalid_in_space(flags)
    if level == tables.last_level:
        for i in irange(count):
            memory.write64(place + i * 8, tables.page_entry(region.address(page + i), flags))
    else:
        for i in irange(count):
            memory.write64(place + i * 8, tables.block_entry(region.address(page + i * BLOCK_PAGES), flags))


@hot
def unmap_in_table(memory: TableMemory, frames: Frames, root: u64, asid: u16, level: u64, start: u64, end: u64) -> u64:
    """Unmap pages that are all mapped, or whose places are kept, and free the tables that nothing else needs.

    A table that maps nothing else is taken off as it is. It is freed when the TLB has forgotten the way to it.
    """
    tables = memory.page_format
    stop = table_end(memory, level, start, end)
    link = _link_to(memory, root, level, start)
    entry = memory.read64(link)
    count = (stop - start) >> tables.shift(level)
    left = tables.used(entry) - count
    if left == 0:
        path = _path(memory, root, level, start)
        assert path.link == link
        cut = _cut_off(memory, path)
        _forget(memory, asid, start, stop)
        _free_tables(memory, frames, cut, path)
        return stop
    table = tables.target(entry)
    place = tables.entry_at(table, start, level)
    for i in irange(count):
        assert tables.is_leaf(memory.read64(place + i * 8), level)
        memory.write64(place + i * 8, u64(0))
    memory.write64(link, tables.table_entry(table, left))
    _forget(memory, asid, start, stop)
    return stop


@hot
def _path(memory: TableMemory, root: u64, deepest: u64, start: u64) -> Path:
    """The path to a table of level `deepest` at most."""
    tables = memory.page_format
    address, table, link, last, cut, top, above = start, root, u64(0), u64(0), u64(0), u64(0), u64(0)
    for level in irange(deepest):
        here = tables.entry_at(table, address, level)
        place = _next_used(memory, here)
        entry = memory.read64(place)
        if place != here:
            address = ((address >> tables.shift(level)) + (place - here) // 8) << tables.shift(level)
        if not tables.is_table(entry):
            break
        if cut == 0:
            above, top, cut = link, level, place
        link, table, last = place, tables.target(entry), level + 1
        used = tables.used(entry)
        if used == 0:
            break
        if last < deepest and used > 1:
            cut = u64(0)
    return Path(address, link, last, cut, top, above)


def _next_used(memory: TableMemory, place: u64) -> u64:
    """Where the first used entry of a table stands, from one of its entries on."""
    at = place
    while not memory.page_format.is_used(memory.read64(at)):
        at += 8
        assert not is_page_aligned(at), "a table leads nowhere"
    return at


def _link_to(memory: TableMemory, root: u64, level: u64, address: u64) -> u64:
    """Where the entry stands that leads to the table of a level on the way to what is mapped there."""
    link = entry_of(memory, root, address, level - 1)
    assert not isinstance(link, Status) and memory.page_format.is_table(memory.read64(link))
    return link


def _cut_off(memory: TableMemory, path: Path) -> u64:
    """Let nothing lead to the tables that the last one alone keeps; the entry that led to them."""
    entry = memory.read64(path.cut)
    memory.write64(path.cut, u64(0))
    if path.above != 0:
        tables = memory.page_format
        upper = memory.read64(path.above)
        memory.write64(path.above, tables.table_entry(tables.target(upper), tables.used(upper) - 1))
    return entry


def _free_tables(memory: TableMemory, frames: Frames, entry: u64, path: Path) -> None:
    """Free the tables that were cut off, from the one that an entry led to on."""
    tables = memory.page_format
    table = tables.target(entry)
    for level in irange(path.level + 1, path.last):
        following = tables.target(memory.read64(tables.entry_at(table, path.address, level)))
        frames.free(table)
        table = following
    frames.free(table)


def _forget(memory: TableMemory, asid: u16, start: u64, end: u64) -> None:
    """Let the TLB forget pages, and the tables on the way to them."""
    pages = (end - start) // PAGE_SIZE
    if pages > MOST_INVALIDATIONS:
        memory.invalidate_space(asid)
    else:
        memory.invalidate_pages(asid, start, pages)


@hot
def release_in_table(memory: TableMemory, frames: Frames, root: u64, start: u64) -> u64:
    """Find what is mapped next; or where something is, free the space's own pages among the next few entries of its
    table, and the tables that led to these alone. Both at once would be too long a step.

    There is a page, a block or a table at the address or behind it. The TLB has forgotten the space.
    """
    tables = memory.page_format
    path = _path(memory, root, tables.last_level, start)
    if path.address > start:
        return path.address
    entry = memory.read64(path.link)
    table, left, at = tables.target(entry), tables.used(entry), path.address
    if left > 0:
        if path.last < tables.last_level:
            path = _path(memory, root, path.last, start)
        here = tables.entry_at(table, at, path.last)
        place = here if path.last < tables.last_level else _next_used(memory, here)
        at += (place - here) // 8 * PAGE_SIZE
        for _ in irange(RELEASED_AT_ONCE):
            mapped = memory.read64(place)
            if path.last < tables.last_level and tables.is_table(mapped):
                break
            if tables.is_used(mapped):
                left -= 1
                if tables.flags(mapped) & MappingFlags.OWNED:
                    frames.free(tables.target(mapped))
            place += 8
            at += u64(1) << tables.shift(path.last)
            if left == 0:
                break
            assert not is_page_aligned(place), "a table leads to less than it counts"
    if left > 0:
        memory.write64(path.link, tables.table_entry(table, left))
    else:
        _free_tables(memory, frames, _cut_off(memory, path), path)
    return at
