"""Walking and changing one address space's translation tables.

Level 0 at the root, then levels 1 to 3; user pages are mapped only at level 3. Nothing here touches the TLB.
"""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import Status
from tyrne.hal.aarch64.descriptors import (
    ACCESS_FLAG,
    ENTRIES,
    OWNED_BIT,
    PAGE_ADDRESS,
    PAGE_SIZE,
    TABLE,
    USER_LIMIT,
    VALID,
    MappingFlags,
    decode_flags,
    forbidden,
    is_page_aligned,
    level_index,
    page_descriptor,
    table_descriptor,
)
from tyrne.hal.board import PhysicalMemory
from tyrne.kernel.frames import Frames
from tyrne.lang import hot, irange, u64


@dataclass(frozen=True)
class Mapping:
    """Where a page leads, the physical address of its frame, and how."""

    frame: u64
    flags: MappingFlags


def _check_page(address: u64) -> Status | None:
    """User pages are aligned and lie below the user limit; the first page is never mapped, so null faults."""
    if not is_page_aligned(address):
        return Status.MISALIGNED_ADDRESS
    if address < PAGE_SIZE or address >= USER_LIMIT:
        return Status.OUT_OF_RANGE
    return None


def invalid_in_space(flags: MappingFlags) -> bool:
    """Whether no page of an address space may have these flags: those that no mapping may have, and two more.

    A global page would be found in the TLB by every other space, and outlive its own. What the kernel executes lies in
    its own half.
    """
    if forbidden(flags) or bool(flags & MappingFlags.GLOBAL):
        return True
    return bool(flags & MappingFlags.EXECUTE) and not flags & MappingFlags.USER


@hot
def _leaf(memory: PhysicalMemory, root: u64, address: u64) -> u64 | Status:
    """The physical address of the level 3 descriptor of a page whose tables are all there."""
    table = root
    for level in irange(3):
        descriptor = memory.read64(table + level_index(address, level) * 8)
        if descriptor & VALID == 0:
            return Status.NOT_MAPPED
        if descriptor & TABLE != TABLE:
            return Status.BLOCK_MAPPED
        table = descriptor & PAGE_ADDRESS
    return table + level_index(address, u64(3)) * 8


@hot
def map_page(
    memory: PhysicalMemory, frames: Frames, root: u64, address: u64, frame: u64, flags: MappingFlags
) -> Status | None:
    """Map a page to a frame, taking frames for tables as needed; the leaf is written last.

    After a refusal nothing is mapped at the address and the frame is still the caller's; tables that were made on
    the way stay in the address space.
    """
    refusal = _check_page(address)
    if refusal is not None:
        return refusal
    if invalid_in_space(flags):
        return Status.INVALID_FLAGS
    table = root
    for level in irange(3):
        entry = table + level_index(address, level) * 8
        descriptor = memory.read64(entry)
        if descriptor & VALID == 0:
            made = frames.allocate(memory)
            if made is None:
                return Status.OUT_OF_FRAMES
            memory.write64(entry, table_descriptor(made))
            table = made
        elif descriptor & TABLE != TABLE:
            return Status.ALREADY_MAPPED
        else:
            table = descriptor & PAGE_ADDRESS
    entry = table + level_index(address, u64(3)) * 8
    if memory.read64(entry) & VALID != 0:
        return Status.ALREADY_MAPPED
    memory.write64(entry, page_descriptor(frame, flags))
    return None


def unmap_page(memory: PhysicalMemory, root: u64, address: u64) -> u64 | Status:
    """Unmap a page; the frame that it led to is the caller's again."""
    refusal = _check_page(address)
    if refusal is not None:
        return refusal
    entry = _leaf(memory, root, address)
    if isinstance(entry, Status):
        return entry
    descriptor = memory.read64(entry)
    if descriptor & TABLE != TABLE:
        return Status.NOT_MAPPED
    memory.write64(entry, u64(0))
    return descriptor & PAGE_ADDRESS


def protect_page(memory: PhysicalMemory, root: u64, address: u64, flags: MappingFlags) -> None:
    """Change the flags of a page that is mapped; its frame stays. The flags are such as `map_page` takes."""
    assert not invalid_in_space(flags)
    entry = _leaf(memory, root, address)
    assert not isinstance(entry, Status)
    memory.write64(entry, page_descriptor(memory.read64(entry), flags))


