"""Spec 6.5: operations on address spaces through capabilities, one test for each check in its order.

Differences on purpose. The authority to make a space is a quota with CREATE, not another space with DERIVE; who makes
it gets all rights, so there are none to widen. What is mapped is named by a memory capability, not by a frame's number,
and both capabilities need rights; each is mapped once, whole. The arena is a claim of the quota. No capability outlives
its space, so none is stale.
"""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status, rights_over
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.authority import space_at
from tyrne.kernel.config import MAX_DEPTH
from tyrne.kernel.page_table import Mapping, translate
from tyrne.kernel.quota import FRAMES
from tyrne.lang import u64
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, is_allocated
from tyrne.testing.world import World

K, R, S = CapKind, Rights, Status
SPACE = K.ADDRESS_SPACE.value
READ_WRITE = 1
TOP = 1 << 48


class Spaces(World):
    """Task 0 with its quota, a space made from it, and two pages of memory."""

    def __init__(self, slots: int = 10) -> None:
        super().__init__(1, slots=slots)
        self.quota = self.give_quota(0)
        self.made = self.ok(0, C.CREATE, self.quota, SPACE)
        self.region = self.memory(2)
        self.pages = self.give(0, self.region)

    def space(self, word: int | None = None) -> AddressSpace:
        found = space_at(self.slot(0, self.made if word is None else word))
        assert found is not None
        return found

    def at(self, address: int) -> Mapping | Status:
        return translate(self.board, self.space().root, u64(address))

    def frame(self, page: int = 0) -> int:
        return int(self.region_at(self.region).address(u64(page)))


@pytest.fixture
def world() -> Spaces:
    return Spaces()


# --- making one


def test_spec_6_5_create_with_an_unresolved_quota_is_invalid_handle(world: Spaces) -> None:
    assert world.refused(0, C.CREATE, 1 << 16, SPACE) is S.INVALID_HANDLE


def test_spec_6_5_create_with_another_kind_is_wrong_kind_even_without_create(world: Spaces) -> None:
    bare = world.give_space(0, 0, R.NONE)
    assert world.refused(0, C.CREATE, bare, SPACE) is S.WRONG_KIND


def test_spec_6_5_create_without_create_is_insufficient_rights(world: Spaces) -> None:
    bare = world.give(0, world.quota_of(0), rights_over(K.QUOTA) & ~R.CREATE)
    assert world.refused(0, C.CREATE, bare, SPACE) is S.INSUFFICIENT_RIGHTS


def test_spec_6_5_create_below_depth_16_is_derivation_too_deep_and_takes_no_frame() -> None:
    world = Spaces(slots=30)
    deep = world.quota
    while world.slot(0, deep).depth < MAX_DEPTH:
        deep = world.ok(0, C.CAP_DERIVE, deep, int(rights_over(K.QUOTA)), 0)
    world.fill_table(0)
    assert world.refused(0, C.CREATE, deep, SPACE) is S.DERIVATION_TOO_DEEP  # before the table


def test_spec_6_5_create_with_a_full_table_is_caps_exhausted(world: Spaces) -> None:
    world.ok(0, C.CREATE, world.quota, SPACE)  # the claim on spaces is used up
    world.fill_table(0)
    assert world.refused(0, C.CREATE, world.quota, SPACE) is S.CAPS_EXHAUSTED  # before the quota


def test_spec_6_5_create_without_a_claim_where_v1_says_arena_full_is_quota_exceeded(world: Spaces) -> None:
    world.ok(0, C.CREATE, world.quota, SPACE)
    world.scarce(0)
    assert world.refused(0, C.CREATE, world.quota, SPACE) is S.QUOTA_EXCEEDED  # before the first allocation


def test_spec_6_5_create_without_a_free_frame_is_out_of_frames(world: Spaces) -> None:
    world.scarce(0)
    assert world.refused(0, C.CREATE, world.quota, SPACE) is S.OUT_OF_FRAMES


def test_spec_6_5_create_takes_one_zeroed_frame_of_the_quota(world: Spaces) -> None:
    free, claimed = world.kernel.frames.available(), world.quotas[0].claims[FRAMES]
    made = world.ok(0, C.CREATE, world.quota, SPACE)
    assert world.kernel.frames.available() == free - 1 and world.quotas[0].claims[FRAMES] == claimed - 1
    assert world.board.get(int(world.space(made).root), PAGE) == bytes(PAGE)
    assert world.slot(0, made).held().rights == rights_over(K.ADDRESS_SPACE)
    assert world.slot(0, made).depth == world.slot(0, world.quota).depth + 1
    assert world.space(made) is not world.space()


def test_spec_6_5_revoking_the_quota_takes_the_space_that_it_paid_for_and_its_frames(world: Spaces) -> None:
    free = world.kernel.frames.available()
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)
    world.ok(0, C.CAP_REVOKE, world.quota)
    assert world.refused(0, C.MAP, world.made, world.pages, BASE, 0) is S.INVALID_HANDLE
    assert world.kernel.frames.available() == free + 1  # the root too


# --- map and unmap


