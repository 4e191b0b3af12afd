"""Page tables against a dict of pages, and descriptors through their encoder and decoder."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kernel.ranges import PAGES, map_range, protect_range, unmap_range
from tyrne.abi import Status
from tyrne.boot.loader import tables_for
from tyrne.hal.aarch64.descriptors import USER_LIMIT, block_descriptor, decode_flags, page_descriptor, table_descriptor
from tyrne.hal.pages import MappingFlags
from tyrne.inspect.page_tables import read_tree
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.page_ranges import missing_tables
from tyrne.kernel.page_table import Mapping, invalid_in_space, map_page, translate
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u16, u64
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import managed

FRAMES = 40
ASID = u16(3)
DEVICE = 1 << 38
index = st.sampled_from([0, 1, 511])
addresses = st.builds(
    lambda a, b, c, d, low: (((a * 512 + b) * 512 + c) * 512 + d) * PAGE + low,
    index,
    index,
    index,
    index,
    st.sampled_from([0, 0, 0, 0, 1, PAGE - 1]),
) | st.sampled_from([int(USER_LIMIT), int(USER_LIMIT) + PAGE, 2**64 - PAGE, 2**64 - 1])
flag_sets = st.integers(0, 63).map(MappingFlags)
words = st.integers(0, 2**64 - 1)


class Tables(RuleBasedStateMachine):
    """Few frames, so that they run out. The model maps page addresses to frames and flags."""

    @initialize()
    def build(self) -> None:
        self.board = MemoryBoard(FRAMES)
        self.frames = managed(FRAMES)
        root = self.frames.allocate(self.board)
        assert root is not None
        self.root = root
        self.pages: dict[int, Mapping] = {}
        self.tables: set[tuple[int, int]] = set()

    def tables_on_the_way(self, address: int) -> list[tuple[int, int]]:
        return [(shift, address >> shift) for shift in (39, 30, 21)]

    def run(self, pick: int, count: int) -> tuple[int, int]:
        """A range of pages that are all mapped."""
        start = end = self.live(pick)
        while end in self.pages and end < start + count * PAGE:
            end += PAGE
        return start, end

    def leads_anywhere(self, shift: int, number: int) -> bool:
        """Whether a page or another table is reached through a table."""
        if any(page >> shift == number for page in self.pages):
            return True
        return any(below < shift and at >> (shift - below) == number for below, at in self.tables)

    def live(self, pick: int) -> int:
        return sorted(self.pages)[pick % len(self.pages)]

    @rule(address=addresses, flags=flag_sets)
    def map(self, address: int, flags: MappingFlags) -> None:
        frame = self.frames.allocate(self.board)
        if frame is None:
            return
        free = self.frames.available()
        missing = [table for table in self.tables_on_the_way(address) if table not in self.tables]
        result = map_page(self.board, self.frames, self.root, u64(address), frame, flags)
        expected: Status | None = None
        if address % PAGE:
            expected = Status.MISALIGNED_ADDRESS
        elif address < PAGE or address >= USER_LIMIT:
            expected = Status.OUT_OF_RANGE
        elif invalid_in_space(flags):
            expected = Status.INVALID_FLAGS
        elif address in self.pages:
            expected = Status.ALREADY_MAPPED
        else:
            self.tables |= set(missing[:free])
            if len(missing) > free:
                expected = Status.OUT_OF_FRAMES
        assert result is expected
        if expected is None:
            self.pages[address] = Mapping(frame, flags)
        else:
            self.frames.free(frame)

    @rule(address=addresses, count=st.sampled_from([1, 2, 33, 511, 512, 513]), flags=flag_sets)
    def map_many(self, address: int, count: int, flags: MappingFlags) -> None:
        """A range of device pages: they are nobody's frames."""
        start = address // PAGE * PAGE
        end = start + count * PAGE
        if start < PAGE or end > USER_LIMIT or invalid_in_space(flags) or flags & MappingFlags.OWNED:
            return
        if any(start <= page < end for page in self.pages):
            assert missing_tables(self.board, self.root, PAGES, u64(start), u64(end)) is Status.ALREADY_MAPPED
            return
        wanted = {(shift, page >> shift) for page in range(start, end, PAGE) for shift in (39, 30, 21)}
        if len(wanted - self.tables) > self.frames.available():
            return
        map_range(self.board, self.frames, self.root, start, end, DEVICE, flags)
        self.tables |= wanted
        self.pages |= {page: Mapping(u64(DEVICE + page - start), flags) for page in range(start, end, PAGE)}

    @rule(pick=st.integers(0, 100), count=st.sampled_from([1, 2, 33, 511, 512]), flags=flag_sets)
    def protect_many(self, pick: int, count: int, flags: MappingFlags) -> None:
        if self.pages and not invalid_in_space(flags) and not flags & MappingFlags.OWNED:
            start, end = self.run(pick, count)
            frames = [int(self.pages[page].frame) for page in range(start, end, PAGE)]
            protect_range(self.board, self.root, ASID, start, end, frames, flags)
            for page in range(start, end, PAGE):
                self.pages[page] = Mapping(self.pages[page].frame, flags)

    @rule(pick=st.integers(0, 100), count=st.sampled_from([1, 2, 33, 511, 512, 513]))
    def unmap_many(self, pick: int, count: int) -> None:
        """Tables that lead nowhere go, those of other pages stay."""
        if not self.pages:
            return
        start, end = self.run(pick, count)
        free = self.frames.available()
        unmap_range(self.board, self.frames, self.root, ASID, start, end)
        for page in range(start, end, PAGE):
            frame = self.pages.pop(page).frame
            if frame < DEVICE:
                self.frames.free(frame)
                free += 1
        gone = {(shift, page >> shift) for page in range(start, end, PAGE) for shift in (39, 30, 21)}
        for shift, number in sorted(gone):  # tables of pages before those of tables
            if not self.leads_anywhere(shift, number):
                self.tables.remove((shift, number))
                free += 1
        assert self.frames.available() == free

    @rule(pick=st.integers(0, 100), flags=flag_sets)
    def protect(self, pick: int, flags: MappingFlags) -> None:
        """What belongs to no frame cannot come to belong to the space by this."""
        if self.pages and not invalid_in_space(flags) and not flags & MappingFlags.OWNED:
            address = self.live(pick)
            frames = [int(self.pages[address].frame)]
            protect_range(self.board, self.root, ASID, address, address + PAGE, frames, flags)
            self.pages[address] = Mapping(self.pages[address].frame, flags)

    @rule(address=addresses, count=st.sampled_from([1, 2, 512, 513]))
    def count_missing(self, address: int, count: int) -> None:
        start = address // PAGE * PAGE
        end = start + count * PAGE
        if end <= USER_LIMIT:
            wanted = {(shift, page >> shift) for page in range(start, end, PAGE) for shift in (39, 30, 21)}
            missing = wanted - self.tables
            found = missing_tables(self.board, self.root, PAGES, u64(start), u64(end))
            there = any(start <= page < end for page in self.pages)
            assert found == (Status.ALREADY_MAPPED if there else len(missing))

    @rule(address=addresses)
    def translate_anything(self, address: int) -> None:
        found = translate(self.board, self.root, u64(address))
        assert found == self.pages.get(address // PAGE * PAGE, Status.NOT_MAPPED)

    @invariant()
    def agree(self) -> None:
        for address, mapping in self.pages.items():
            assert translate(self.board, self.root, u64(address)) == mapping
        mine = [mapping for mapping in self.pages.values() if mapping.frame < DEVICE]
        assert self.frames.allocated == 1 + len(self.tables) + len(mine)
        tree = read_tree(self.board, int(self.root))
        assert not tree.miscounted and len(tree.tables) == 1 + len(self.tables)

    def teardown(self) -> None:
        if hasattr(self, "root"):
            space = AddressSpace()
            owned = [m for m in self.pages.values() if m.flags & MappingFlags.OWNED]
            space.root, space.frames = self.root, u64(1 + len(self.tables) + len(owned))
            freed = 0
            while space.root != 0:
                freed += int(space.release_some(self.board, self.frames))
            assert freed == 1 + len(self.tables) + len(owned)
            for mapping in self.pages.values():
                if not mapping.flags & MappingFlags.OWNED and mapping.frame < DEVICE:
                    self.frames.free(mapping.frame)
            assert self.frames.available() == FRAMES


TestTables = Tables.TestCase
TestTables.settings = settings(max_examples=60, stateful_step_count=25)


@given(st.lists(st.tuples(st.integers(1, (1 << 36) - 40), st.integers(1, 30)), min_size=1, max_size=4))
def test_the_count_of_tables_is_the_number_of_distinct_ones(runs: list[tuple[int, int]]) -> None:
    distinct: set[tuple[int, int]] = set()
    needed, below, floor, board = u64(0), u64(0), 0, MemoryBoard(1)
    for first, length in sorted(runs):
        start = max(first, floor)
        floor = start + length
        needed += tables_for(board, u64(start * PAGE), u64(floor * PAGE), below)
        below = u64(floor * PAGE - 1)
        distinct |= {(shift, page * PAGE >> shift) for page in range(start, floor) for shift in (39, 30, 21)}
    assert needed == len(distinct)


@given(words, flag_sets)
def test_an_encoded_descriptor_decodes_to_its_flags_and_keeps_its_address(address: int, flags: MappingFlags) -> None:
    expected = flags & ~MappingFlags.EXECUTE if flags & MappingFlags.DEVICE else flags
    page, block = page_descriptor(u64(address), flags), block_descriptor(u64(address), flags)
    assert decode_flags(page) == decode_flags(block) == expected
    assert page & 0x0000_FFFF_FFFF_F000 == address & 0x0000_FFFF_FFFF_F000
    assert block & 0x0000_FFFF_FFFF_F000 == address & 0x0000_FFFF_FFE0_0000
    assert table_descriptor(u64(address)) == address & 0x0000_FFFF_FFFF_F000 | 3


@given(words)
def test_no_pattern_decodes_to_more_than_the_hardware_allows(word: int) -> None:
    flags = decode_flags(u64(word))
    assert not flags & MappingFlags.EXECUTE or word >> (54 if word >> 6 & 1 else 53) & 1 == 0
    assert not flags & MappingFlags.WRITE or word >> 7 & 1 == 0
    assert not flags & MappingFlags.USER or word >> 6 & 1 == 1
    assert not (flags & MappingFlags.EXECUTE and flags & MappingFlags.DEVICE)


edges = words | st.sampled_from([0, 1, PAGE, 2**64 - PAGE, 2**64 - 1, 1 << 48])


@settings(max_examples=300)
@given(edges, edges, edges, edges)
def test_a_window_accepts_exactly_the_ranges_inside_it(base: int, length: int, pointer: int, count: int) -> None:
    expected = count == 0 or (base <= pointer and pointer + count <= base + length and base + length < 2**64)
    assert UserWindow(u64(base), u64(length)).validate(u64(pointer), u64(count)) is expected


@given(words, st.integers(0, 10000), st.integers(-3, 10003), st.integers(0, 10003))
def test_a_window_accepts_exactly_the_ranges_near_it(base: int, length: int, offset: int, count: int) -> None:
    pointer = (base + offset) % 2**64
    expected = count == 0 or (base <= pointer and pointer + count <= base + length and base + length < 2**64)
    assert UserWindow(u64(base), u64(length)).validate(u64(pointer), u64(count)) is expected
