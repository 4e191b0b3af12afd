"""Loading an image into a new address space: all checks, then all effects, and a full rollback if one fails."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tyrne.hal.board import Board
from tyrne.hal.descriptors import PAGE_SIZE, USER_LIMIT, MappingFlags, is_page_aligned
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.address_space import (
    AddressSpace,
    SpaceError,
    cap_create_address_space,
    cap_map,
    destroy_space,
    space_named,
)
from tyrne.kernel.arena import Arena
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle
from tyrne.kernel.frames import FrameRange, Frames
from tyrne.kernel.image import Image, Segment
from tyrne.kernel.page_table import MapError, tables_for
from tyrne.lang import irange, saturating_add, saturating_mul, u64


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
    cause: CapError | SpaceError | MapError | None = None
    wanted: u64 = u64(0)
    limit: u64 = u64(0)


@dataclass(frozen=True)
class LoadedImage:
    """What a task needs to start in its new address space."""

    space: CapHandle
    base: u64
    entry: u64
    stack_top: u64
    image_bytes: u64
    stack_bytes: u64


def load_image(
    board: Board,
    frames: Frames,
    spaces: Arena[AddressSpace],
    table: CapTable,
    parent: CapHandle,
    rights: Rights,
    image: Image,
) -> LoadedImage | LoadFailure:
    """Copy an image and map a zeroed stack, in an address space made by the authority of `parent`."""
    refusal = _check(frames, table, parent, image)
    if refusal is not None:
        return refusal
    made = cap_create_address_space(board, frames, spaces, table, parent, rights)
    if not isinstance(made, CapHandle):
        return LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, made)
    failure = _fill(board, frames, spaces, table, made, image)
    if failure is not None:
        _roll_back(board, frames, spaces, table, made)
        return failure
    board.code_written()
    return LoadedImage(
        made, image.base(), image.entry, image.stack_end(), image.bytes(), image.stack_pages * PAGE_SIZE
    )


def _check(frames: Frames, table: CapTable, parent: CapHandle, image: Image) -> LoadFailure | None:
    """Everything that can be known before the first change."""
    if image.bytes() == 0:
        return LoadFailure(LoadError.INVALID_IMAGE)
    if image.stack_pages == 0:
        return LoadFailure(LoadError.INVALID_STACK_SIZE)
    for i in irange(image.segment_count):
        address = image.segments[i].address
        if not is_page_aligned(address):
            return LoadFailure(LoadError.MISALIGNED_IMAGE_BASE, None, address)
    named = space_named(table, parent)
    if isinstance(named, CapError):
        return LoadFailure(LoadError.INVALID_PARENT_CAP, named)
    if not _fits_user_space(image):
        return LoadFailure(LoadError.INVALID_IMAGE_BASE, None, image.base(), image.stack_end())
    needed = _frames_needed(image)
    if needed > frames.available():
        return LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, needed, frames.available())
    for i in irange(image.segment_count):
        segment = image.segments[i]
        if frames.may_yield(FrameRange(segment.source, saturating_add(segment.source, segment.length))):
            return LoadFailure(LoadError.IMAGE_OVERLAPS_ALLOCATABLE_MEMORY)
    return None


def _fits_user_space(image: Image) -> bool:
    """Whether the segments, then the stack, follow each other without overlap up to the user limit."""
    end = u64(0)
    for i in irange(image.segment_count):
        segment = image.segments[i]
        if segment.address < end or segment.length > segment.memory_length:
            return False
        end = saturating_add(segment.address, saturating_mul(segment.pages(), PAGE_SIZE))
    return end <= image.stack_base and is_page_aligned(image.stack_base) and image.stack_end() <= USER_LIMIT


def _frames_needed(image: Image) -> u64:
    """The root, the pages of the image and its stack, and the tables on the way to them."""
    needed = 1 + image.pages() + image.stack_pages
    below = u64(0)
    for i in irange(image.segment_count):
        segment = image.segments[i]
        end = segment.address + segment.pages() * PAGE_SIZE
        if segment.address < end:
            needed += tables_for(segment.address, end, below)
            below = end - 1
    return needed + tables_for(image.stack_base, image.stack_end(), below)


def _fill(
    board: Board,
    frames: Frames,
    spaces: Arena[AddressSpace],
    table: CapTable,
    space: CapHandle,
    image: Image,
) -> LoadFailure | None:
    """Map the segments and a zeroed stack."""
    for i in irange(image.segment_count):
        failure = _fill_segment(board, frames, spaces, table, space, image.segments[i])
        if failure is not None:
            return failure
    length = image.stack_end() - image.stack_base
    stack = Segment(image.stack_base, MappingFlags.USER | MappingFlags.WRITE, memory_length=length)
    return _fill_segment(board, frames, spaces, table, space, stack)


def _fill_segment(
    board: Board,
    frames: Frames,
    spaces: Arena[AddressSpace],
    table: CapTable,
    space: CapHandle,
    segment: Segment,
) -> LoadFailure | None:
    """Map the pages of a segment to new frames that hold its bytes; what lies past them stays zero."""
    for page in irange(segment.pages()):
        frame = frames.allocate(board)
        if frame is None:
            return LoadFailure(LoadError.OUT_OF_FRAMES)
        offset = page * PAGE_SIZE
        if offset < segment.length:
            rest = segment.length - offset
            board.copy(frame, segment.source + offset, rest if rest < PAGE_SIZE else PAGE_SIZE)
        refusal = cap_map(board, frames, spaces, table, space, segment.address + offset, frame, segment.flags)
        if refusal is not None:
            frames.free(frame)
            return LoadFailure(LoadError.MAP_FAILED, refusal)
    return None


def _roll_back(
    board: Board, frames: Frames, spaces: Arena[AddressSpace], table: CapTable, space: CapHandle
) -> None:
    """Free the address space with all that it maps, and the capability that was made for it."""
    named = space_named(table, space)
    assert isinstance(named, AddressSpaceHandle)
    destroy_space(board, frames, spaces, named)
    table.cap_drop(space)