def translate(memory: PhysicalMemory, root: u64, address: u64) -> Mapping | Status:
    """Where the page of an address leads, as the CPU's own walk would find it. Changes nothing."""
    if address >= USER_LIMIT:
        return Status.NOT_MAPPED
    entry = _leaf(memory, root, address)
    if isinstance(entry, Status):
        return entry
    descriptor = memory.read64(entry)
    if descriptor & TABLE != TABLE or descriptor & ACCESS_FLAG == 0:
        return Status.NOT_MAPPED
    return Mapping(descriptor & PAGE_ADDRESS, decode_flags(descriptor))


def tables_for(start: u64, end: u64, below: u64) -> u64:
    """How many tables below the root the pages of [start, end) can take.

    `below` is the last address that was counted before, no higher than `start`: tables that lead to it as well are
    not counted again. 0 when nothing was.
    """
    if start >= end:
        return u64(0)
    count = u64(0)
    for level in irange(3):
        shift = 39 - level * 9
        first = start >> shift
        count += ((end - 1) >> shift) - first
        if below == 0 or below >> shift != first:
            count += 1
    return count


def missing_tables(memory: PhysicalMemory, root: u64, start: u64, end: u64) -> u64:
    """How many tables the mapping of the pages of [start, end) adds."""
    count = u64(0)
    for level in irange(3):
        shift = 39 - level * 9
        for index in irange(start >> shift, ((end - 1) >> shift) + 1):
            entry = _entry_at(memory, root, index << shift, level)
            if entry is None or _table_at(memory, entry) is None:
                count += 1
    return count


def prune_tables(memory: PhysicalMemory, frames: Frames, root: u64, start: u64, end: u64) -> u64:
    """Free the tables on the way to [start, end) that map nothing any more, deepest first; how many they were."""
    count = u64(0)
    for step in irange(3):
        level = 2 - step
        shift = 39 - level * 9
        for index in irange(start >> shift, ((end - 1) >> shift) + 1):
            entry = _entry_at(memory, root, index << shift, level)
            if entry is None:
                continue
            table = _table_at(memory, entry)
            if table is not None and _is_empty(memory, table):
                memory.write64(entry, u64(0))
                _release_frame(frames, table)
                count += 1
    return count


def _entry_at(memory: PhysicalMemory, root: u64, address: u64, level: u64) -> u64 | None:
    """The physical address of the descriptor of an address at a level; None when there is no table for it."""
    table = root
    for above in irange(level):
        found = _table_at(memory, table + level_index(address, above) * 8)
        if found is None:
            return None
        table = found
    return table + level_index(address, level) * 8


def is_mapped(memory: PhysicalMemory, root: u64, address: u64) -> bool:
    """Whether there is something at a page's address."""
    entry = _entry_at(memory, root, address, u64(3))
    return entry is not None and memory.read64(entry) & VALID != 0


def _is_empty(memory: PhysicalMemory, table: u64) -> bool:
    for i in irange(ENTRIES):
        if memory.read64(table + i * 8) & VALID != 0:
            return False
    return True


def release_tables(memory: PhysicalMemory, frames: Frames, root: u64) -> None:
    """Free an address space's own frames, and all its tables with the root."""
    for i in irange(ENTRIES):
        level1 = _table_at(memory, root + i * 8)
        if level1 is None:
            continue
        for j in irange(ENTRIES):
            level2 = _table_at(memory, level1 + j * 8)
            if level2 is None:
                continue
            for k in irange(ENTRIES):
                level3 = _table_at(memory, level2 + k * 8)
                if level3 is None:
                    continue
                _release_leaves(memory, frames, level3)
                _release_frame(frames, level3)
            _release_frame(frames, level2)
        _release_frame(frames, level1)
    _release_frame(frames, root)


def _table_at(memory: PhysicalMemory, entry: u64) -> u64 | None:
    descriptor = memory.read64(entry)
    return descriptor & PAGE_ADDRESS if descriptor & TABLE == TABLE else None


def _release_leaves(memory: PhysicalMemory, frames: Frames, table: u64) -> None:
    for i in irange(ENTRIES):
        descriptor = memory.read64(table + i * 8)
        if descriptor & TABLE == TABLE and descriptor & OWNED_BIT != 0:
            _release_frame(frames, descriptor & PAGE_ADDRESS)


def _release_frame(frames: Frames, frame: u64) -> None:
    refused = frames.free(frame)
    assert refused is None, "a mapped frame was not allocated"
