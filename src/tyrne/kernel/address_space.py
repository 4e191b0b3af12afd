"""Address spaces as kernel objects, and the operations on them that a capability allows."""

from __future__ import annotations

from enum import Enum

from tyrne.hal.board import Board, PhysicalMemory
from tyrne.hal.descriptors import MappingFlags
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.arena import Arena, SlotId
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.frames import Frames
from tyrne.kernel.page_table import MapError, Mapping, map_page, release_tables, translate, unmap_page
from tyrne.lang import u16, u64


class AddressSpace:
    """A tree of translation tables that the kernel owns, and the tag of its TLB entries."""

    def __init__(self) -> None:
        self.root: u64 = u64(0)
        self.asid: u16 = u16(0)

    def begin(self, slot: SlotId, root: u64) -> None:
        """Start with a zeroed root table; the tag is the slot's own, never 0."""
        self.root = root
        self.asid = slot.index + 1

    def translate(self, memory: PhysicalMemory, address: u64) -> Mapping | MapError:
        return translate(memory, self.root, address)


class SpaceError(Enum):
    """Why an operation on an address space was refused, capabilities and mappings aside."""

    ARENA_FULL = 1
    STALE_HANDLE = 2
    OUT_OF_FRAMES = 3
    FOREIGN_FRAME = 4
    """The frame is none that was allocated: mapping it would expose the kernel or a device."""


def space_named(table: CapTable, handle: CapHandle) -> AddressSpaceHandle | CapError:
    """What a capability over an address space names. The kind is the authority: no right is needed."""
    capability = table.lookup(handle)
    if capability is None:
        return CapError.INVALID_HANDLE
    named = capability.object
    return named if isinstance(named, AddressSpaceHandle) else CapError.WRONG_KIND


def resolve_space(
    spaces: Arena[AddressSpace], table: CapTable, handle: CapHandle
) -> AddressSpace | SpaceError | CapError:
    """The living address space that a handle names."""
    named = space_named(table, handle)
    if isinstance(named, CapError):
        return named
    space = spaces.get(named.slot)
    return SpaceError.STALE_HANDLE if space is None else space


def cap_create_address_space(
    memory: PhysicalMemory,
    frames: Frames,
    spaces: Arena[AddressSpace],
    table: CapTable,
    parent: CapHandle,
    rights: Rights,
) -> CapHandle | SpaceError | CapError:
    """Make an empty address space by the authority over another one; the new capability is its child."""
    named = space_named(table, parent)
    if isinstance(named, CapError):
        return named
    refusal = table.check_derive(parent, rights)
    if refusal is not None:
        return refusal
    if spaces.is_full():
        return SpaceError.ARENA_FULL
    if table.is_full():
        return CapError.CAPS_EXHAUSTED
    root = frames.allocate(memory)
    if root is None:
        return SpaceError.OUT_OF_FRAMES
    slot = spaces.allocate()
    assert slot is not None
    spaces.items[slot.index].begin(slot, root)
    return table.derive_object(parent, rights, AddressSpaceHandle(slot))


def cap_map(
    board: Board,
    frames: Frames,
    spaces: Arena[AddressSpace],
    table: CapTable,
    handle: CapHandle,
    address: u64,
    frame: u64,
    flags: MappingFlags,
) -> SpaceError | CapError | MapError | None:
    """Map a page of an address space to an allocated frame.

    The frame must be the caller's own: that it is allocated keeps the kernel and devices out, not other tasks' memory
    or translation tables. So no system call leads here.
    """
    space = resolve_space(spaces, table, handle)
    if not isinstance(space, AddressSpace):
        return space
    if not frames.is_allocated(frame):
        return SpaceError.FOREIGN_FRAME
    refusal = map_page(board, frames, space.root, address, frame, flags)
    if refusal is not None:
        return refusal
    board.tables_written()
    return None


def cap_unmap(
    board: Board, spaces: Arena[AddressSpace], table: CapTable, handle: CapHandle, address: u64
) -> u64 | SpaceError | CapError | MapError:
    """Unmap a page of an address space; returns the frame that it led to."""
    space = resolve_space(spaces, table, handle)
    if not isinstance(space, AddressSpace):
        return space
    frame = unmap_page(board, space.root, address)
    if not isinstance(frame, MapError):
        board.invalidate_page(space.asid, address)
    return frame


def destroy_space(board: Board, frames: Frames, spaces: Arena[AddressSpace], handle: AddressSpaceHandle) -> bool:
    """Free an address space with everything that it maps; false when it is gone already."""
    space = spaces.get(handle.slot)
    if space is None:
        return False
    release_tables(board, frames, space.root)
    space.root = u64(0)
    board.invalidate_space(space.asid)
    return spaces.free(handle.slot)
