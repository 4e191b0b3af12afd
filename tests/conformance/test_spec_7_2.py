"""Spec 7.2: loading an image. One test for each step and error, with exact frame numbers; every failure is undone.

A difference on purpose: the authority to make the address space is a quota, not another space; it pays for all frames.
"""

from __future__ import annotations

import pytest

from kernel.spaces import USER_CODE, USER_DATA, Spaces, flat
from tyrne.abi import CapHandle, CapKind, Rights, Status, rights_over
from tyrne.boot.loader import LoadedImage, LoadError, LoadFailure, tables_for
from tyrne.hal.image import Image, Segment
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.capability import Capability
from tyrne.kernel.page_table import Mapping, translate
from tyrne.lang import u64
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import ALL, BASE, NULL, endpoint_object, fill, handle, insert, space_object

MIB = 1 << 20
LIMIT = 1 << 48


def refused(world: Spaces, image: Image, failure: LoadFailure, parent: CapHandle | None = None) -> None:
    """The load fails with exactly this, and nothing at all has changed."""
    before = world.everything()
    assert world.load(image, parent) == failure
    assert world.everything() == before


def undone(world: Spaces, image: Image, failure: LoadFailure) -> None:
    """The load fails half-way; frames, spaces, slots and the tree are as before, and nothing maps any more."""
    before = world.counts()
    assert world.load(image) == failure
    assert world.counts() == before


# --- step 1: the arguments


def test_spec_7_2_step_1_an_empty_image_is_invalid_image() -> None:
    refused(Spaces(), flat(0, BASE + 1, 0), LoadFailure(LoadError.INVALID_IMAGE))


def test_spec_7_2_step_1_no_stack_is_invalid_stack_size() -> None:
    refused(Spaces(), flat(8, BASE + 1, 0), LoadFailure(LoadError.INVALID_STACK_SIZE))


@pytest.mark.parametrize("base", [BASE + 1, BASE + PAGE - 1, 1, NULL])
def test_spec_7_2_step_1_a_base_off_a_page_is_misaligned_image_base(base: int) -> None:
    world = Spaces()
    failure = LoadFailure(LoadError.MISALIGNED_IMAGE_BASE, None, u64(base))
    refused(world, flat(8, base), failure, handle(5))  # before the parent


# --- step 2: the parent


def test_spec_7_2_step_2_an_unresolved_parent_is_invalid_parent_cap() -> None:
    failure = LoadFailure(LoadError.INVALID_PARENT_CAP, Status.INVALID_HANDLE)
    refused(Spaces(), flat(8, LIMIT), failure, handle(0, 1))  # before the range


def test_spec_7_2_step_2_a_parent_of_another_kind_is_invalid_parent_cap() -> None:
    world = Spaces()
    failure = LoadFailure(LoadError.INVALID_PARENT_CAP, Status.WRONG_KIND)
    refused(world, flat(8, LIMIT), failure, insert(world.table, ALL, endpoint_object()))


# --- step 3: the range, then the budget


def test_spec_7_2_step_3a_past_the_user_limit_is_invalid_image_base() -> None:
    base = LIMIT - PAGE
    refused(Spaces(), flat(8, base), LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(base), u64(LIMIT + PAGE)))


def test_spec_7_2_step_3a_exactly_at_the_user_limit_is_accepted() -> None:
    loaded = Spaces(content=b"x" * 8).load(flat(8, LIMIT - 2 * PAGE))
    assert isinstance(loaded, LoadedImage)
    assert loaded.stack_top == LIMIT


def test_spec_7_2_step_3a_an_overflow_has_the_largest_word_as_its_end() -> None:
    base = 2**64 - PAGE
    refused(Spaces(), flat(8, base), LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(base), u64(NULL)))
    many = flat(8, BASE, stack_pages=2**63)
    refused(Spaces(), many, LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(BASE), u64(NULL)))


