"""Memory of more than 512 pages: made of whole blocks, mapped by them where it can be, cleared page by page."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, Status
from tyrne.hal.pages import MappingFlags as F
from tyrne.inspect.page_tables import flags_of, physical, read_tree
from tyrne.kernel.page_table import Mapping, translate
from tyrne.kernel.user_memory import probe, user_byte_address
from tyrne.kernel.work import Preparation
from tyrne.lang import u64
from tyrne.system.parts import Quota as Claims
from tyrne.testing.board import PAGE, RAM
from tyrne.testing.invariants import violations
from tyrne.testing.kernels import system_call
from tyrne.testing.state import kernel_state, resources
from tyrne.testing.world import World

BLOCK = 512 * PAGE
AT = 1 << 30
EVERY = int(Rights.READ | Rights.WRITE | Rights.DERIVE | Rights.TRANSFER | Rights.DUPLICATE)


class Large(World):
    """Task 0 may make memory from four blocks and what is left of two more."""

    def __init__(self, blocks: int = 2) -> None:
        super().__init__(2, pages=6 * 512, quota=Claims(memory=4, spaces=1, frames=1400))
        self.ok(0, C.QUOTA_MOVE, self.give(0, self.quota_of(1)), self.give_quota(0), 0, 700)
        self.purse, self.space = self.give_quota(0), self.give_space(0, 0)
        self.word = self.ok(0, C.CREATE, self.purse, CapKind.MEMORY.value, blocks * 512)
        self.region = self.kernel.regions.items[0]

    def root(self) -> int:
        return int(self.kernel.spaces.items[1].root)

    def blocks(self) -> dict[int, tuple[int, F]]:
        """Where the blocks of the space of task 0 lead, and how."""
        found = read_tree(self.board, self.root()).blocks
        return {at: (entry & 0xFFFF_FFE0_0000, flags_of(entry)) for at, entry in found.items()}

    def places(self) -> list[int]:
        return [int(piece) * PAGE for piece in list(self.region.pieces)[: int(self.region.held)]]


@pytest.mark.parametrize("pages", [513, 1000, 1025, 512 * 512 + 1, 513 * 512, 1 << 60])
def test_memory_of_more_than_512_pages_is_made_of_whole_blocks_only(pages: int) -> None:
    w = Large()
    assert w.refused(0, C.CREATE, w.purse, CapKind.MEMORY.value, pages) is Status.BAD_ARGUMENT


def test_large_memory_takes_whole_blocks_and_its_maker_pays_for_each_page() -> None:
    w = Large()
    before = w.claims(0).get("FRAMES", 0)
    w.ok(0, C.CREATE, w.purse, CapKind.MEMORY.value, 1024)
    assert before - w.claims(0).get("FRAMES", 0) == 1024
    region = w.kernel.regions.items[1]
    assert (region.large, region.held, region.cleared) == (True, 2, 0)
    assert len({int(piece) for piece in [*w.places(), *list(region.pieces)[:2]]}) == 4
    assert all(place % BLOCK == 0 for place in w.places())


def test_large_memory_for_which_no_block_is_whole_is_not_made_though_there_are_frames() -> None:
    w = Large(1)
    for block in range(6):
        if w.kernel.frames.in_block[block] == 0:
            w.kernel.frames.taken[block * 8] = u64(1)
            w.kernel.frames.in_block[block] += 1
            w.kernel.frames.allocated += 1
    assert w.kernel.frames.available() > 1024
    before = kernel_state(w.kernel)
    answer = system_call(w.kernel, C.CREATE.value, w.purse, CapKind.MEMORY.value, 1024)
    assert answer == (Status.OUT_OF_FRAMES.value, *[0] * 7)
    assert kernel_state(w.kernel) == before


def test_large_memory_is_mapped_by_blocks_and_nobodys_before_all_of_it_is_cleared() -> None:
    w = Large()
    for place in w.places():
        w.board.put(place, b"secret" * 100)
        w.board.put(place + BLOCK - 600, b"secret" * 100)
    w.preempted(0, 700, C.MAP, w.space, w.word, AT, 1)
    assert isinstance(w.task(0).work, Preparation) and w.region.cleared == 700
    assert w.blocks() == {} and read_tree(w.board, w.root()).kept == [AT, AT + BLOCK]
    assert not probe(w.board, w.kernel.spaces.items[1], u64(AT), u64(1), False)
    while w.task(0).work is not None:
        w.ok(w.current() or 1, C.TASK_YIELD)
    first, second = w.places()
    assert w.blocks() == {AT: (first, F.USER | F.WRITE), AT + BLOCK: (second, F.USER | F.WRITE)}
    assert all(w.board.get(place, BLOCK) == bytes(BLOCK) for place in w.places())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (AT + PAGE, Status.MISALIGNED_ADDRESS),
        (AT + BLOCK // 2, Status.MISALIGNED_ADDRESS),
        (AT + 8, Status.MISALIGNED_ADDRESS),
        (0, Status.OUT_OF_RANGE),
        ((1 << 48) - BLOCK, Status.OUT_OF_RANGE),
    ],
)
def test_large_memory_is_mapped_at_multiples_of_a_block_only(address: int, expected: Status) -> None:
    w = Large()
    assert w.refused(0, C.MAP, w.space, w.word, address, 1) is expected


@pytest.mark.parametrize(("first", "pages"), [(0, 513), (1, 1024), (512, 600), (256, 1024)])
def test_a_part_that_is_no_row_of_whole_blocks_is_not_mapped(first: int, pages: int) -> None:
    w = Large(3)
    part = w.ok(0, C.MEMORY_DERIVE, w.word, EVERY, first, pages)
    assert w.refused(0, C.MAP, w.space, part, AT, 1) is Status.BAD_ARGUMENT


@pytest.mark.parametrize(("first", "pages"), [(0, 1), (511, 2), (3, 512), (512, 512), (1023, 1)])
def test_a_part_of_up_to_512_pages_of_large_memory_is_mapped_page_by_page(first: int, pages: int) -> None:
    w = Large()
    part = w.ok(0, C.MEMORY_DERIVE, w.word, EVERY, first, pages)
    w.ok(0, C.MAP, w.space, part, AT - PAGE, 1)
    assert w.blocks() == {}
    for page in range(first, first + pages):
        place = w.places()[page // 512] + page % 512 * PAGE
        at = u64(AT - PAGE + (page - first) * PAGE)
        assert translate(w.board, u64(w.root()), at) == Mapping(u64(place), F.USER | F.WRITE)
    w.ok(0, C.UNMAP, w.space, part)
    assert not read_tree(w.board, w.root()).blocks


def test_a_part_of_whole_blocks_is_mapped_by_blocks() -> None:
    w = Large(3)
    part = w.ok(0, C.MEMORY_DERIVE, w.word, EVERY, 512, 1024)
    w.ok(0, C.MAP, w.space, part, AT, 0)
    assert w.blocks() == {AT + i * BLOCK: (w.places()[1 + i], F.USER) for i in range(2)}


@pytest.mark.parametrize("write", [True, False])
def test_what_is_mapped_by_blocks_is_memory_of_its_task_to_the_last_byte(write: bool) -> None:
    w = Large()
    w.ok(0, C.MAP, w.space, w.word, AT, int(write))
    space, size = w.kernel.spaces.items[1], 2 * BLOCK
    for at in (AT, AT + PAGE - 1, AT + BLOCK - 1, AT + BLOCK, AT + size - 1):
        assert probe(w.board, space, u64(at), u64(1), False)
        assert user_byte_address(w.board, space, u64(at)) == physical(w.board, w.root(), at)
        assert probe(w.board, space, u64(at), u64(1), True) is write
    assert probe(w.board, space, u64(AT), u64(size), write)
    assert not probe(w.board, space, u64(AT - 1), u64(2), False)
    assert not probe(w.board, space, u64(AT + size - 1), u64(2), False)


def test_what_is_mapped_by_blocks_is_protected_and_forgotten_as_a_whole() -> None:
    w = Large()
    w.ok(0, C.MAP, w.space, w.word, AT, 1)
    w.board.events.clear()
    w.ok(0, C.PROTECT, w.space, w.word, 0)
    assert {flags for _, flags in w.blocks().values()} == {F.USER}
    assert w.board.events == [("invalidate_space", 2)]
    w.board.events.clear()
    w.ok(0, C.UNMAP, w.space, w.word)
    assert w.blocks() == {} and w.board.events == [("invalidate_space", 2)]


def test_blocks_and_their_end_leave_no_table_and_no_claim_behind() -> None:
    w = Large()
    before = resources(w.kernel)
    for address in (BLOCK, AT - BLOCK, (1 << 39) - BLOCK, (1 << 48) - 2 * BLOCK):
        w.ok(0, C.MAP, w.space, w.word, address, 1)
        w.ok(0, C.UNMAP, w.space, w.word)
        assert resources(w.kernel) == before


@pytest.mark.parametrize("mapped", [False, True])
def test_large_memory_that_goes_gives_its_blocks_and_claims_back(mapped: bool) -> None:
    w = Large()
    w.ok(0, C.CAP_DROP, w.word)
    before = resources(w.kernel)
    word = w.ok(0, C.CREATE, w.purse, CapKind.MEMORY.value, 1024)
    if mapped:
        w.ok(0, C.MAP, w.space, word, AT, 1)
    w.ok(0, C.CAP_DROP, word)
    assert resources(w.kernel) == before


def test_memory_that_goes_before_it_was_ever_mapped_leaves_its_promise_to_others() -> None:
    w = Large()
    before = w.kernel.frames.available()
    word = w.ok(0, C.CREATE, w.purse, CapKind.MEMORY.value, 300)
    assert (before - w.kernel.frames.available(), w.kernel.frames.promised) == (300, 300)
    w.ok(0, C.CAP_DROP, word)
    assert (w.kernel.frames.available(), w.kernel.frames.promised) == (before, 0)


def test_memory_of_512_pages_is_given_back_in_steps_of_64() -> None:
    w = Large()
    word = w.ok(0, C.CREATE, w.purse, CapKind.MEMORY.value, 512)
    w.ok(0, C.MAP, w.space, word, AT, 1)
    w.ok(0, C.UNMAP, w.space, word)
    taken, steps = w.kernel.frames.allocated, w.board.steps
    w.preempted(0, 3, C.CAP_DROP, word)
    assert taken - w.kernel.frames.allocated == 3 * 64
    while w.task(0).work is not None:
        w.ok(w.current() or 1, C.TASK_YIELD)
    assert taken - w.kernel.frames.allocated == 512 and w.board.steps - steps == 9


def test_a_space_with_blocks_ends_and_the_memory_can_be_mapped_again() -> None:
    w = Large()
    space = w.ok(0, C.CREATE, w.purse, CapKind.ADDRESS_SPACE.value)
    w.ok(0, C.MAP, space, w.word, AT - BLOCK, 1)
    w.ok(0, C.CAP_DROP, space)
    w.ok(0, C.MAP, w.space, w.word, AT, 1)
    assert len(w.blocks()) == 2


def test_large_registers_in_a_row_are_mapped_by_blocks() -> None:
    w = Large()
    word = w.give(0, w.registers(1 << 36, 1024))
    w.ok(0, C.MAP, w.space, word, AT, 1)
    flags = F.USER | F.WRITE | F.DEVICE
    assert w.blocks() == {AT: (1 << 36, flags), AT + BLOCK: ((1 << 36) + BLOCK, flags)}
    other = w.give(0, w.registers((1 << 36) + PAGE, 1024))
    assert w.refused(0, C.MAP, w.space, other, AT + 4 * BLOCK, 1) is Status.BAD_ARGUMENT


def test_a_page_is_taken_when_it_is_cleared_and_not_when_memory_is_made() -> None:
    w = Large()
    before = w.kernel.frames.allocated
    word = w.ok(0, C.CREATE, w.purse, CapKind.MEMORY.value, 5)
    region = w.kernel.regions.items[1]
    assert (w.kernel.frames.allocated - before, region.held) == (0, 0)
    w.preempted(0, 2, C.MAP, w.space, word, AT, 0)
    assert (region.held, region.cleared) == (2, 2)
    assert all(int(place) * PAGE > RAM for place in list(region.pieces)[:2])


def test_the_invariants_see_a_block_that_can_be_reached_before_it_is_cleared_or_while_it_is_prepared() -> None:
    w = Large()
    w.ok(0, C.MAP, w.space, w.word, AT, 1)
    w.region.cleared = u64(1023)
    assert any("which is not cleared" in said for said in violations(w.kernel))
    w.region.cleared = u64(1024)
    w.task(0).work = Preparation(w.slot(0, w.word), F.USER, u64(0))
    assert any("can be reached already" in said for said in violations(w.kernel))
