"""Spec 11: the known gaps of v1 that this kernel closes, one regression test for each."""

from __future__ import annotations

import pytest

from kernel.spaces import USER_DATA, Spaces, flat
from kernel.support import (
    ALL,
    BASE,
    NULL,
    PAGE,
    PANIC,
    RAM,
    STORE_FAULT,
    FakeBoard,
    booted,
    current,
    endpoint_object,
    handle,
    held,
    insert,
    managed,
    slot_id,
    space_object,
    system_call,
    task_record,
)
from tyrne.hal.descriptors import MappingFlags, page_descriptor
from tyrne.hal.frame import Vector
from tyrne.kernel.abi import CapError, CapHandle, Rights
from tyrne.kernel.address_space import SpaceError, destroy_space
from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.boot import start_spaces
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, DebugConsole
from tyrne.kernel.frames import FrameError, FrameRange, Frames
from tyrne.kernel.loader import LoadedImage, LoadFailure
from tyrne.kernel.notification import Notification
from tyrne.kernel.page_table import MapError, _leaf, unmap_page
from tyrne.kernel.task import TaskState
from tyrne.kernel.user_memory import UserWindow, probe
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP, Cap

# --- 11.1 high


def test_spec_11_cap_derive_cannot_name_another_object() -> None:
    table = CapTable()
    source = insert(table, ALL, endpoint_object(1))
    made = table.cap_derive(source, ALL)
    assert isinstance(made, CapHandle)
    capability = table.lookup(made)
    assert capability is not None and capability.object == endpoint_object(1)
    assert table.derive_object(source, Rights.NONE, space_object(0)) is CapError.WRONG_KIND
    assert table.derive_object(source, Rights.NONE, DebugConsole()) is CapError.WRONG_KIND


@pytest.mark.parametrize("frame", [RAM, 0x0900_0000, RAM + 30 * PAGE, RAM + 64 * PAGE])
def test_spec_11_cap_map_takes_no_frame_that_was_not_allocated(frame: int) -> None:
    world = Spaces()
    assert world.map(world.created(), frame) is SpaceError.FOREIGN_FRAME


def test_spec_11_a_user_fault_does_not_stop_the_kernel() -> None:
    kernel = booted(task_record("bad"), task_record("good", CONSOLE_CAP))
    assert kernel.trap(Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(0)) is kernel.tasks.items[1]
    assert system_call(kernel, 5, 0, BASE, 4)[:2] == (0, 4)


def test_spec_11_floating_point_state_belongs_to_the_task_that_uses_it() -> None:
    kernel = booted(task_record("one"), task_record("two"))
    one, two = kernel.tasks.items
    kernel.trap(Vector.SYNCHRONOUS, u64(0x1E0_0000 | 0x07 << 26), u64(0))
    system_call(kernel, 3)
    assert kernel.board.events[-2] == ("switch_thread", one.thread, two.thread)
    assert one.thread.floating and not two.thread.floating


# --- 11.2 medium


def test_spec_11_console_write_has_a_length_cap() -> None:
    kernel = booted(task_record("one", CONSOLE_CAP, code=bytes(2 * PAGE)))
    assert system_call(kernel, 5, 0, BASE, 4097) == (0x2, 0, 0, 0, 0, 0, 0, 0)
    assert kernel.board.console == []


def test_spec_11_user_memory_excludes_device_pages() -> None:
    world = Spaces()
    made = world.created()
    assert world.map(made, world.frame(), BASE, USER_DATA | MappingFlags.DEVICE) is None
    assert not probe(world.board, world.space(made), u64(BASE), u64(1), False)


def test_spec_11_the_bootstrap_space_is_checked_to_be_slot_0() -> None:
    kernel = booted()
    with pytest.raises(PANIC):
        start_spaces(kernel)


def test_spec_11_a_failed_load_gives_everything_back() -> None:
    world = Spaces()
    before = world.counts()
    for left in range(1, 5):
        world.frames.left = left
        assert isinstance(world.load(flat(8)), LoadFailure)
        assert world.counts() == before


