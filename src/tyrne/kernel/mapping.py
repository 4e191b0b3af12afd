"""Mapping the pages of a memory capability. A capability is mapped in one place at most; a copy of it, in another.

Its mapping goes when the capability does: no page outlives the authority over it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tyrne.abi import CapKind, Rights, Status, includes, rights_from_word, unpack_handle
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.hal.pages import BLOCK_PAGES, BLOCK_SIZE, PAGE_SIZE, MappingFlags, forbidden
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.authority import authorise, living_space, space_at
from tyrne.kernel.cap_slot import CapSlot, Placement
from tyrne.kernel.capability import AddressSpaceHandle, MemoryHandle
from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.effects import Effect, SyscallContext, done, handed, refuse
from tyrne.kernel.memory import Region
from tyrne.kernel.page_ranges import map_in_table, missing_tables, protect_in_table, unmap_in_table
from tyrne.kernel.page_table import check_pages
from tyrne.kernel.quota import FRAMES, pay_back
from tyrne.kernel.work import Preparation
from tyrne.lang import hot, inline, saturating_add, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

MAP_FLAGS: Final = u64(MappingFlags.WRITE | MappingFlags.EXECUTE)
"""What a caller may ask for. Its pages are always readable, and always the program's."""


def memory_at(slot: CapSlot) -> MemoryHandle:
    """What a slot that holds a memory capability names."""
    named = slot.held().object
    assert isinstance(named, MemoryHandle) and named.at.life.lasts(named.life)
    return named


def space_of(placement: Placement | None) -> AddressSpace | None:
    """The address space where pages are mapped; none if there is none, or its tables are being released."""
    space = None if placement is None else living_space(placement.space)
    return None if space is None or space.released != 0 else space


def is_placed(slot: CapSlot) -> bool:
    """Whether a memory capability is mapped."""
    return space_of(slot.placement) is not None


@inline
def level_of(kernel: Kernel[B], pages: u64) -> u64:
    """The level of the tables whose entries map so many pages: more than a small region's are mapped by blocks."""
    last = kernel.board.page_format.last_level
    return last if pages <= MAX_PIECES else last - 1


def page_flags(slot: CapSlot, region: Region, word: u64) -> MappingFlags | Status:
    """The flags of pages that are mapped by a capability as a caller asks, which needs rights over the memory."""
    if word & MAP_FLAGS != word:
        return Status.INVALID_FLAGS
    flags = MappingFlags(word & MAP_FLAGS) | MappingFlags.USER
    needed = Rights.READ
    if flags & MappingFlags.WRITE:
        needed = needed | Rights.WRITE
    if flags & MappingFlags.EXECUTE:
        needed = needed | Rights.EXECUTE
    if not includes(slot.held().rights, needed):
        return Status.INSUFFICIENT_RIGHTS
    if region.device:
        flags = flags | MappingFlags.DEVICE
    return Status.INVALID_FLAGS if forbidden(flags) else flags


def work_for(slot: CapSlot, region: Region, flags: MappingFlags) -> Preparation | None:
    """What comes before the pages of a capability may have flags: they are cleared once, and cleaned to become code."""
    ready = region.cleared == region.pages and not flags & MappingFlags.EXECUTE
    return None if ready else Preparation(slot, flags, u64(0))


def until_then(work: Preparation | None, flags: MappingFlags) -> MappingFlags | None:
    """The flags of pages; none while there is something left to do for them, and nothing is there."""
    return flags if work is None else None


@hot
def map_memory(
    kernel: Kernel[B], space: CapSlot, slot: CapSlot, address: u64, word: u64
) -> Preparation | Status | None:
    """Map all pages of a memory capability at an address. All checks come first; the commit cannot fail. What is left
    to do before the pages are the program's."""
    named = memory_at(slot)
    region = named.at
    flags = page_flags(slot, region, word)
    if isinstance(flags, Status):
        return flags
    if is_placed(slot):
        return Status.ALREADY_MAPPED
    pages = u64(named.pages)
    by_blocks = pages > MAX_PIECES
    if by_blocks and (pages % BLOCK_PAGES != 0 or region.address(u64(named.first)) % BLOCK_SIZE != 0):
        return Status.BAD_ARGUMENT
    end = saturating_add(address, pages * PAGE_SIZE)
    refused = check_pages(kernel.board, address, end)
    if refused is not None:
        return refused
    if by_blocks and address % BLOCK_SIZE != 0:
        return Status.MISALIGNED_ADDRESS
    target = space_at(space)
    home = space.held().object
    assert isinstance(home, AddressSpaceHandle)
    level = level_of(kernel, pages)
    needed = missing_tables(kernel.board, target.root, level, address, end)
    if isinstance(needed, Status):
        return needed
    if needed > 0:
        payer = target.life.payer
        if payer is None or payer.claims[FRAMES] < needed:
            return Status.QUOTA_EXCEEDED
        if kernel.frames.available() < needed:
            return Status.OUT_OF_FRAMES
        payer.take(FRAMES, needed)
        target.frames += needed
    work = work_for(slot, region, flags)
    first_flags = until_then(work, flags)
    at = address
    while at < end:
        page = u64(named.first) + (at - address) // PAGE_SIZE
        at = map_in_table(kernel.board, kernel.frames, target.root, level, at, end, region, page, first_flags)
    kernel.board.tables_written()
    slot.placement = Placement(home, address)
    return work


