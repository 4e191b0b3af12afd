"""Spec 6.5: operations on address spaces through capabilities, one test for each check in its order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kernel.spaces import USER_CODE, USER_DATA, Spaces
from kernel.support import ALL, BASE, PAGE, RAM, endpoint_object, fill, handle, insert, space_object
from tyrne.hal.descriptors import BLOCK_SIZE, MappingFlags, block_descriptor
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.address_space import SpaceError
from tyrne.kernel.capability import Capability
from tyrne.kernel.page_table import MapError, Mapping
from tyrne.lang import u64

R = Rights


def refused(world: Spaces, error: object, parent: CapHandle, rights: Rights = R.NONE) -> None:
    before = world.everything()
    assert world.create(parent, rights) is error
    assert world.everything() == before


# --- cap_create_address_space


def test_spec_6_5_create_with_an_unresolved_parent_is_invalid_handle() -> None:
    refused(Spaces(), CapError.INVALID_HANDLE, handle(0, 1))


def test_spec_6_5_create_with_a_parent_of_another_kind_is_wrong_kind_even_without_derive() -> None:
    world = Spaces()
    refused(world, CapError.WRONG_KIND, insert(world.table, R.NONE, endpoint_object()))


def test_spec_6_5_create_without_derive_is_insufficient_rights() -> None:
    world = Spaces()
    refused(world, CapError.INSUFFICIENT_RIGHTS, insert(world.table, R(0xFD), space_object()), ALL)


def test_spec_6_5_create_with_more_rights_than_the_parent_is_widened_rights() -> None:
    world = Spaces()
    refused(world, CapError.WIDENED_RIGHTS, insert(world.table, R.DERIVE, space_object()), R.DERIVE | R.SEND)


def test_spec_6_5_create_below_depth_16_is_derivation_too_deep_and_takes_no_frame() -> None:
    world = Spaces(slots=20)
    parent = world.authority
    for _ in range(16):
        made = world.table.cap_derive(parent, ALL)
        assert isinstance(made, CapHandle)
        parent = made
    while not world.spaces.is_full():
        world.spaces.allocate()
    refused(world, CapError.DERIVATION_TOO_DEEP, parent)  # before the arena


def test_spec_6_5_create_with_a_full_arena_is_arena_full() -> None:
    world = Spaces()
    while not world.spaces.is_full():
        world.spaces.allocate()
    fill(world.table)
    refused(world, SpaceError.ARENA_FULL, world.authority)  # before the table


def test_spec_6_5_create_with_a_full_table_is_caps_exhausted() -> None:
    world = Spaces()
    fill(world.table)
    world.frames.left = 0
    refused(world, CapError.CAPS_EXHAUSTED, world.authority)  # before the first allocation


def test_spec_6_5_create_without_a_free_frame_is_out_of_frames() -> None:
    world = Spaces()
    world.frames.left = 0
    refused(world, SpaceError.OUT_OF_FRAMES, world.authority)


def test_spec_6_5_create_takes_one_zeroed_frame_and_mints_a_child_of_the_parent() -> None:
    world = Spaces()
    free = world.frames.available()
    made = world.create(rights=R.DERIVE | R.REVOKE)
    assert isinstance(made, CapHandle)
    assert world.frames.available() == free - 1
    assert world.table.lookup(made) == Capability(R.DERIVE | R.REVOKE, space_object(1))
    assert world.table.slots[made.index].parent is world.table.slots[world.authority.index]
    assert world.table.depth_of(made) == 1
    assert world.board.get(world.space(made).root, PAGE) == bytes(PAGE)
    assert world.space(made) is not world.space(world.authority)


def test_spec_6_5_revoking_the_parent_takes_the_capability_of_the_created_space() -> None:
    world = Spaces()
    made = world.created()
    assert world.table.cap_revoke(world.authority) is None
    assert world.map(made, world.frame()) is CapError.INVALID_HANDLE


# --- cap_map and cap_unmap

Operation = Callable[[Spaces, CapHandle], object]
BOTH = pytest.mark.parametrize(
    "operate", [lambda world, cap: world.map(cap, RAM), lambda world, cap: world.unmap(cap)], ids=["map", "unmap"]
)


@BOTH
def test_spec_6_5_map_and_unmap_with_an_unresolved_handle_are_invalid_handle(operate: Operation) -> None:
    world = Spaces()
    before = world.everything()
    assert operate(world, handle(0, 7)) is CapError.INVALID_HANDLE
    assert world.everything() == before


@BOTH
def test_spec_6_5_map_and_unmap_with_another_kind_are_wrong_kind(operate: Operation) -> None:
    world = Spaces()
    named = insert(world.table)
    before = world.everything()
    assert operate(world, named) is CapError.WRONG_KIND
    assert world.everything() == before


@BOTH
def test_spec_6_5_map_and_unmap_of_a_destroyed_space_are_stale_handle(operate: Operation) -> None:
    world = Spaces()
    named = insert(world.table, ALL, space_object(0, 1))
    before = world.everything()
    assert operate(world, named) is SpaceError.STALE_HANDLE
    assert world.everything() == before


def test_spec_6_5_map_needs_no_right_installs_exactly_one_page_and_makes_it_visible() -> None:
    world = Spaces()
    made = world.created()
    frame = world.frame()
    world.board.events.clear()
    assert world.map(made, frame) is None
    space = world.space(made)
    assert space.translate(world.board, u64(BASE)) == Mapping(frame, USER_DATA)
    assert space.translate(world.board, u64(BASE + PAGE)) is MapError.NOT_MAPPED
    assert space.translate(world.board, u64(BASE - PAGE)) is MapError.NOT_MAPPED
    assert world.board.events == [("tables_written",)]


def test_spec_6_5_map_passes_the_errors_of_the_mapping_through() -> None:
    world = Spaces()
    made = world.created()
    frame = world.frame()
    assert world.map(made, frame, BASE + 1) is MapError.MISALIGNED_ADDRESS
    assert world.map(made, frame, BASE, USER_DATA | USER_CODE) is MapError.INVALID_FLAGS
    assert world.map(made, frame, 0) is MapError.OUT_OF_RANGE
    assert world.map(made, frame) is None
    assert world.map(made, frame) is MapError.ALREADY_MAPPED


def test_spec_6_5_map_that_runs_out_of_frames_on_the_walk_maps_nothing_and_keeps_the_frame() -> None:
    for left in range(3):
        world = Spaces()
        made = world.created()
        frame = world.frame()
        world.frames.left = left
        assert world.map(made, frame) is MapError.OUT_OF_FRAMES
        assert world.space(made).translate(world.board, u64(BASE)) is MapError.NOT_MAPPED
        assert world.frames.is_allocated(frame)


def test_spec_6_5_a_block_in_the_way_is_already_mapped_for_map_and_block_mapped_for_unmap() -> None:
    world = Spaces()
    made = world.created()
    frame = world.frame()
    assert world.map(made, frame, BASE) is None
    table = world.space(made).root
    for level in range(2):
        table = world.board.read64(table + (BASE >> (39 - 9 * level) & 511) * 8) & 0xFFFF_F000
    block = BASE + int(BLOCK_SIZE)
    world.board.write64(table + (block >> 21 & 511) * 8, block_descriptor(u64(RAM), USER_DATA))
    assert world.map(made, frame, block + PAGE) is MapError.ALREADY_MAPPED
    assert world.unmap(made, block + PAGE) is MapError.BLOCK_MAPPED
    assert world.space(made).translate(world.board, u64(block)) is MapError.BLOCK_MAPPED


@pytest.mark.parametrize(
    "frame",
    [RAM, RAM + 3 * PAGE, RAM - PAGE, RAM + 64 * PAGE, RAM + 40 * PAGE, 0, 0x0900_0000, 2**64 - PAGE],
    ids=["reserved", "last reserved", "below RAM", "above RAM", "free", "zero", "device", "top"],
)
def test_spec_6_5_map_of_a_frame_that_was_not_allocated_is_refused(frame: int) -> None:
    world = Spaces()
    made = world.created()
    before = world.everything()
    assert world.map(made, frame) is SpaceError.FOREIGN_FRAME
    assert world.map(made, frame + 8 if frame < 2**63 else frame + 1) is SpaceError.FOREIGN_FRAME
    assert world.everything() == before


def test_spec_6_5_unmap_returns_the_frame_and_flushes_exactly_that_page_of_that_space() -> None:
    world = Spaces()
    made = world.created()
    frame = world.frame()
    assert world.map(made, frame) is None
    world.board.events.clear()
    assert world.unmap(made) == frame
    assert world.board.events == [("invalidate_page", int(world.space(made).asid), BASE)]
    assert world.space(made).translate(world.board, u64(BASE)) is MapError.NOT_MAPPED
    assert world.frames.is_allocated(frame)
    assert world.map(made, frame, BASE, MappingFlags.USER) is None


def test_spec_6_5_unmap_passes_the_errors_of_the_mapping_through_and_flushes_nothing() -> None:
    world = Spaces()
    made = world.created()
    assert world.map(made, world.frame()) is None
    before = world.everything()
    assert world.unmap(made, BASE + PAGE) is MapError.NOT_MAPPED
    assert world.unmap(made, BASE + (1 << 40)) is MapError.NOT_MAPPED
    assert world.unmap(made, BASE + 1) is MapError.MISALIGNED_ADDRESS
    assert world.unmap(made, 1 << 48) is MapError.OUT_OF_RANGE
    assert world.everything() == before


def test_spec_6_5_spaces_are_apart() -> None:
    world = Spaces()
    one, two = world.created(), world.created()
    assert world.map(one, world.frame()) is None
    assert world.space(two).translate(world.board, u64(BASE)) is MapError.NOT_MAPPED
    assert world.space(one).asid != world.space(two).asid
