"""Mapping, unmapping and protecting pages in a row, and the end of all tables of a space: one table at a time.

Each `…_in_table` is a step: it does what of [start, end) lies in one table of the last level, or so much of it as has a
bound of its own, and gives the address where the next step begins. What a range needs is found out before its first
step; then none can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.abi import Status
from tyrne.hal.board import TableMemory
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, is_page_aligned
from tyrne.kernel.frames import Frames
from tyrne.kernel.page_table import entry_of, invalid_in_space, make_tables, put_pages
from tyrne.lang import hot, inline, irange, u16, u64

MOST_INVALIDATIONS: Final = u64(32)
"""Of more pages than these, the whole space is forgotten at once."""
RELEASED_AT_ONCE: Final = u64(32)
"""Entries of the last level that one step of a space's end looks at."""


@dataclass(frozen=True)
class Path:
    """The way from a root to the first page at an address or behind it, and what of it serves that table alone.

    `link` is where the entry stands that leads to the last table, which is of level `last`: one of pages, or an empty
    one. `cut` is where the highest entry stands, of level `level`, from which on each table leads to one other only:
    all of these go when the last one does. `above` is where the entry stands that leads to the table of `cut`, 0 where
    that is the root.
    """

    address: u64
    link: u64
    last: u64
    cut: u64
    level: u64
    above: u64


def table_end(memory: TableMemory, address: u64, end: u64) -> u64:
    """Where the last table on the way to an address ends, or the range does."""
    span = u64(1) << memory.page_format.shift(memory.page_format.last_level - 1)
    return min(end, address - address % span + span)


@hot
def missing_tables(memory: TableMemory, root: u64, start: u64, end: u64) -> u64 | Status:
    """How many tables the mapping of the pages of [start, end) adds; ALREADY_MAPPED where something is in the way."""
    count = u64(0)
    at = start
    while at < end:
        stop = table_end(memory, at, end)
        missing = _missing_for(memory, root, at, stop, at == start)
        if isinstance(missing, Status):
            return missing
        count += missing
        at = stop
    return count