def prepare(kernel: Kernel[B], work: Preparation) -> Preparation | None:
    """Clear or clean the next page, or give all their flags when that is done; what is left to do then."""
    slot = work.slot
    if not is_placed(slot):
        return None
    named = memory_at(slot)
    region = named.at
    if region.cleared < region.pages:
        region.clear_next(kernel.board, kernel.frames)
        return work
    if work.flags & MappingFlags.EXECUTE and work.page < u64(named.pages):
        kernel.board.code_written(region.address(u64(named.first) + work.page), PAGE_SIZE)
        return Preparation(slot, work.flags, work.page + 1)
    protect_placed(kernel, slot, work.flags)
    return None


def protect_placed(kernel: Kernel[B], slot: CapSlot, flags: MappingFlags | None) -> None:
    """Change the flags of the pages that a memory capability maps."""
    placement = slot.placement
    space = space_of(placement)
    assert placement is not None and space is not None
    named = memory_at(slot)
    level = level_of(kernel, u64(named.pages))
    at = placement.address
    end = at + u64(named.pages) * PAGE_SIZE
    while at < end:
        page = u64(named.first) + (at - placement.address) // PAGE_SIZE
        at = protect_in_table(kernel.board, space.root, space.asid, level, at, end, named.at, page, flags)


@hot
def unmap_placed(kernel: Kernel[B], slot: CapSlot) -> None:
    """Take back the mapping of a memory capability, if it has one, and the tables that it leaves empty."""
    placement = slot.placement
    slot.placement = None
    space = space_of(placement)
    if placement is None or space is None:
        return
    at, before = placement.address, kernel.frames.allocated
    pages = u64(memory_at(slot).pages)
    level, end = level_of(kernel, pages), at + pages * PAGE_SIZE
    while at < end:
        at = unmap_in_table(kernel.board, kernel.frames, space.root, space.asid, level, at, end)
    freed = before - kernel.frames.allocated
    space.frames -= freed
    pay_back(space.life.payer, FRAMES, freed)


@hot
def placed_memory(caller: SyscallContext, call: Call) -> CapSlot | Status:
    """The memory a1, if it is mapped in the address space a0, whose holder may map in it."""
    space = authorise(caller.table, call.a0, CapKind.ADDRESS_SPACE, Rights.MAP)
    if isinstance(space, Status):
        return space
    memory = authorise(caller.table, call.a1, CapKind.MEMORY, Rights.NONE)
    if isinstance(memory, Status):
        return memory
    placement = memory.placement
    return memory if placement is not None and placement.space == space.held().object else Status.NOT_MAPPED


def map_call(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 address space, a1 memory, a2 address, a3 flags."""
    space = authorise(caller.table, call.a0, CapKind.ADDRESS_SPACE, Rights.MAP)
    if isinstance(space, Status):
        return refuse(space)
    memory = authorise(caller.table, call.a1, CapKind.MEMORY, Rights.NONE)
    if isinstance(memory, Status):
        return refuse(memory)
    work = map_memory(kernel, space, memory, call.a2, call.a3)
    if isinstance(work, Status):
        return refuse(work)
    kernel.scheduler.owe(work)
    return done()


def unmap_call(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 address space, a1 memory."""
    slot = placed_memory(caller, call)
    if isinstance(slot, Status):
        return refuse(slot)
    unmap_placed(kernel, slot)
    return done()


def protect_call(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 address space, a1 memory, a2 flags."""
    slot = placed_memory(caller, call)
    if isinstance(slot, Status):
        return refuse(slot)
    region = memory_at(slot).at
    flags = page_flags(slot, region, call.a2)
    if isinstance(flags, Status):
        return refuse(flags)
    work = work_for(slot, region, flags)
    protect_placed(kernel, slot, until_then(work, flags))
    kernel.scheduler.owe(work)
    return done()


def memory_derive(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source, a1 rights, a2 first page, a3 pages -> r1 handle."""
    slot = authorise(caller.table, call.a0, CapKind.MEMORY, Rights.NONE)
    if isinstance(slot, Status):
        return refuse(slot)
    named = memory_at(slot)
    pages = u64(named.pages)
    if call.a3 == 0 or call.a2 >= pages or call.a3 > pages - call.a2:
        return refuse(Status.OUT_OF_RANGE)
    part = MemoryHandle(named.at, named.life, u32(u64(named.first) + call.a2), u32(call.a3))
    return handed(caller.table.cap_derive(unpack_handle(call.a0), rights_from_word(call.a1), part, u64(0)))