def test_spec_7_2_step_3a_precedes_the_budget() -> None:
    huge = flat(2**60, BASE)
    end = BASE + 2**60 + PAGE
    refused(Spaces(), huge, LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(BASE), u64(end)))


@pytest.mark.parametrize(("short", "accepted"), [(0, True), (1, False)])
def test_spec_7_2_step_3b_8_mib_need_7_tables_and_2057_frames(short: int, accepted: bool) -> None:
    kept = 8 * MIB // PAGE
    world = Spaces(pages=kept + 1 + 2057 - short, kept=kept)
    assert world.frames.available() == 2057 - short
    image = flat(8 * MIB)
    if accepted:
        assert isinstance(world.load(image), LoadedImage)
        assert world.frames.available() == 0
    else:
        refused(world, image, LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, u64(2057), u64(2056)))


@pytest.mark.parametrize(
    ("start", "end", "tables"),
    [
        (BASE, BASE + 2 * PAGE, 3),
        (BASE, BASE + 8 * MIB + PAGE, 7),
        ((1 << 30) - PAGE, (1 << 30) + PAGE, 5),
        ((1 << 39) - PAGE, (1 << 39) + PAGE, 6),
        ((1 << 21) - PAGE, (1 << 21), 3),
        ((1 << 21) - PAGE, (1 << 21) + PAGE, 4),
        (BASE, BASE, 0),
        (PAGE, LIMIT, (1 << 27) + (1 << 18) + (1 << 9)),
    ],
    ids=["one table", "8 MiB", "crosses 1 GiB", "crosses 512 GiB", "to 2 MiB", "crosses 2 MiB", "empty", "all"],
)
def test_spec_7_2_step_3b_tables_on_the_way(start: int, end: int, tables: int) -> None:
    assert tables_for(MemoryBoard(1), u64(start), u64(end), u64(0)) == tables


@pytest.mark.parametrize(
    "base", [PAGE, BASE, (1 << 30) - PAGE, (1 << 39) - PAGE, (1 << 21) - 2 * PAGE, LIMIT - 9 * PAGE]
)
def test_spec_7_2_step_3b_the_budget_is_exact_wherever_the_image_lies(base: int) -> None:
    for stack_pages in (1, 8):
        world = Spaces(content=b"x")
        before = world.frames.available()
        image = flat(1, base, stack_pages)
        assert isinstance(world.load(image), LoadedImage)
        used = before - world.frames.available()
        exact = Spaces(pages=int(4 + 1 + used))
        assert isinstance(exact.load(image), LoadedImage)
        short = Spaces(pages=int(4 + used))
        refused(short, image, LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, used, used - 1))


def two_segments(gap: int) -> Image:
    """Code and data `gap` bytes apart, a stack one page above the data."""
    image = flat(8)
    data = BASE + gap
    image.segments[1] = Segment(u64(data), USER_DATA, u64(RAM), u64(0), u64(2 * PAGE))
    image.segment_count = u64(2)
    image.stack_base = u64(data + 3 * PAGE)
    return image


@pytest.mark.parametrize("gap", [PAGE, 2 * MIB - 2 * PAGE, 2 * MIB, 1 << 30, 1 << 39, (1 << 30) - BASE - PAGE])
def test_spec_7_2_step_3b_tables_shared_by_segments_are_counted_once(gap: int) -> None:
    world = Spaces()
    before = world.frames.available()
    assert isinstance(world.load(two_segments(gap)), LoadedImage)
    used = before - world.frames.available()
    short = Spaces(pages=int(4 + used))
    refused(short, two_segments(gap), LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, used, used - 1))


