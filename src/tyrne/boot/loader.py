"""Loading an image into a new address space: all checks, then all effects, and a full rollback if one fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.abi import CapHandle, CapKind, Rights, Status, pack_handle
from tyrne.hal.board import B, TableMemory
from tyrne.hal.image import Image, Segment
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, is_page_aligned
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.authority import space_at
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, QuotaHandle
from tyrne.kernel.creation import make_object, quota_of
from tyrne.kernel.deletion import cap_drop, reap_some
from tyrne.kernel.frames import FrameRange
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.page_table import map_page
from tyrne.kernel.quota import FRAMES
from tyrne.lang import cold, irange, saturating_add, saturating_mul, u64


class LoadError(Enum):
    """Why an image was not loaded."""

    INVALID_IMAGE = 1
    INVALID_STACK_SIZE = 2
    MISALIGNED_IMAGE_BASE = 3
    INVALID_PARENT_CAP = 4
    INVALID_IMAGE_BASE = 5
    FRAME_BUDGET_EXCEEDED = 6
    IMAGE_OVERLAPS_ALLOCATABLE_MEMORY = 7
    ADDRESS_SPACE_CREATION_FAILED = 8
    OUT_OF_FRAMES = 9
    MAP_FAILED = 10


@dataclass(frozen=True)
class LoadFailure:
    """An error with what it depends on.

    `wanted` and `limit` are: the misaligned base and 0; an image's base and its end; frames needed and available.
    """

    error: LoadError
    cause: Status | None = None
    wanted: u64 = u64(0)
    limit: u64 = u64(0)


@dataclass(frozen=True)
class LoadedImage:
    """What a task needs to start in its new address space: a capability over it, user addresses, lengths in bytes.

    `base` is the lowest address of the image, `stack_top` one past the stack's highest byte. `image_bytes` is what was
    copied: without the zeros that fill up segments.
    """

    space: CapHandle
    base: u64
    entry: u64
    stack_top: u64
    image_bytes: u64
    stack_bytes: u64


@cold
def load_image(
    kernel: Kernel[B], table: CapTable, parent: CapHandle, rights: Rights, image: Image
) -> LoadedImage | LoadFailure:
    """Copy an image and map a zeroed stack, in an address space made at the expense of the quota `parent`."""
    failure = _check(kernel, table, parent, image)
    if failure is not None:
        return failure
    made = create_space(kernel, table, parent, rights)
    if isinstance(made, Status):
        return LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, made)
    slot = table.resolve(made)
    assert slot is not None
    failure = _fill(kernel, space_at(slot), image)
    if failure is not None:
        refused = cap_drop(kernel, table, made)
        assert refused is None
        life = kernel.ending.top
        while life is not None:
            reap_some(kernel, life)
            life = kernel.ending.top
        return failure
    kernel.board.tables_written()
    return LoadedImage(made, image.base(), image.entry, image.stack_end(), image.bytes(), image.stack_pages * PAGE_SIZE)


def create_space(kernel: Kernel[B], table: CapTable, parent: CapHandle, rights: Rights) -> CapHandle | Status:
    """An empty address space at the expense of a quota."""
    payer = table.check_derive(parent, Rights.NONE)
    if isinstance(payer, Status):
        return payer
    quota = quota_of(table, pack_handle(parent))
    if isinstance(quota, Status):
        return quota
    origin = make_object(kernel, payer, quota, CapKind.ADDRESS_SPACE, u64(0))
    if isinstance(origin, Status):
        return origin
    return table.insert(Capability(rights, origin.held().object), origin)


def _check(kernel: Kernel[B], table: CapTable, parent: CapHandle, image: Image) -> LoadFailure | None:
    """Everything that can be known before the first change."""
    if image.bytes() == 0:
        return LoadFailure(LoadError.INVALID_IMAGE)
    if image.stack_pages == 0:
        return LoadFailure(LoadError.INVALID_STACK_SIZE)
    for i in irange(image.segment_count):
        address = image.segments[i].address
        if not is_page_aligned(address):
            return LoadFailure(LoadError.MISALIGNED_IMAGE_BASE, None, address)
    named = table.lookup(parent)
    if named is None:
        return LoadFailure(LoadError.INVALID_PARENT_CAP, Status.INVALID_HANDLE)
    paying = named.object
    if not isinstance(paying, QuotaHandle):
        return LoadFailure(LoadError.INVALID_PARENT_CAP, Status.WRONG_KIND)
    if not _fits_user_space(image, kernel.board.page_format.user_limit):
        return LoadFailure(LoadError.INVALID_IMAGE_BASE, None, image.base(), image.stack_end())
    needed = _frames_needed(kernel.board, image)
    limit = min(kernel.frames.available(), paying.at.claims[FRAMES])
    if needed > limit:
        return LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, needed, limit)
    for i in irange(image.segment_count):
        segment = image.segments[i]
        if kernel.frames.may_yield(FrameRange(segment.source, saturating_add(segment.source, segment.length))):
            return LoadFailure(LoadError.IMAGE_OVERLAPS_ALLOCATABLE_MEMORY)
    return None


def _fits_user_space(image: Image, limit: u64) -> bool:
    """Whether the segments, then the stack, follow each other without overlap up to a limit."""
    end = u64(0)
    for i in irange(image.segment_count):
        segment = image.segments[i]
        if segment.address < end or segment.length > segment.memory_length:
            return False
        end = saturating_add(segment.address, saturating_mul(segment.pages(), PAGE_SIZE))
    return end <= image.stack_base and is_page_aligned(image.stack_base) and image.stack_end() <= limit


def _frames_needed(memory: TableMemory, image: Image) -> u64:
    """The root, the pages of the image and its stack, and the tables on the way to them."""
    needed = 1 + image.pages() + image.stack_pages
    below = u64(0)
    for i in irange(image.segment_count):
        segment = image.segments[i]
        end = segment.address + segment.pages() * PAGE_SIZE
        if segment.address < end:
            needed += tables_for(memory, segment.address, end, below)
            below = end - 1
    return needed + tables_for(memory, image.stack_base, image.stack_end(), below)


def tables_for(memory: TableMemory, start: u64, end: u64, below: u64) -> u64:
    """How many tables below the root the pages of [start, end) can take.

    `below` is the last address that was counted before, no higher than `start`: tables that lead to it as well are
    not counted again. 0 when nothing was.
    """
    if start >= end:
        return u64(0)
    count = u64(0)
    for level in irange(memory.page_format.last_level):
        shift = memory.page_format.shift(level)
        first = start >> shift
        count += ((end - 1) >> shift) - first
        if below == 0 or below >> shift != first:
            count += 1
    return count


def _fill(kernel: Kernel[B], space: AddressSpace, image: Image) -> LoadFailure | None:
    """Map the segments and a zeroed stack. What a failure leaves behind goes with the space."""
    for i in irange(image.segment_count):
        failure = _fill_segment(kernel, space, image.segments[i])
        if failure is not None:
            return failure
    length = image.stack_end() - image.stack_base
    stack = Segment(image.stack_base, MappingFlags.USER | MappingFlags.WRITE, memory_length=length)
    return _fill_segment(kernel, space, stack)


def _fill_segment(kernel: Kernel[B], space: AddressSpace, segment: Segment) -> LoadFailure | None:
    """Map the pages of a segment to new frames that hold its bytes; what lies past them stays zero."""
    frames = kernel.frames
    for page in irange(segment.pages()):
        before = frames.allocated
        frame = frames.allocate(kernel.board)
        if frame is None:
            return LoadFailure(LoadError.OUT_OF_FRAMES)
        offset = page * PAGE_SIZE
        if offset < segment.length:
            kernel.board.copy(frame, segment.source + offset, min(segment.length - offset, PAGE_SIZE))
        if segment.flags & MappingFlags.EXECUTE:
            kernel.board.code_written(frame, PAGE_SIZE)
        flags = segment.flags | MappingFlags.OWNED
        refusal = map_page(kernel.board, frames, space.root, segment.address + offset, frame, flags)
        if refusal is not None:
            frames.free(frame)
        _charge(space, frames.allocated - before)
        if refusal is not None:
            return LoadFailure(LoadError.MAP_FAILED, refusal)
    return None


def _charge(space: AddressSpace, count: u64) -> None:
    """Let the quota that pays for a space pay for frames that it has just taken."""
    payer = space.life.payer
    assert payer is not None
    payer.take(FRAMES, count)
    space.frames += count
