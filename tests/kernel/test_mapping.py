"""Memory by capability: parts of it, where it is mapped, how, and what ends a mapping."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.hal.pages import MappingFlags as F
from tyrne.kernel.cap_slot import CapSlot, Placement
from tyrne.kernel.capability import AddressSpaceHandle, Capability, MemoryHandle
from tyrne.kernel.mapping import map_memory, space_of
from tyrne.kernel.page_table import Mapping, translate
from tyrne.kernel.rendezvous import lay_down
from tyrne.lang import u32, u64
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import BASE, NULL, slim_kernel
from tyrne.testing.state import resources
from tyrne.testing.world import World

AT = 0x1000_0000
EVERY = int(Rights.READ | Rights.WRITE | Rights.EXECUTE | Rights.DERIVE | Rights.TRANSFER | Rights.DUPLICATE)


class Mapped(World):
    """Task 0 holds the spaces of tasks 0 and 1, and five pages of memory."""

    def __init__(self, pages: int = 5) -> None:
        super().__init__(2, pages=1400 if pages > 100 else 256)
        self.spaces = [self.give_space(0, task) for task in range(2)]
        self.whole = self.memory(pages)
        self.mem = self.give(0, self.whole)

    @property
    def start(self) -> int:
        """Where the memory lies once it was mapped: its pages were free in a row."""
        return int(self.region_at(self.whole).address(u64(0)))

    def page(self, address: int, space: int = 0) -> Mapping | Status:
        return translate(self.board, self.kernel.spaces.items[space + 1].root, u64(address))

    def leads(self, address: int, pages: int, first: int, flags: F, space: int = 0) -> bool:
        """Whether pages lead to the memory from its page `first` on, and those beside them nowhere."""
        inside = [
            self.page(address + page * PAGE, space) == Mapping(u64(self.start + (first + page) * PAGE), flags | F.USER)
            for page in range(pages)
        ]
        beside = [self.page(address + page * PAGE, space) is Status.NOT_MAPPED for page in (-1, pages)]
        return all(inside) and all(beside)


def forgotten(w: Mapped) -> list[int]:
    """The pages of the first space that the TLB was told to forget, one by one, in order."""
    told = [event[1:] for event in w.board.events if event[0] == "invalidate_pages"]
    assert {asid for asid, _, _ in told} <= {2}
    return [address + page * PAGE for _, address, pages in told for page in range(pages)]


# --- mapping


@pytest.mark.parametrize("flags", [F.NONE, F.WRITE, F.EXECUTE])
def test_all_pages_are_mapped_in_order_with_the_flags_asked_for(flags: F) -> None:
    w = Mapped()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, int(flags))
    assert w.leads(AT, 5, 0, flags)
    assert w.call(0, C.CAP_QUERY, w.mem) is not None
    assert w.x(0)[5:7] == (5, AT)


def cleaned(start: int, pages: int) -> list[tuple[object, ...]]:
    """The events of pages that are made fetchable, one after the other."""
    return [("code_written", start + page * PAGE, PAGE) for page in range(pages)]


def test_mapping_makes_stores_visible_and_code_fetchable_once_each() -> None:
    w = Mapped()
    forgotten: tuple[object, ...] = ("invalidate_pages", 2, AT, 5)
    w.board.events.clear()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    assert w.board.events == [("table_zeroed",), ("tables_written",), forgotten], "seen when they are cleared"
    w.board.events.clear()
    w.ok(0, C.PROTECT, w.spaces[0], w.mem, 2)
    assert w.board.events == [forgotten, *cleaned(w.start, 5), forgotten], "nobody's while they are cleaned"
    w.board.events.clear()
    w.ok(0, C.PROTECT, w.spaces[0], w.mem, 0)
    assert w.board.events == [forgotten]
    w.ok(0, C.UNMAP, w.spaces[0], w.mem)
    w.board.events.clear()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    assert w.board.events == [("table_zeroed",), ("tables_written",)], "cleared once"
    w.ok(0, C.UNMAP, w.spaces[0], w.mem)
    w.board.events.clear()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 2)
    assert w.board.events == [("table_zeroed",), ("tables_written",), *cleaned(w.start, 5), forgotten]


def test_of_a_part_of_memory_that_part_alone_is_made_fetchable() -> None:
    w = Mapped()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, 1, 3)
    w.board.events.clear()
    w.ok(0, C.MAP, w.spaces[0], part, AT, 2)
    code = cleaned(w.start + PAGE, 3)
    assert [event for event in w.board.events if event[0] == "code_written"] == code
    w.ok(0, C.PROTECT, w.spaces[0], part, 0)
    w.board.events.clear()
    w.ok(0, C.PROTECT, w.spaces[0], part, 2)
    assert [event for event in w.board.events if event[0] == "code_written"] == code
    w.board.events.clear()
    w.ok(0, C.PROTECT, w.spaces[0], part, 2)
    again = [event for event in w.board.events if event[0] == "code_written"]
    assert again == code, "also for who asks again, because something was written since"


@pytest.mark.parametrize("address", [PAGE, AT, BASE + (1 << 21) - 2 * PAGE, (1 << 30) - PAGE, (1 << 48) - 5 * PAGE])
def test_a_mapping_and_its_end_leave_no_table_and_no_claim_behind(address: int) -> None:
    w = Mapped()
    before, ram = resources(w.kernel), bytes(w.board.ram)
    w.ok(0, C.MAP, w.spaces[0], w.mem, address, 1)
    w.board.events.clear()
    w.ok(0, C.UNMAP, w.spaces[0], w.mem)
    assert resources(w.kernel) == before
    root = int(w.kernel.spaces.items[1].root) - 0x4000_0000
    assert w.board.ram[root : root + PAGE] == ram[root : root + PAGE]
    assert forgotten(w) == list(range(address, address + 5 * PAGE, PAGE))


@pytest.mark.promise(
    "One region may be mapped writable in one place and executable in another by who holds both rights: that is "
    "how a task loads a program"
)
def test_memory_is_shared_by_mapping_copies_in_two_spaces() -> None:
    w = Mapped()
    copy = w.ok(0, C.CAP_COPY, w.mem, EVERY)
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    w.ok(0, C.MAP, w.spaces[1], copy, BASE + 0x10_0000, 2)
    assert w.leads(AT, 5, 0, F.WRITE) and w.leads(BASE + 0x10_0000, 5, 0, F.EXECUTE, space=1)


@pytest.mark.promise(
    "Memory is mapped by capability only, once for each capability, and the mapping goes when the capability "
    "goes or moves"
)
def test_a_capability_is_mapped_once_at_a_time() -> None:
    w = Mapped()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    assert w.refused(0, C.MAP, w.spaces[1], w.mem, AT, 1) is Status.ALREADY_MAPPED
    w.ok(0, C.UNMAP, w.spaces[0], w.mem)
    w.ok(0, C.MAP, w.spaces[1], w.mem, AT, 1)


@pytest.mark.promise("time inside the kernel, bounded by: long work goes in steps (below)")
@pytest.mark.parametrize(("pages", "status"), [(512, None), (513, Status.BAD_ARGUMENT)])
def test_one_call_maps_at_most_512_pages_or_whole_blocks(pages: int, status: Status | None) -> None:
    w = Mapped(512)
    region = w.region_at(w.whole)
    if pages == 513:
        word = w.give(0, w.registers(1 << 36, 513))
        assert w.refused(0, C.MAP, w.spaces[0], word, AT, 0) is status
        return
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    assert w.page(AT + 511 * PAGE) == Mapping(region.address(u64(511)), F.USER | F.WRITE)
    w.ok(0, C.UNMAP, w.spaces[0], w.mem)


@pytest.mark.promise("they are mapped as device memory, never executable")
def test_a_device_is_mapped_as_device_memory_and_never_executed() -> None:
    w = Mapped()
    word = w.give(0, w.registers(0x901_0000))
    w.ok(0, C.MAP, w.spaces[0], word, AT, 1)
    assert w.page(AT) == Mapping(u64(0x901_0000), F.USER | F.WRITE | F.DEVICE)
    assert w.refused(0, C.PROTECT, w.spaces[0], word, 2) is Status.INVALID_FLAGS
    w.ok(0, C.PROTECT, w.spaces[0], word, 0)
    assert w.page(AT) == Mapping(u64(0x901_0000), F.USER | F.DEVICE)


def test_a_device_gives_no_frames_back() -> None:
    w = Mapped()
    free = w.kernel.frames.available()
    word = w.give(0, w.registers(0x901_0000))
    w.ok(0, C.CAP_DROP, word)
    assert w.kernel.frames.available() == free


@pytest.mark.promise(
    "No page is writable and executable, for user programs and for the kernel alike",
    "memory, READ, WRITE, EXECUTE, lets its holder: map it so",
    "memory, READ, WRITE, EXECUTE, lets its holder: never WRITE and EXECUTE together",
)
@pytest.mark.parametrize(
    ("rights", "allowed"),
    [
        (Rights.READ, {0}),
        (Rights.READ | Rights.WRITE, {0, 1}),
        (Rights.READ | Rights.EXECUTE, {0, 2}),
        (Rights.READ | Rights.WRITE | Rights.EXECUTE, {0, 1, 2}),
        (Rights.WRITE | Rights.EXECUTE, set()),
        (Rights.NONE, set()),
    ],
)
def test_the_rights_over_memory_bound_how_it_can_be_mapped_and_protected(rights: Rights, allowed: set[int]) -> None:
    w = Mapped()
    for flags in range(4):
        word = w.give(0, w.whole, rights)
        expected = Status.INVALID_FLAGS if flags == 3 and Rights.WRITE | Rights.EXECUTE in rights else None
        if flags in allowed:
            w.ok(0, C.MAP, w.spaces[0], word, AT, flags)
            for other in range(3):
                status = w.status(0, C.PROTECT, w.spaces[0], word, other)
                assert status is (Status.OK if other in allowed else Status.INSUFFICIENT_RIGHTS)
            w.ok(0, C.UNMAP, w.spaces[0], word)
        else:
            status = w.refused(0, C.MAP, w.spaces[0], word, AT, flags)
            assert status in ({expected} if expected and Rights.READ in rights else {Status.INSUFFICIENT_RIGHTS})
        w.ok(0, C.CAP_DROP, word)


def test_protecting_changes_every_page_and_forgets_each_in_the_tlb() -> None:
    w = Mapped()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    w.ok(0, C.PROTECT, w.spaces[0], w.mem, 0)
    assert w.leads(AT, 5, 0, F.NONE)


# --- parts


@pytest.mark.parametrize(("first", "pages"), [(0, 1), (0, 5), (1, 3), (4, 1)])
def test_a_part_is_a_child_that_maps_its_pages_only(first: int, pages: int) -> None:
    w = Mapped()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, first, pages)
    assert w.slot(0, part).parent is w.slot(0, w.mem)
    w.ok(0, C.MAP, w.spaces[0], part, AT, 1)
    assert w.leads(AT, pages, first, F.WRITE)


@pytest.mark.promise(
    "Rights only shrink from parent to child, and a child names the same object or a part of its pages",
)
def test_a_part_of_a_part_counts_from_the_part() -> None:
    w = Mapped()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, 1, 3)
    inner = w.ok(0, C.MEMORY_DERIVE, part, EVERY, 1, 2)
    assert w.refused(0, C.MEMORY_DERIVE, part, EVERY, 1, 3) is Status.OUT_OF_RANGE
    w.ok(0, C.MAP, w.spaces[0], inner, AT, 0)
    assert w.leads(AT, 2, 2, F.NONE)


@pytest.mark.promise(
    "Rights only shrink from parent to child, and a child names the same object or a part of its pages",
)
def test_a_part_has_no_more_rights_than_asked_for_and_than_its_source() -> None:
    w = Mapped()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, int(Rights.READ | Rights.DERIVE), 0, 2)
    assert w.slot(0, part).held().rights == Rights.READ | Rights.DERIVE
    assert w.refused(0, C.MEMORY_DERIVE, part, int(Rights.WRITE), 0, 1) is Status.WIDENED_RIGHTS


# --- what ends a mapping


@pytest.mark.promise(
    "one by which memory is mapped, afterwards: is gone, and so are the pages, from the tables and from the TLB",
    (
        "Memory is mapped by capability only, once for each capability, and the mapping goes when the capability "
        "goes or moves"
    ),
)
@pytest.mark.parametrize("how", ["drop", "revoke", "move", "move away", "send", "call", "reply"])
def test_a_mapping_goes_with_its_capability(how: str) -> None:
    w = Mapped()
    part = w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, 0, 2)
    before = resources(w.kernel)["spaces"]
    door = w.endpoint()
    mine, its = w.give(0, door), w.give(1, door)
    reply = NULL
    if how == "reply":
        w.blocks(1, C.CALL, its, 0, 0, 0, 0, NULL)
        w.ok(0, C.WAIT, mine)
        reply = w.x(0)[7]
    w.ok(0, C.MAP, w.spaces[0], part, AT, 1)
    w.board.events.clear()
    match how:
        case "drop":
            w.ok(0, C.CAP_DROP, part)
        case "revoke":
            w.ok(0, C.CAP_REVOKE, w.mem)
        case "move":
            assert w.call(0, C.CAP_QUERY, w.ok(0, C.CAP_MOVE, part, NULL)) is not None
            assert w.x(0)[6] == 0
        case "move away":
            w.ok(0, C.CAP_MOVE, part, w.give_task(0, 1))
        case "send":
            w.ok(0, C.SEND, mine, 0, 0, 0, 0, part)
        case "call":
            w.blocks(1, C.WAIT, its)
            w.blocks(0, C.CALL, mine, 0, 0, 0, 0, part)
        case "reply":
            w.ok(0, C.REPLY, reply, 0, 0, 0, 0, part)
    assert w.page(AT) is Status.NOT_MAPPED and w.page(AT + PAGE) is Status.NOT_MAPPED
    assert forgotten(w) == [AT, AT + PAGE]
    assert resources(w.kernel)["spaces"] == before


def test_a_waiting_senders_memory_stays_mapped_until_it_is_received() -> None:
    w = Mapped()
    door = w.endpoint()
    mine, its = w.give(0, door), w.give(1, door)
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    w.blocks(0, C.SEND_WAIT, mine, 0, 0, 0, 0, w.mem)
    assert w.leads(AT, 5, 0, F.WRITE)
    w.ok(1, C.WAIT, its)
    assert w.page(AT) is Status.NOT_MAPPED


@pytest.mark.promise(
    "one by which memory is mapped, afterwards: is gone, and so are the pages, from the tables and from the TLB",
)
def test_revoking_memory_takes_its_parts_out_of_every_space() -> None:
    w = Mapped()
    parts = [w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, page, 1) for page in range(2)]
    for number, part in enumerate(parts):
        w.ok(0, C.MAP, w.spaces[number], part, AT, 1)
    w.ok(0, C.CAP_REVOKE, w.mem)
    assert w.page(AT, 0) is Status.NOT_MAPPED and w.page(AT, 1) is Status.NOT_MAPPED


@pytest.mark.promise("its mappings, its address space: are gone, unless another capability names the space")
def test_the_end_of_a_task_takes_back_what_it_had_mapped_elsewhere() -> None:
    w = Mapped()
    w.ok(0, C.MAP, w.spaces[1], w.mem, AT, 1)
    w.call(0, C.TASK_EXIT, 0)
    assert w.page(AT, 1) is Status.NOT_MAPPED


def test_memory_whose_space_is_gone_is_mapped_nowhere_and_can_be_mapped_again() -> None:
    w = Mapped()
    space = w.ok(0, C.CREATE, w.give_quota(0), CapKind.ADDRESS_SPACE.value, 0)
    w.ok(0, C.MAP, space, w.mem, AT, 1)
    free = w.kernel.frames.available()
    w.ok(0, C.CAP_DROP, space)
    assert w.kernel.frames.available() == free + 4  # the root and three tables, but not the memory
    assert w.call(0, C.CAP_QUERY, w.mem) is not None and w.x(0)[6] == 0
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    assert w.leads(AT, 5, 0, F.WRITE)


def test_memory_that_was_mapped_in_a_space_that_is_gone_can_be_moved_and_dropped() -> None:
    w = Mapped()
    purse = w.give_quota(0)
    for act in (C.CAP_MOVE, C.CAP_DROP):
        space = w.ok(0, C.CREATE, purse, CapKind.ADDRESS_SPACE.value, 0)
        word = w.ok(0, C.CAP_COPY, w.mem, EVERY)
        w.ok(0, C.MAP, space, word, AT, 1)
        w.ok(0, C.CAP_DROP, space)
        again = w.ok(0, C.CREATE, purse, CapKind.ADDRESS_SPACE.value, 0)
        assert w.refused(0, C.UNMAP, again, word) is Status.NOT_MAPPED
        w.ok(0, act, word, NULL)


def test_a_part_stays_mapped_when_another_is_unmapped_beside_it() -> None:
    w = Mapped()
    parts = [w.ok(0, C.MEMORY_DERIVE, w.mem, EVERY, page, 1) for page in range(3)]
    for page, part in enumerate(parts):
        w.ok(0, C.MAP, w.spaces[0], part, AT + page * PAGE, 1)
    w.ok(0, C.UNMAP, w.spaces[0], parts[1])
    assert w.page(AT + PAGE) is Status.NOT_MAPPED
    assert w.leads(AT, 1, 0, F.WRITE) and w.leads(AT + 2 * PAGE, 1, 2, F.WRITE)


def test_memory_mapped_twice_at_one_address_is_refused_page_by_page() -> None:
    w = Mapped()
    copy = w.ok(0, C.CAP_COPY, w.mem, EVERY)
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 1)
    for offset in (-4, -1, 0, 1, 4):
        assert w.refused(0, C.MAP, w.spaces[0], copy, AT + offset * PAGE, 1) is Status.ALREADY_MAPPED
    w.ok(0, C.MAP, w.spaces[0], copy, AT + 5 * PAGE, 1)


# --- tables


def test_nothing_is_mapped_in_a_space_whose_tables_are_being_released_or_that_has_ended() -> None:
    w = Mapped()
    w.ok(0, C.MAP, w.spaces[0], w.mem, AT, 0)
    placement = w.slot(0, w.mem).placement
    assert placement is not None
    space = w.kernel.spaces.items[1]
    assert space_of(placement) is space and space_of(None) is None
    space.released = u64(PAGE)
    assert space_of(placement) is None
    space.released, space.life.count = u64(0), space.life.count + 1
    assert space_of(placement) is None


@pytest.mark.parametrize("left", [2, 3, 4])
def test_the_last_frames_that_are_free_are_enough_for_the_tables_of_a_mapping(left: int) -> None:
    w = Mapped()
    frames = w.kernel.frames
    frames.promised += frames.available() - left
    found = map_memory(w.kernel, w.slot(0, w.spaces[0]), w.slot(0, w.mem), u64(1 << 39), u64(0))
    assert (found is Status.OUT_OF_FRAMES) is (left < 3)
    assert frames.available() == (left if left < 3 else left - 3)


def test_a_capability_that_goes_is_mapped_no_more_whether_or_not_its_space_is_still_there() -> None:
    kernel = slim_kernel(MemoryBoard())
    region, space = kernel.regions.items[0], kernel.spaces.items[0]
    space.released = u64(PAGE)
    slot = CapSlot()
    slot.capability = Capability(Rights.READ, MemoryHandle(region, region.life.count, u32(0), u32(1)))
    slot.placement = Placement(AddressSpaceHandle(space, space.life.count), u64(PAGE))
    lay_down(kernel, slot)
    assert slot.placement is None