@inline
def _missing_for(memory: TableMemory, root: u64, start: u64, end: u64, is_first: bool) -> u64 | Status:
    """The tables that are missing for pages of one table; those that lead to pages before these were counted there."""
    tables = memory.page_format
    table = root
    for level in irange(tables.last_level):
        entry = memory.read64(tables.entry_at(table, start, level))
        if not tables.is_used(entry):
            count = u64(1)
            for upper in irange(level, tables.last_level - 1):
                if is_first or start & ((u64(1) << tables.shift(upper)) - 1) == 0:
                    count += 1
            return count
        assert tables.is_table(entry)
        table = tables.target(entry)
    place = tables.entry_at(table, start, tables.last_level)
    for page in irange((end - start) // PAGE_SIZE):
        if tables.is_used(memory.read64(place + page * 8)):
            return Status.ALREADY_MAPPED
    return u64(0)


@hot
def map_in_table(
    memory: TableMemory, frames: Frames, root: u64, start: u64, end: u64, frame: u64, flags: MappingFlags
) -> u64:
    """Map pages, where nothing is, to frames in a row. There are frames for the tables."""
    stop = table_end(memory, start, end)
    link = make_tables(memory, frames, root, start)
    assert not isinstance(link, Status)
    put_pages(memory, link, start, (stop - start) // PAGE_SIZE, frame, flags)
    return stop


@hot
def protect_in_table(memory: TableMemory, root: u64, asid: u16, start: u64, end: u64, flags: MappingFlags) -> u64:
    """Change the flags of pages that are all mapped; their frames stay."""
    assert not invalid_in_space(flags)
    tables = memory.page_format
    stop = table_end(memory, start, end)
    table = tables.target(memory.read64(_link_to(memory, root, start)))
    place = tables.entry_at(table, start, tables.last_level)
    for page in irange((stop - start) // PAGE_SIZE):
        entry = memory.read64(place + page * 8)
        assert tables.is_page(entry)
        memory.write64(place + page * 8, tables.page_entry(tables.target(entry), flags))
    _forget(memory, asid, start, stop)
    return stop


@hot
def unmap_in_table(memory: TableMemory, frames: Frames, root: u64, asid: u16, start: u64, end: u64) -> u64:
    """Unmap pages that are all mapped, and free the tables that nothing else needs.

    A table that maps nothing else is taken off as it is. It is freed when the TLB has forgotten the way to it.
    """
    tables = memory.page_format
    stop = table_end(memory, start, end)
    link = _link_to(memory, root, start)
    entry = memory.read64(link)
    pages = (stop - start) // PAGE_SIZE
    left = tables.used(entry) - pages
    if left == 0:
        path = _path(memory, root, start)
        assert path.link == link
        cut = _cut_off(memory, path)
        _forget(memory, asid, start, stop)
        _free_tables(memory, frames, cut, path)
        return stop
    table = tables.target(entry)
    place = tables.entry_at(table, start, tables.last_level)
    for page in irange(pages):
        assert tables.is_page(memory.read64(place + page * 8))
        memory.write64(place + page * 8, u64(0))
    memory.write64(link, tables.table_entry(table, left))
    _forget(memory, asid, start, stop)
    return stop


@hot
def _path(memory: TableMemory, root: u64, start: u64) -> Path:
    tables = memory.page_format
    address, table, link, last, cut, top, above = start, root, u64(0), u64(0), u64(0), u64(0), u64(0)
    for level in irange(tables.last_level):
        if cut == 0:
            above, top = link, level
        here = tables.entry_at(table, address, level)
        link = _next_used(memory, here)
        entry = memory.read64(link)
        if link != here:
            address = ((address >> tables.shift(level)) + (link - here) // 8) << tables.shift(level)
        assert tables.is_table(entry)
        if cut == 0:
            cut = link
        table, last = tables.target(entry), level + 1
        used = tables.used(entry)
        if used == 0:
            break
        if last < tables.last_level and used > 1:
            cut = u64(0)
    return Path(address, link, last, cut, top, above)


def _next_used(memory: TableMemory, place: u64) -> u64:
    """Where the first used entry of a table stands, from one of its entries on."""
    at = place
    while not memory.page_format.is_used(memory.read64(at)):
        at += 8
        assert not is_page_aligned(at), "a table leads nowhere"
    return at


def _link_to(memory: TableMemory, root: u64, address: u64) -> u64:
    """Where the entry stands that leads to the last table on the way to a page that is mapped."""
    link = entry_of(memory, root, address, memory.page_format.last_level - 1)
    assert not isinstance(link, Status) and memory.page_format.is_table(memory.read64(link))
    return link


def _cut_off(memory: TableMemory, path: Path) -> u64:
    """Let nothing lead to the tables that a table of the last level alone keeps; the entry that led to them."""
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
    """Find the next table of pages; or where one is, free the space's own pages among its next few, and the tables that
    led to these alone. Both at once would be too long a step.

    There is a page or a table at the address or behind it. The TLB has forgotten the space.
    """
    tables = memory.page_format
    path = _path(memory, root, start)
    if path.address > start:
        return path.address
    entry = memory.read64(path.link)
    table, left, at = tables.target(entry), tables.used(entry), path.address
    if left > 0:
        here = tables.entry_at(table, at, tables.last_level)
        place = _next_used(memory, here)
        at += (place - here) // 8 * PAGE_SIZE
        for _ in irange(RELEASED_AT_ONCE):
            page = memory.read64(place)
            if tables.is_used(page):
                left -= 1
                if tables.flags(page) & MappingFlags.OWNED:
                    frames.free(tables.target(page))
            place += 8
            at += PAGE_SIZE
            if left == 0:
                break
            assert not is_page_aligned(place), "a table leads to less than it counts"
    if left > 0:
        memory.write64(path.link, tables.table_entry(table, left))
    else:
        _free_tables(memory, frames, _cut_off(memory, path), path)
    return at
