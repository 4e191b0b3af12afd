"""Spec 11: the known gaps of v1 that this kernel closes, one regression test for each."""

from __future__ import annotations

import pytest

from kernel.spaces import USER_DATA, Spaces, flat
from tyrne.abi import FULL_CONTROL, CapHandle, CapKind, Rights, Status, TaskState, rights_over
from tyrne.abi import CallNumber as C
from tyrne.boot.loader import LoadedImage, LoadFailure
from tyrne.boot.start import start_spaces
from tyrne.hal.aarch64.descriptors import page_descriptor
from tyrne.hal.frame import Vector
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.arena import LAST_GENERATION, Arena
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import DebugConsole
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.frames import FrameRange, Frames
from tyrne.kernel.notification import Notification
from tyrne.kernel.page_ranges import unmap_in_table
from tyrne.kernel.page_table import entry_of
from tyrne.kernel.user_memory import UserWindow, probe
from tyrne.lang import u16, u64
from tyrne.system.parts import CONSOLE_CAP, Cap
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import (
    ALL,
    BASE,
    NULL,
    PANIC,
    STORE_FAULT,
    age,
    booted,
    context_of,
    current,
    handle,
    held,
    insert,
    is_allocated,
    living,
    managed,
    system_call,
    task_record,
    trap,
)
from tyrne.testing.whole import revoke_whole
from tyrne.testing.world import World

ALL_ENDPOINT = rights_over(CapKind.ENDPOINT)
NEXT = 1 << 16
"""Added to a handle word: the next generation of its slot."""


# --- 11.1 high


@pytest.mark.promise(
    "Rights only shrink from parent to child, and a child names the same object or a part of its pages",
)
def test_spec_11_cap_derive_cannot_name_another_object() -> None:
    world = World(1)
    source = world.give(0, world.endpoint())
    made = world.ok(0, C.CAP_DERIVE, source, int(Rights.SEND), 0)
    assert world.slot(0, made).held().object == world.slot(0, source).held().object


@pytest.mark.promise(
    "Memory is mapped by capability only, once for each capability, and the mapping goes when the capability "
    "goes or moves"
)
def test_spec_11_memory_is_mapped_only_by_a_capability_over_it() -> None:
    """v1's cap_map takes any frame's number. Here only a memory capability names frames, and a derived one fewer."""
    world = World(1)
    space = world.give_space(0, 0)
    whole = world.give(0, world.memory(3))
    part = world.ok(0, C.MEMORY_DERIVE, whole, int(Rights.READ), 1, 1)
    assert world.refused(0, C.MAP, space, world.give_console(0), 0x100_0000, 0) is Status.WRONG_KIND
    assert world.refused(0, C.MAP, space, part, 0x100_0000, 1) is Status.INSUFFICIENT_RIGHTS
    assert world.refused(0, C.MEMORY_DERIVE, whole, int(Rights.READ), 1, 3) is Status.OUT_OF_RANGE
    world.ok(0, C.MAP, space, part, 0x100_0000, 0)


def test_spec_11_no_task_can_take_what_another_was_promised() -> None:
    world = World(2)
    mine = world.give_quota(0)
    promised = world.claims(1)
    while world.call(0, C.CREATE, mine, CapKind.ENDPOINT.value) == (0, world.x(0)[1], 0, 0, 0, 0, 0, 0):
        pass
    assert world.x(0)[0] == Status.QUOTA_EXCEEDED.value
    assert world.claims(1) == promised
    world.ok(1, C.CREATE, world.give_quota(1), CapKind.ENDPOINT.value)


@pytest.mark.promise("The kernel goes on with the others")
def test_spec_11_a_user_fault_does_not_stop_the_kernel() -> None:
    kernel = booted(task_record("bad"), task_record("good", CONSOLE_CAP))
    assert trap(kernel, Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(0)) is kernel.tasks.items[1]
    assert system_call(kernel, 5, 0, BASE, 4)[:2] == (0, 4)


def test_spec_11_floating_point_state_belongs_to_the_task_that_uses_it() -> None:
    kernel = booted(task_record("one"), task_record("two"))
    one, two = kernel.tasks.items
    trap(kernel, Vector.SYNCHRONOUS, u64(0x1E0_0000 | 0x07 << 26), u64(0))
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
        start_spaces(kernel, handle(0))


def test_spec_11_a_failed_load_gives_everything_back() -> None:
    world = Spaces()
    before = world.counts()
    for left in range(1, 5):
        world.frames.left = left
        assert isinstance(world.load(flat(8)), LoadFailure)
        assert world.counts() == before


