"""Walking one address space's page tables, and mapping one page.

What an entry looks like, and how many levels there are, is the board's `page_format`. Pages are mapped by tables of the
last level, blocks by those of the level above. Each entry that leads to a table counts the used entries of it; the
root, to which none leads, is not counted. Nothing here touches the TLB.
"""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import Status
from tyrne.hal.board import TableMemory
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, forbidden, is_page_aligned, page_of
from tyrne.kernel.frames import Frames
from tyrne.lang import hot, inline, irange, saturating_add, u64


@dataclass(frozen=True)
class Mapping:
    """Where a page leads, the physical address of its frame, and how."""

    frame: u64
    flags: MappingFlags


def check_pages(memory: TableMemory, start: u64, end: u64) -> Status | None:
    """User pages are aligned and lie below the user limit; the first page is never mapped, so null faults."""
    if not is_page_aligned(start):
        return Status.MISALIGNED_ADDRESS
    if start < PAGE_SIZE or end > memory.page_format.user_limit:
        return Status.OUT_OF_RANGE
    return None


def invalid_in_space(flags: MappingFlags) -> bool:
    """Whether no page of an address space may have these flags: those that no mapping may have, and two more.

    A global page would be found in the TLB by every other space, and outlive its own. What the kernel executes lies in
    its own half.
    """
    kernel_code = bool(flags & MappingFlags.EXECUTE) and not flags & MappingFlags.USER
    return forbidden(flags) or bool(flags & MappingFlags.GLOBAL) or kernel_code


@hot
def entry_of(memory: TableMemory, root: u64, address: u64, level: u64) -> u64 | Status:
    """Where the entry of a level for an address stands, whose tables above are all there."""
    tables = memory.page_format
    table = root
    for above in irange(level):
        entry = memory.read64(tables.entry_at(table, address, above))
        if not tables.is_table(entry):
            return Status.NOT_MAPPED
        table = tables.target(entry)
    return tables.entry_at(table, address, level)


@inline
def make_tables(memory: TableMemory, frames: Frames, root: u64, last: u64, address: u64) -> u64 | Status:
    """Where the entry stands that leads to the table of level `last` on the way to an address. Missing tables are made.

    OUT_OF_FRAMES leaves those that were made; ALREADY_MAPPED: something that is no table is in the way.
    """
    tables = memory.page_format
    table, link = root, u64(0)
    for level in irange(last):
        above = link
        link = tables.entry_at(table, address, level)
        entry = memory.read64(link)
        if not tables.is_used(entry):
            made = frames.allocate(memory)
            if made is None:
                return Status.OUT_OF_FRAMES
            memory.table_zeroed()
            entry = tables.table_entry(made, u64(0))
            memory.write64(link, entry)
            if above != 0:
                upper = memory.read64(above)
                memory.write64(above, tables.table_entry(table, tables.used(upper) + 1))
        elif not tables.is_table(entry):
            return Status.ALREADY_MAPPED
        table = tables.target(entry)
    return link


def map_page(
    memory: TableMemory, frames: Frames, root: u64, address: u64, frame: u64, flags: MappingFlags
) -> Status | None:
    """Map a page to a frame, taking frames for tables as needed; the page's own entry is written last.

    After a refusal nothing is mapped at the address and the frame is still the caller's; tables that were made on
    the way stay in the address space.
    """
    refusal = check_pages(memory, address, saturating_add(address, PAGE_SIZE))
    if refusal is not None:
        return refusal
    if invalid_in_space(flags):
        return Status.INVALID_FLAGS
    tables = memory.page_format
    link = make_tables(memory, frames, root, tables.last_level, address)
    if isinstance(link, Status):
        return link
    entry = memory.read64(link)
    table = tables.target(entry)
    place = tables.entry_at(table, address, tables.last_level)
    if tables.is_used(memory.read64(place)):
        return Status.ALREADY_MAPPED
    memory.write64(place, tables.page_entry(frame, flags))
    memory.write64(link, tables.table_entry(table, tables.used(entry) + 1))
    return None


def translate(memory: TableMemory, root: u64, address: u64) -> Mapping | Status:
    """Where the page of an address leads, by itself or in a block, as the CPU's own walk finds it. Changes nothing."""
    tables = memory.page_format
    if address >= tables.user_limit:
        return Status.NOT_MAPPED
    table = root
    for level in irange(tables.last_level + 1):
        entry = memory.read64(tables.entry_at(table, address, level))
        if tables.maps(entry, level):
            page = page_of(address % (u64(1) << tables.shift(level)))
            return Mapping(tables.target(entry) + page, tables.flags(entry))
        if not tables.is_table(entry):
            return Status.NOT_MAPPED
        table = tables.target(entry)
    return Status.NOT_MAPPED