def test_spec_11_writable_and_executable_memory_is_refused_at_the_one_mapping_function() -> None:
    world = Spaces()
    made = world.created()
    for more in (MappingFlags.NONE, MappingFlags.USER, MappingFlags.GLOBAL, MappingFlags.DEVICE):
        flags = MappingFlags.WRITE | MappingFlags.EXECUTE | more
        assert world.map(made, world.frame(), BASE, flags) is MapError.INVALID_FLAGS


def test_spec_11_the_end_of_a_task_drops_its_authority() -> None:
    kernel = booted(task_record("one", CONSOLE_CAP, Cap(0, Rights.SEND)), task_record("two"))
    task = current(kernel)
    system_call(kernel, 4, 0)
    assert held(task.capabilities) == []
    assert task.table is None and task.state is TaskState.EXITED


def test_spec_11_address_spaces_can_be_created_and_ended_without_end() -> None:
    world = Spaces(arena=2, slots=2)
    for _ in range(40):
        assert isinstance(world.load(flat(8)), LoadedImage)
        capability = world.table.lookup(held(world.table)[-1])
        assert capability is not None and isinstance(capability.object, AddressSpaceHandle)
        assert destroy_space(world.board, world.frames, world.spaces, capability.object)
        assert world.table.cap_revoke(world.authority) is None


def test_spec_11_console_write_walks_each_page_twice_however_many_bytes_it_has() -> None:
    kernel = booted(task_record("one", CONSOLE_CAP, code=bytes(2 * PAGE)))
    reads = 0
    board = kernel.board
    read64 = board.read64

    def counted(address: u64) -> u64:
        nonlocal reads
        reads += 1
        return read64(address)

    board.read64 = counted  # type: ignore[method-assign]
    assert system_call(kernel, 5, 0, BASE + 1, PAGE)[0] == 0
    assert reads == 2 * 2 * 4  # two pages, probed once and translated once, four levels


# --- 11.3 low


def test_spec_11_freeing_a_misaligned_frame_is_an_error() -> None:
    board, frames = FakeBoard(), managed(64)
    made = frames.allocate(board)
    assert made is not None
    assert frames.free(made + 1) is FrameError.MISALIGNED_ADDRESS
    assert frames.is_allocated(made)


def test_spec_11_an_empty_reserved_range_overlaps_nothing() -> None:
    frames = managed(64, [(2, 8)])
    empty = FrameRange(u64(RAM + 4 * PAGE), u64(RAM + 4 * PAGE))
    assert frames.reserve(empty) is None
    assert frames.reserve(FrameRange(u64(RAM), u64(RAM + PAGE))) is None


def test_spec_11_an_inverted_extent_is_refused() -> None:
    assert Frames(64).manage(FrameRange(u64(RAM + PAGE), u64(RAM))) is FrameError.OUT_OF_RANGE


def test_spec_11_generations_never_wrap() -> None:
    arena = Arena(1, lambda _: Notification())
    arena.generations[0] = LAST_GENERATION
    made = arena.allocate()
    assert made == slot_id(0, 0xFFFF_FFFF)
    assert arena.free(slot_id(0, 0xFFFF_FFFF))
    assert arena.allocate() is None
    table = CapTable(1)
    table.slots[0].generation = LAST_GENERATION
    last = insert(table)
    assert table.cap_drop(last) is None
    assert table.is_full() and table.lookup(last) is None


def test_spec_11_an_arena_may_have_65535_slots_and_no_more() -> None:
    assert len(Arena(0xFFFF, lambda _: None).items) == 0xFFFF
    with pytest.raises(PANIC):
        Arena(0x1_0000, lambda _: None)


def test_spec_11_page_0_is_never_mapped() -> None:
    world = Spaces()
    assert world.map(world.created(), world.frame(), 0) is MapError.OUT_OF_RANGE


def test_spec_11_unmap_wants_a_page_not_only_a_valid_bit() -> None:
    world = Spaces()
    made = world.created()
    assert world.map(made, world.frame()) is None
    entry = _leaf(world.board, world.space(made).root, u64(BASE))
    assert isinstance(entry, u64)
    world.board.write64(entry, u64(int(page_descriptor(u64(RAM), USER_DATA)) & ~2))
    assert unmap_page(world.board, world.space(made).root, u64(BASE)) is MapError.NOT_MAPPED