@pytest.mark.promise("No page is writable and executable, for user programs and for the kernel alike")
def test_spec_11_writable_and_executable_memory_is_refused_at_the_one_mapping_function() -> None:
    world = Spaces()
    made = world.created()
    for more in (MappingFlags.NONE, MappingFlags.USER, MappingFlags.GLOBAL, MappingFlags.DEVICE):
        flags = MappingFlags.WRITE | MappingFlags.EXECUTE | more
        assert world.map(made, world.frame(), BASE, flags) is Status.INVALID_FLAGS


def test_spec_11_the_end_of_a_task_drops_its_authority() -> None:
    kernel = booted(task_record("one", CONSOLE_CAP, Cap(0, Rights.SEND)), task_record("two"))
    task = current(kernel)
    system_call(kernel, 4, 0)
    assert held(task.capabilities) == []
    assert task.context is None and task.state is TaskState.EXITED


def test_spec_11_what_was_derived_from_an_ended_tasks_authority_goes_too_and_copies_live_on() -> None:
    world = World(2)
    origin = world.endpoint()
    source = world.give(0, origin)
    other = world.give_task(0, 1)
    child = world.ok(0, C.CAP_MOVE, world.ok(0, C.CAP_DERIVE, source, int(FULL_CONTROL), 0), other)
    copy = world.ok(0, C.CAP_MOVE, world.ok(0, C.CAP_COPY, source, int(ALL & rights_over(CapKind.ENDPOINT))), other)
    world.call(0, C.TASK_EXIT, 0)
    assert not world.holds(1, child) and world.holds(1, copy)


def test_spec_11_address_spaces_can_be_created_and_ended_without_end() -> None:
    world = Spaces(arena=2, slots=2)
    for _ in range(40):
        assert isinstance(world.load(flat(8)), LoadedImage)
        assert world.revoke(world.authority) is None


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
    board, frames = MemoryBoard(), managed(64)
    made = frames.allocate(board)
    assert made is not None
    with pytest.raises(AssertionError, match="what is freed is no frame"):
        frames.free(made + 1)
    assert is_allocated(frames, made)


def test_spec_11_an_empty_reserved_range_overlaps_nothing() -> None:
    frames = managed(64, [(2, 8)])
    empty = FrameRange(u64(RAM + 4 * PAGE), u64(RAM + 4 * PAGE))
    frames.reserve(empty)
    frames.reserve(FrameRange(u64(RAM), u64(RAM + PAGE)))
    assert frames.reserved_frames == 7


def test_spec_11_an_inverted_extent_is_refused() -> None:
    with pytest.raises(AssertionError, match="RAM ends before it begins"):
        Frames(64).manage(FrameRange(u64(RAM + PAGE), u64(RAM)))


@pytest.mark.promise("A slot whose 2^32 generations are used up is retired, not wrapped round")
def test_spec_11_generations_never_wrap() -> None:
    arena = Arena(1, lambda _: Notification())
    age(arena, 0, LAST_GENERATION)
    made = arena.allocate()
    assert made is not None and made.life.count == 2 * 0xFFFF_FFFF + 1
    arena.free(u16(0))
    assert made.life.count == 1 << 33 and arena.allocate() is None
    table = CapTable(1)
    table.slots[0].generation = LAST_GENERATION
    last = insert(table)
    assert cap_drop(booted(), table, last) is None
    assert table.is_full() and table.lookup(last) is None


def test_spec_11_an_arena_may_have_65535_slots_and_no_more() -> None:
    assert len(Arena(0xFFFF, lambda _: None).items) == 0xFFFF
    with pytest.raises(PANIC):
        Arena(0x1_0000, lambda _: None)


def test_spec_11_page_0_is_never_mapped() -> None:
    world = Spaces()
    assert world.map(world.created(), world.frame(), 0) is Status.OUT_OF_RANGE


def test_spec_11_unmap_wants_a_page_not_only_a_valid_bit() -> None:
    world = Spaces()
    made = world.created()
    assert world.map(made, world.frame()) is None
    entry = entry_of(world.board, world.space(made).root, u64(BASE), u64(3))
    assert isinstance(entry, u64)
    assert world.map(made, world.frame(), BASE + PAGE) is None
    world.board.write64(entry, u64(int(page_descriptor(u64(RAM), USER_DATA)) & ~2))
    with pytest.raises(PANIC):
        unmap_in_table(world.board, world.frames, world.space(made).root, u16(1), u64(3), u64(BASE), u64(BASE + PAGE))