@pytest.mark.parametrize("empty", [BASE + PAGE, (1 << 30) + PAGE])
def test_spec_7_2_step_3b_a_segment_without_pages_takes_no_tables_and_shares_none(empty: int) -> None:
    """The data behind it lies in other tables than the code, and is the first in them."""
    image = two_segments((1 << 30) + PAGE - BASE)
    image.segments[2] = image.segments[1]
    image.segments[1] = Segment(u64(empty), USER_DATA, u64(RAM), u64(0), u64(0))
    image.segment_count = u64(3)
    world = Spaces()
    before = world.frames.available()
    assert isinstance(world.load(image), LoadedImage)
    used = before - world.frames.available()
    short = Spaces(pages=int(4 + used))
    refused(short, image, LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, used, used - 1))


# --- step 4: the source


@pytest.mark.parametrize("source", [RAM + 4 * PAGE, RAM + 63 * PAGE, RAM + 4 * PAGE - 7, RAM + 5 * PAGE - 1])
def test_spec_7_2_step_4_a_source_in_allocatable_memory_is_refused(source: int) -> None:
    refused(Spaces(), flat(8, source=source), LoadFailure(LoadError.IMAGE_OVERLAPS_ALLOCATABLE_MEMORY))


def test_spec_7_2_step_4_a_source_in_reserved_memory_is_accepted_to_its_last_byte() -> None:
    assert isinstance(Spaces().load(flat(8, source=RAM + 4 * PAGE - 8)), LoadedImage)


# --- step 5: the address space


def paying(world: Spaces, rights: Rights) -> CapHandle:
    """Another capability over the quota."""
    made = world.table.insert(Capability(rights, world.quota.life.origin.held().object), world.quota.life.origin)
    assert isinstance(made, CapHandle)
    return made


@pytest.mark.parametrize("missing", [Rights.DERIVE, Rights.CREATE])
def test_spec_7_2_step_5_a_quota_without_a_right_surfaces_as_creation_failed(missing: Rights) -> None:
    world = Spaces()
    parent = paying(world, rights_over(CapKind.QUOTA) & ~missing)
    cause = Status.INSUFFICIENT_RIGHTS
    refused(world, flat(8), LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, cause), parent)


def test_spec_7_2_step_5_a_spent_claim_a_full_table_and_a_full_arena_surface_as_creation_failed() -> None:
    world = Spaces()
    spaces = u64(CapKind.ADDRESS_SPACE.value)
    claims = world.quota.claims[spaces]
    world.quota.claims[spaces] = u64(0)
    spent = LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, Status.QUOTA_EXCEEDED)
    refused(world, flat(8), spent)
    world.quota.claims[spaces] = claims
    while not world.spaces.is_full():
        world.spaces.allocate()
    refused(world, flat(8), spent)
    fill(world.table)
    refused(world, flat(8), LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, Status.CAPS_EXHAUSTED))


def test_spec_7_2_step_5_a_quota_that_may_not_be_copied_pays_all_the_same() -> None:
    world = Spaces()
    parent = paying(world, Rights.DERIVE | Rights.CREATE)
    assert isinstance(world.load(flat(8), parent), LoadedImage)


def test_spec_7_2_step_3b_the_budget_is_the_quotas_where_that_has_less_than_there_is() -> None:
    world = Spaces()
    world.quota.claims[0] = u64(5)
    refused(world, flat(8), LoadFailure(LoadError.FRAME_BUDGET_EXCEEDED, None, u64(6), u64(5)))


# --- steps 6 and 7: the pages


def mapping(world: Spaces, loaded: LoadedImage, address: int) -> Mapping:
    found = translate(world.board, world.space(loaded.space).root, u64(address))
    assert isinstance(found, Mapping)
    return found


def test_spec_7_2_step_6_image_pages_are_user_executable_and_hold_the_image_then_zeros() -> None:
    content = bytes(range(256)) * 17
    world = Spaces(content=content)
    loaded = world.load(flat(len(content)))
    assert isinstance(loaded, LoadedImage)
    pages = [mapping(world, loaded, BASE), mapping(world, loaded, BASE + PAGE)]
    assert [page.flags for page in pages] == [USER_CODE | MappingFlags.OWNED] * 2
    assert world.board.get(pages[0].frame, PAGE) == content[:PAGE]
    assert world.board.get(pages[1].frame, PAGE) == content[PAGE:].ljust(PAGE, b"\0")