def test_spec_11_revoke_has_no_scratch_that_could_overflow() -> None:
    source, others = CapTable(), [CapTable() for _ in range(3)]
    root = insert(source)
    for other in others:
        while not other.is_full():
            child, parked = source.cap_derive(root, ALL), CapSlot()
            assert isinstance(child, CapHandle)
            assert source.cap_take(child, parked) is None
            assert isinstance(other.cap_put(parked), CapHandle)
    assert source.cap_revoke(root) is None  # 192 descendants
    assert [held(table) for table in (source, *others)] == [[root], [], [], []]


def test_spec_11_a_task_can_transfer_the_capability_that_it_sends_by() -> None:
    kernel = booted(task_record("one", Cap(0, ALL & Rights(0x3F))))
    assert system_call(kernel, 1, 0, 1, 2, 3, 4, 0)[:2] == (0, 1)
    assert held(current(kernel).capabilities) == []


def test_spec_11_the_exit_code_is_kept_and_decides_the_status_of_the_run() -> None:
    kernel = booted()
    task = current(kernel)
    system_call(kernel, 4, 77)
    assert task.exit_code == 77 and kernel.exit_status() == 1


def test_spec_11_the_search_for_a_frame_comes_back_to_the_lowest_free_one() -> None:
    board, frames = FakeBoard(), managed(64)
    taken = [frames.allocate(board) for _ in range(64)]
    first = taken[3]
    assert first is not None and frames.free(first) is None
    assert frames.allocate(board) == first
    assert frames.allocate(board) is None


def test_spec_11_translating_at_the_top_of_the_address_space_is_an_error_not_a_wrap() -> None:
    world = Spaces()
    space = world.space(world.created())
    assert not probe(world.board, space, u64(NULL), u64(1), False)
    assert not probe(world.board, space, u64(NULL), u64(0x1001), False)
    assert not UserWindow(u64(NULL - 9), u64(10)).validate(u64(NULL - 9), u64(1))


# --- 11.4 and 5.3


def test_spec_11_revocation_reaches_a_capability_that_moved_in_a_message() -> None:
    kernel = booted(task_record("one", Cap(0, ALL & Rights(0x3F))), task_record("two", Cap(0, Rights.RECV)))
    one, two = (task.capabilities for task in kernel.tasks.items)
    child = one.cap_derive(handle(0), Rights.TRANSFER | Rights.SEND)
    assert isinstance(child, CapHandle)
    assert system_call(kernel, 1, 0, 0, 0, 0, 0, int(child.index))[0] == 0
    system_call(kernel, 3)
    assert system_call(kernel, 2, 0)[6] == 1
    assert len(held(two)) == 2
    assert one.cap_revoke(handle(0)) is None
    assert held(two) == [handle(0)]


def test_spec_11_revocation_reaches_a_capability_parked_in_an_endpoint_and_the_message_still_arrives() -> None:
    kernel = booted(task_record("one", Cap(0, ALL & Rights(0x3F))))
    table = current(kernel).capabilities
    child = table.cap_derive(handle(0), Rights.TRANSFER)
    assert isinstance(child, CapHandle)
    assert system_call(kernel, 1, 0, 9, 0, 0, 0, int(child.index))[0] == 0
    assert table.cap_revoke(handle(0)) is None
    assert system_call(kernel, 2, 0) == (0, 0, 9, 0, 0, 0, NULL, 0)


def test_spec_11_a_parked_capability_is_not_lost_without_leaving_the_tree() -> None:
    kernel = booted(task_record("one", Cap(0, ALL & Rights(0x3F))))
    table = current(kernel).capabilities
    child = table.cap_derive(handle(0), Rights.TRANSFER)
    assert isinstance(child, CapHandle)
    assert system_call(kernel, 1, 0, 0, 0, 0, 0, int(child.index))[0] == 0
    kernel.endpoints.items[0].reset()
    assert table.cap_drop(handle(0)) is None


def test_spec_11_a_stale_user_binding_gives_no_context_after_its_slot_was_used_again() -> None:
    kernel = booted()
    space = current(kernel).space
    assert space is not None and kernel.spaces.free(space.slot)
    assert kernel.spaces.allocate() == slot_id(int(space.slot.index), 1)
    assert not kernel.context().has_current_task
    assert system_call(kernel, 3)[0] == 0x102