def test_spec_11_revoke_has_no_scratch_that_could_overflow() -> None:
    """v1's has room for 64; here 192 descendants in three tables go."""
    source, others = CapTable(), [CapTable() for _ in range(3)]
    root = insert(source, ALL, DebugConsole())
    for other in others:
        while not other.is_full():
            child = source.cap_derive(root, ALL, DebugConsole(), u64(0))
            assert isinstance(child, CapHandle)
            slot = source.leaf(child)
            assert isinstance(slot, CapSlot)
            slot.move_to(other.allocate())
    assert revoke_whole(booted(), source, root) is None
    assert [held(table) for table in (source, *others)] == [[root], [], [], []]


def test_spec_11_a_task_can_transfer_the_capability_that_it_sends_by() -> None:
    world = World(2)
    origin = world.endpoint()
    word = world.give(0, origin)
    world.give(1, origin)
    assert world.ok(0, C.SEND, word, 1, 2, 3, 4, word) == 1
    assert held(world.task(0).capabilities) == []


def test_spec_11_the_exit_code_is_kept_and_decides_the_status_of_the_run() -> None:
    kernel = booted()
    task = current(kernel)
    system_call(kernel, 4, 77)
    assert task.exit_code == 77 and kernel.exit_status() == 1


def test_spec_11_the_search_for_a_frame_comes_back_to_the_lowest_free_one() -> None:
    board, frames = MemoryBoard(), managed(64)
    taken = [frames.allocate(board) for _ in range(64)]
    first = taken[3]
    assert first is not None
    frames.free(first)
    assert frames.allocate(board) == first
    assert frames.allocate(board) is None


def test_spec_11_translating_at_the_top_of_the_address_space_is_an_error_not_a_wrap() -> None:
    world = Spaces()
    space = world.space(world.created())
    assert not probe(world.board, space, u64(NULL), u64(1), False)
    assert not probe(world.board, space, u64(NULL), u64(0x1001), False)
    assert not UserWindow(u64(NULL - 9), u64(10)).validate(u64(NULL - 9), u64(1))


def test_spec_11_operations_on_tasks_and_spaces_have_rights_of_their_own() -> None:
    """v1's task and space capabilities are all or nothing."""
    world = World(2)
    rows: list[tuple[C, Rights, tuple[int, ...]]] = [
        (C.TASK_STATE, Rights.INSPECT, ()),
        (C.TASK_READ, Rights.INSPECT, (0,)),
        (C.TASK_WRITE, Rights.MODIFY, (0, 0)),
        (C.TASK_PRIORITY, Rights.CONFIGURE, (9,)),
        (C.TASK_SUPERVISE, Rights.CONFIGURE, (NULL,)),
        (C.TASK_SUSPEND, Rights.CONTROL, ()),
        (C.TASK_RESUME, Rights.CONTROL, ()),
        (C.TASK_END, Rights.CONTROL, (0,)),
    ]
    for number, right, arguments in rows:
        without = world.give_task(0, 1, rights_over(CapKind.TASK) & ~right)
        assert world.refused(0, number, without, *arguments) is Status.INSUFFICIENT_RIGHTS, number
        world.ok(0, C.CAP_DROP, without)
    task, space = world.give_task(0, 1), world.give_space(0, 0, Rights.MAP)
    assert world.refused(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE) is Status.INSUFFICIENT_RIGHTS


# --- 4.3, 5.3 and 11.4: what messages and the ends of things do


def test_spec_4_3_a_second_poll_is_pending_again() -> None:
    world = World(1)
    word = world.give(0, world.endpoint())
    assert world.call(0, C.RECV, word) == world.call(0, C.RECV, word) == (0, 1, 0, 0, 0, 0, 0, 0)


def test_spec_4_3_what_is_sent_without_waiting_wakes_the_receiver_that_waits() -> None:
    """v1 delivers to a registered receiver and wakes nobody."""
    world = World(2)
    origin = world.endpoint()
    world.blocks(1, C.WAIT, world.give(1, origin))
    assert world.ok(0, C.SEND, world.give(0, origin), 5, 6, 7, 8, NULL) == 0
    assert world.state(1) is TaskState.READY and world.x(1) == (0, 0, 5, 6, 7, 8, NULL, NULL)