def test_spec_7_2_step_7_stack_pages_are_user_writable_zeroed_and_directly_above() -> None:
    world = Spaces()
    loaded = world.load(flat(8, stack_pages=2))
    assert isinstance(loaded, LoadedImage)
    for page in (1, 2):
        found = mapping(world, loaded, BASE + page * PAGE)
        assert found.flags == USER_DATA | MappingFlags.OWNED
        assert world.board.get(found.frame, PAGE) == bytes(PAGE)
    for beyond in (BASE - PAGE, BASE + 3 * PAGE):
        assert translate(world.board, world.space(loaded.space).root, u64(beyond)) is Status.NOT_MAPPED


def test_spec_7_2_the_processor_is_told_of_the_tables_and_of_the_code_when_all_is_written() -> None:
    world = Spaces()
    world.board.events.clear()
    loaded = world.load(flat(8))
    assert isinstance(loaded, LoadedImage)
    code = ("code_written", int(mapping(world, loaded, BASE).frame), PAGE)
    assert world.board.events == [("table_zeroed",), code, *[("table_zeroed",)] * 3, ("tables_written",)]


def test_spec_7_2_each_page_of_code_is_made_fetchable_as_a_whole_and_no_other_page() -> None:
    world = Spaces()
    loaded = world.load(flat(2 * PAGE + 8, stack_pages=2))
    assert isinstance(loaded, LoadedImage)
    told = [event for event in world.board.events if event[0] == "code_written"]
    frames = [int(mapping(world, loaded, BASE + page * PAGE).frame) for page in range(3)]
    assert told == [("code_written", frame, PAGE) for frame in frames]


def test_spec_7_2_step_8_the_descriptor_says_where_everything_is() -> None:
    world = Spaces()
    loaded = world.load(flat(PAGE + 1, stack_pages=3), rights=Rights.REVOKE)
    assert isinstance(loaded, LoadedImage)
    end = u64(BASE + 5 * PAGE)
    assert loaded == LoadedImage(handle(1), u64(BASE), u64(BASE), end, u64(PAGE + 1), u64(3 * PAGE))
    assert world.table.lookup(loaded.space) == Capability(Rights.REVOKE, space_object(1, 0, world))
    assert world.board.events[-1] == ("tables_written",)


# --- rollback: v1 leaks the root, the tables and the slot; nothing may leak


@pytest.mark.parametrize("left", range(9))
def test_spec_7_2_out_of_frames_at_any_allocation_is_undone(left: int) -> None:
    world = Spaces(content=b"x" * PAGE * 3)
    world.frames.left = left
    image = flat(3 * PAGE, stack_pages=2)  # root, then frame and three tables, two more frames, two of the stack
    creation = LoadFailure(LoadError.ADDRESS_SPACE_CREATION_FAILED, Status.OUT_OF_FRAMES)
    walk = LoadFailure(LoadError.MAP_FAILED, Status.OUT_OF_FRAMES)
    expected = {0: creation, 2: walk, 3: walk, 4: walk}
    undone(world, image, expected.get(left, LoadFailure(LoadError.OUT_OF_FRAMES)))
    world.frames.left = None
    assert isinstance(world.load(image), LoadedImage)


def test_spec_7_2_the_ninth_allocation_is_the_last() -> None:
    world = Spaces()
    world.frames.left = 9
    assert isinstance(world.load(flat(3 * PAGE, stack_pages=2)), LoadedImage)
    assert world.frames.left == 0


@pytest.mark.parametrize("flags", [USER_DATA | USER_CODE, USER_CODE | MappingFlags.DEVICE])
def test_spec_7_2_a_segment_that_no_mapping_allows_is_undone(flags: MappingFlags) -> None:
    world = Spaces()
    image = two_segments(PAGE)
    image.segments[1] = Segment(u64(BASE + PAGE), flags, u64(RAM), u64(1), u64(PAGE))
    undone(world, image, LoadFailure(LoadError.MAP_FAILED, Status.INVALID_FLAGS))