@pytest.mark.parametrize(("number", "more"), [(C.MAP, (BASE, 0)), (C.UNMAP, ()), (C.PROTECT, (0,))])
def test_spec_6_5_space_then_memory_are_resolved_by_handle_kind_and_right(
    world: Spaces, number: C, more: tuple[int, ...]
) -> None:
    bare = world.give_space(0, 0, rights_over(K.ADDRESS_SPACE) & ~R.MAP)
    assert world.refused(0, number, 1 << 16, 1 << 16, *more) is S.INVALID_HANDLE
    assert world.refused(0, number, world.quota, 1 << 16, *more) is S.WRONG_KIND
    assert world.refused(0, number, bare, 1 << 16, *more) is S.INSUFFICIENT_RIGHTS
    assert world.refused(0, number, world.made, 1 << 16, *more) is S.INVALID_HANDLE
    assert world.refused(0, number, world.made, world.quota, *more) is S.WRONG_KIND


@pytest.mark.parametrize(
    ("flags", "missing"), [(0, R.READ), (1, R.READ), (1, R.WRITE), (2, R.EXECUTE)], ids=lambda value: str(value)
)
def test_spec_6_5_map_needs_the_memorys_rights_where_v1_needs_none(world: Spaces, flags: int, missing: Rights) -> None:
    bare = world.give(0, world.region, rights_over(K.MEMORY) & ~missing)
    assert world.refused(0, C.MAP, world.made, bare, BASE, flags) is S.INSUFFICIENT_RIGHTS
    kept = world.give(0, world.region, R.READ | (R.WRITE if flags & 1 else R.EXECUTE if flags & 2 else R.NONE))
    world.ok(0, C.MAP, world.made, kept, BASE, flags)


def test_spec_6_5_map_installs_exactly_the_pages_of_the_memory_and_makes_them_visible(world: Spaces) -> None:
    world.board.events.clear()
    world.ok(0, C.MAP, world.made, world.pages, BASE, READ_WRITE)
    for page in range(2):
        expected = Mapping(u64(world.frame(page)), MappingFlags.USER | MappingFlags.WRITE)
        assert world.at(BASE + page * PAGE) == expected
    assert world.at(BASE - PAGE) is world.at(BASE + 2 * PAGE) is S.NOT_MAPPED
    cleared = ("invalidate_pages", 3, BASE, 2)
    assert world.board.events == [("table_zeroed",)] * 3 + [("tables_written",), cleared]


@pytest.mark.parametrize(
    ("address", "flags", "status"),
    [
        (BASE + 1, 0, S.MISALIGNED_ADDRESS),
        (BASE, 3, S.INVALID_FLAGS),
        (BASE, 4, S.INVALID_FLAGS),
        (0, 0, S.OUT_OF_RANGE),
        (TOP - PAGE, 0, S.OUT_OF_RANGE),
        (TOP, 0, S.OUT_OF_RANGE),
        (2**64 - PAGE, 0, S.OUT_OF_RANGE),
    ],
)
def test_spec_6_5_map_says_what_is_wrong_with_the_place(
    world: Spaces, address: int, flags: int, status: Status
) -> None:
    assert world.refused(0, C.MAP, world.made, world.pages, address, flags) is status


def test_spec_6_5_map_over_a_page_is_already_mapped_and_so_is_mapping_a_capability_twice(world: Spaces) -> None:
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)
    assert world.refused(0, C.MAP, world.made, world.pages, BASE + 4 * PAGE, 0) is S.ALREADY_MAPPED
    copy = world.ok(0, C.CAP_COPY, world.pages, int(rights_over(K.MEMORY)))
    for address in (BASE - PAGE, BASE, BASE + PAGE):
        assert world.refused(0, C.MAP, world.made, copy, address, 0) is S.ALREADY_MAPPED
    world.ok(0, C.MAP, world.made, copy, BASE + 2 * PAGE, 0)


@pytest.mark.parametrize("left", range(3))
def test_spec_6_5_map_without_frames_for_its_tables_changes_nothing_where_v1_kept_some(left: int) -> None:
    world = Spaces()
    elsewhere = world.quotas[0].claims[FRAMES] - left
    world.quotas[0].take(FRAMES, elsewhere)
    world.kernel.quotas.items[0].claims[FRAMES] += elsewhere
    assert world.refused(0, C.MAP, world.made, world.pages, BASE, 0) is S.QUOTA_EXCEEDED


def test_spec_6_5_unmap_forgets_exactly_those_pages_of_that_space_and_gives_empty_tables_back(world: Spaces) -> None:
    free = world.kernel.frames.available()
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)
    assert world.kernel.frames.available() == free - 3
    world.board.events.clear()
    world.ok(0, C.UNMAP, world.made, world.pages)
    asid = int(world.space().asid)
    assert world.board.events == [("invalidate_pages", asid, BASE, 2)]
    assert world.at(BASE) is world.at(BASE + PAGE) is S.NOT_MAPPED
    assert world.kernel.frames.available() == free
    assert is_allocated(world.kernel.frames, world.frame())  # the memory is still the region's
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)


def test_spec_6_5_unmap_of_what_is_not_mapped_there_is_not_mapped_and_flushes_nothing(world: Spaces) -> None:
    assert world.refused(0, C.UNMAP, world.made, world.pages) is S.NOT_MAPPED
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)
    other = world.ok(0, C.CREATE, world.quota, SPACE)
    assert world.refused(0, C.UNMAP, other, world.pages) is S.NOT_MAPPED


def test_spec_6_5_spaces_are_apart(world: Spaces) -> None:
    other = world.ok(0, C.CREATE, world.quota, SPACE)
    world.ok(0, C.MAP, world.made, world.pages, BASE, 0)
    assert translate(world.board, world.space(other).root, u64(BASE)) is S.NOT_MAPPED
    assert world.space(other).asid != world.space().asid