@pytest.mark.promise("a badge once set never changes")
def test_spec_11_a_badge_says_who_sent_and_its_holder_cannot_change_it() -> None:
    world = World(2)
    origin = world.endpoint()
    door = world.give(0, origin)
    client = world.ok(0, C.CAP_MOVE, world.ok(0, C.CAP_DERIVE, door, int(ALL_ENDPOINT), 42), world.give_task(0, 1))
    assert world.refused(1, C.CAP_DERIVE, client, int(Rights.SEND), 43) is Status.BAD_ARGUMENT
    below = world.ok(1, C.CAP_DERIVE, client, int(Rights.SEND), 0)
    world.ok(1, C.SEND, below, 1, 2, 3, 4, NULL)
    assert world.call(0, C.WAIT, door) == (0, 42, 1, 2, 3, 4, NULL, NULL)


def test_spec_11_revocation_reaches_a_capability_that_moved_in_a_message() -> None:
    world = World(2)
    origin = world.endpoint()
    source, theirs = world.give(0, origin), world.give(1, origin)
    child = world.ok(0, C.CAP_DERIVE, source, int(ALL_ENDPOINT), 0)
    world.ok(0, C.SEND, source, 0, 0, 0, 0, child)
    arrived = world.call(1, C.RECV, theirs)
    assert arrived is not None and world.holds(1, arrived[6])
    world.ok(0, C.CAP_REVOKE, source)
    assert not world.holds(1, arrived[6]) and world.holds(1, theirs)


def test_spec_11_revocation_reaches_a_capability_parked_in_an_endpoint_and_the_message_still_arrives() -> None:
    world = World(1)
    source = world.give(0, world.endpoint())
    child = world.ok(0, C.CAP_DERIVE, source, int(Rights.TRANSFER), 0)
    world.ok(0, C.SEND, source, 9, 0, 0, 0, child)
    world.ok(0, C.CAP_REVOKE, source)
    assert world.call(0, C.RECV, source) == (0, 0, 9, 0, 0, 0, NULL, 0)


def test_spec_11_revocation_reaches_the_capability_that_answers_a_call_and_releases_the_caller() -> None:
    world = World(2)
    origin = world.endpoint()
    door = world.give(0, origin)
    child = world.ok(0, C.CAP_MOVE, world.ok(0, C.CAP_DERIVE, door, int(ALL_ENDPOINT), 0), world.give_task(0, 1))
    world.blocks(1, C.CALL, child, 1, 2, 3, 4, NULL)
    answer = world.call(0, C.WAIT, door)
    assert answer is not None and world.holds(0, answer[7])
    world.ok(0, C.CAP_REVOKE, door)
    assert not world.holds(0, answer[7]) and not world.holds(1, child)
    assert world.x(1) == (Status.ABORTED.value, 0, 0, 0, 0, 0, 0, 0)


def test_spec_11_a_parked_capability_leaves_the_tree_with_its_endpoint() -> None:
    world = World(1)
    quota = world.give_quota(0)
    door = world.ok(0, C.CREATE, quota, CapKind.ENDPOINT.value)
    console = world.give_console(0)
    child = world.ok(0, C.CAP_DERIVE, console, int(Rights.TRANSFER), 0)
    world.ok(0, C.SEND, door, 0, 0, 0, 0, child)
    assert world.refused(0, C.CAP_DROP, console) is Status.HAS_CHILDREN
    world.ok(0, C.CAP_REVOKE, quota)
    world.ok(0, C.CAP_DROP, console)


def test_spec_11_a_task_lives_in_its_space_as_long_as_it_does() -> None:
    """v1 takes a space away from under its task when the last capability over it goes."""
    world = World(1)
    space = context_of(world.task(0)).space
    assert space is not None
    word = world.give_space(0, 0)
    world.ok(0, C.CAP_DROP, word)
    assert living(space) is space.at


def test_spec_11_a_stale_user_binding_gives_no_context_after_its_slot_was_used_again() -> None:
    kernel = booted()
    space = context_of(current(kernel)).space
    assert space is not None
    kernel.spaces.free(space.at.life.index)
    assert kernel.spaces.allocate() is space.at and space.at.life.generation() == 1
    assert not kernel.context().has_current_task
    assert system_call(kernel, 3)[0] == 0x102


@pytest.mark.promise("Handles carry a generation: a handle to a slot that was used again is stale")
def test_spec_11_a_task_can_shed_authority_and_its_handle_stays_dead() -> None:
    world = World(1)
    word = world.give_console(0)
    world.ok(0, C.CAP_DROP, word)
    assert world.refused(0, C.CAP_QUERY, word) is Status.INVALID_HANDLE
    assert world.give_console(0) == word + NEXT
    assert world.refused(0, C.CAP_QUERY, word) is Status.INVALID_HANDLE