def test_spec_7_2_an_image_at_address_0_is_undone() -> None:
    undone(Spaces(), flat(8, 0), LoadFailure(LoadError.MAP_FAILED, Status.OUT_OF_RANGE))


def test_spec_7_2_a_failed_load_burns_no_address_space_slot() -> None:
    world = Spaces(arena=2)
    for _ in range(20):
        world.frames.left = 4
        assert isinstance(world.load(flat(8)), LoadFailure)
    world.frames.left = None
    assert isinstance(world.load(flat(8)), LoadedImage)


def test_spec_7_2_load_and_drop_a_hundred_times_leaves_every_counter_as_it_began() -> None:
    world = Spaces(arena=2, slots=2)
    before = world.counts()
    for _ in range(100):
        loaded = world.load(flat(PAGE + 1, stack_pages=2))
        assert isinstance(loaded, LoadedImage)
        assert world.drop(loaded.space) is None
        assert world.counts() == before


# --- images of several segments


@pytest.mark.parametrize("memory", [0, 1, PAGE - 1, PAGE, PAGE + 1])
def test_spec_7_2_memory_past_the_file_is_zero(memory: int) -> None:
    world = Spaces(content=b"abc")
    image = two_segments(PAGE)
    length = min(3, memory)
    image.segments[1] = Segment(u64(BASE + PAGE), USER_DATA, u64(RAM), u64(length), u64(memory))
    loaded = world.load(image)
    assert isinstance(loaded, LoadedImage)
    for page in range(-(-memory // PAGE)):
        found = mapping(world, loaded, BASE + PAGE + page * PAGE)
        expected = b"abc"[:length] if page == 0 else b""
        assert world.board.get(found.frame, PAGE) == expected.ljust(PAGE, b"\0")


@pytest.mark.parametrize(
    "segment",
    [
        Segment(u64(BASE), USER_DATA, u64(RAM), u64(1), u64(1)),
        Segment(u64(BASE - PAGE), USER_DATA, u64(RAM), u64(1), u64(1)),
        Segment(u64(BASE + PAGE), USER_DATA, u64(RAM), u64(2), u64(1)),
        Segment(u64(BASE + PAGE), USER_DATA, u64(RAM), u64(1), u64(3 * PAGE + 1)),
        Segment(u64(BASE + PAGE), USER_DATA, u64(RAM), u64(1), u64(NULL)),
    ],
    ids=["overlaps", "out of order", "file longer than memory", "reaches the stack", "overflows"],
)
def test_spec_7_2_segments_that_collide_are_invalid_image_base(segment: Segment) -> None:
    image = two_segments(PAGE)
    image.segments[1] = segment
    refused(Spaces(), image, LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(BASE), image.stack_end()))


def test_spec_7_2_lengths_whose_sum_overflows_are_refused_not_trapped() -> None:
    image = two_segments(PAGE)
    image.segments[0] = Segment(u64(BASE), USER_CODE, u64(RAM), u64(NULL), u64(NULL))
    image.segments[1] = Segment(u64(BASE + PAGE), USER_DATA, u64(RAM), u64(NULL), u64(NULL))
    refused(Spaces(), image, LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(BASE), image.stack_end()))


def test_spec_7_2_a_stack_off_a_page_is_invalid_image_base() -> None:
    image = flat(8)
    image.stack_base = u64(BASE + PAGE + 16)
    refused(Spaces(), image, LoadFailure(LoadError.INVALID_IMAGE_BASE, None, u64(BASE), image.stack_end()))


def test_spec_7_2_the_ten_errors_are_distinct() -> None:
    assert len({error.value for error in LoadError}) == len(LoadError) == 10
