"""What holds of frames, translation tables and quotas between any two traps. Each yields a sentence per violation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tyrne.abi import CapKind, Rights
from tyrne.hal.aarch64.descriptors import ACCESS_FLAG, PAGE_ADDRESS
from tyrne.hal.pages import BLOCK_PAGES, PAGE_SIZE, MappingFlags, forbidden
from tyrne.hosted.taken import pages_held, taken_frames
from tyrne.inspect.page_tables import Tree, flags_of, living_spaces, owned_pages, read_tree
from tyrne.inspect.slots import arenas, object_of, occupied, tables
from tyrne.kernel.capability import MemoryHandle
from tyrne.kernel.config import MAX_PIECES
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.quota import CLAIMS, FRAMES
from tyrne.lang import bit_not, u64

Violations = Iterator[str]


def each_frame_has_one_owner(kernel: Kernel[Any]) -> Violations:
    """Free, reserved, a table of a space, a page of a space, or of a region; and the counters say how many. What is
    shared with devices is reserved, and a page of a region."""
    owners: Counter[int] = Counter()
    reserved: set[int] = set()
    for kept in list(kernel.frames.reserved)[: kernel.frames.reserved_ranges]:
        reserved.update(range(kept.start, kept.end, PAGE_SIZE))
    shared: Counter[int] = Counter()
    promised = 0
    for name, space, tree in living_spaces(kernel):
        mine = tree.tables + owned_pages(tree)
        owners.update(mine)
        if space.frames != len(mine):
            yield f"{name}: counts {space.frames} frames, has {len(mine)}"
    for region, alive in zip(kernel.regions.items, kernel.regions.occupied, strict=True):
        if alive and not region.device:
            if region.cleared and int(region.address(u64(0))) in reserved:
                shared.update(int(region.address(u64(page))) for page in range(region.pages))
            owners.update(pages_held(region))
        if alive and not region.large:
            promised += int(region.pages) - int(region.cleared)
    yield from (f"frame {frame:#x}: {count} owners" for frame, count in (owners + shared).items() if count != 1)
    frames = kernel.frames
    start, total = int(frames.extent.start), int(frames.total())
    taken = {start + i * int(PAGE_SIZE) for i in taken_frames(frames)}
    if taken != reserved | owners.keys() or reserved & owners.keys():
        lost, wrong = taken - reserved - owners.keys(), owners.keys() - (taken - reserved)
        yield f"taken and owned by nobody: {sorted(map(hex, lost))}; owned and not taken: {sorted(map(hex, wrong))}"
    if frames.allocated != len(owners) or frames.reserved_frames != len(reserved):
        yield f"{frames.allocated} frames allocated, {len(owners)} owned"
    if frames.promised != promised or promised > total - len(taken):
        yield f"{frames.promised} frames promised, {promised} are to be taken, {total - len(taken)} are free"
    if any(bit_not(frames.full[i]) for i in range(frames.hint)):
        yield "a frame below the hint is free"


def what_is_taken_is_summed_up(kernel: Kernel[Any]) -> Violations:
    """Of each word of the bitmap, whether all of it is taken; of each block, how many frames are. A block that is taken
    as a whole is not in the bitmap."""
    frames = kernel.frames
    taken = set(taken_frames(frames))
    for word in range((int(frames.total()) + 63) // 64):
        inside = range(word * 64, min(word * 64 + 64, int(frames.total())))
        if bool(frames.full[word // 64] >> word % 64 & 1) != all(i in taken for i in inside):
            yield f"word {word} of the bitmap: whether it is full is told wrong"
    for block in range(int(frames.total()) // 512):
        count = sum(i in taken for i in range(block * 512, block * 512 + 512))
        if frames.in_block[block] != count:
            yield f"block {block}: counts {frames.in_block[block]} taken frames, has {count}"


def _kept_ranges(kernel: Kernel[Any]) -> list[tuple[int, int]]:
    """What the kernel keeps for itself: not what is shared with devices, which regions fill to the last page."""
    ranges = [(int(r.start), int(r.end)) for r in list(kernel.frames.reserved)[: kernel.frames.reserved_ranges]]
    regions = zip(kernel.regions.items, kernel.regions.occupied, strict=True)
    shared = [r for r, alive in regions if alive and not r.device and r.cleared and not r.held]
    places = [(int(r.address(u64(0))), int(r.pages * PAGE_SIZE)) for r in shared]
    return [
        (start, end)
        for start, end in ranges
        if sum(length for place, length in places if start <= place < end) != end - start
    ]


def tables_are_reachable_only_by_their_owner(kernel: Kernel[Any]) -> Violations:
    """No task can act through another's table, and none can touch a table as memory.

    Each task has a capability table of its own, and calls with no other; no slot stands in two. Each translation table
    is reached once, from the root of one space. No page is a translation table, or memory that the kernel keeps: there
    the capability tables are.
    """
    owners: dict[int, str] = {}
    for name, table in tables(kernel).items():
        if id(table) in owners:
            yield f"{name}: has the capability table of {owners[id(table)]}"
            continue
        owners[id(table)] = name
        for slot in table.slots:
            if id(slot) in owners:
                yield f"{name}: has a slot of {owners[id(slot)]}"
            owners[id(slot)] = name
    for i, task in enumerate(kernel.tasks.items):
        context = task.context
        if context is not None and context.table is not task.capabilities:
            yield f"task {i}: calls with the capability table of {owners.get(id(context.table), 'nobody')}"
    reached: dict[int, str] = {}
    spaces = list(living_spaces(kernel))
    for name, _, tree in spaces:
        for frame in tree.tables:
            if frame in reached:
                yield f"{name}: reaches the table {frame:#x} of {reached[frame]}"
            reached[frame] = name
    kept = _kept_ranges(kernel)
    for name, _, tree in spaces:
        for address, entry in tree.mapped.items():
            frame = entry & int(PAGE_ADDRESS)
            if frame in reached:
                yield f"{name}, {address:#x}: is the table {frame:#x} of {reached[frame]}"
            if any(start <= frame < end for start, end in kept):
                yield f"{name}, {address:#x}: is memory that the kernel keeps, {frame:#x}"


def claims_only_move(kernel: Kernel[Any]) -> Violations:
    """For each kind, and for frames: what all quotas may still make, and what there is, add up to what boot had."""
    kinds = {
        CapKind.TASK: "task",
        CapKind.ENDPOINT: "endpoint",
        CapKind.NOTIFICATION: "notification",
        CapKind.ADDRESS_SPACE: "space",
        CapKind.MEMORY: "region",
        CapKind.QUOTA: "quota",
    }
    initial = {int(FRAMES): int(kernel.frames.total() - kernel.frames.reserved_frames)}
    living = {int(FRAMES): int(kernel.frames.allocated + kernel.frames.promised)}
    for kind, name in kinds.items():
        arena = arenas(kernel)[name]
        initial[kind.value], living[kind.value] = len(arena.items), int(arena.population)
    quotas = [q for q, alive in zip(kernel.quotas.items, kernel.quotas.occupied, strict=True) if alive]
    for claim in range(CLAIMS):
        claimed = sum(int(quota.claims[claim]) for quota in quotas)
        if claimed + living.get(claim, 0) != initial.get(claim, 0):
            yield f"claim {claim}: {claimed} claimed, {living.get(claim)} living, {initial.get(claim)} at the start"


def what_is_mapped_is_recorded(kernel: Kernel[Any]) -> Violations:
    """A page that a space does not own is there exactly for one memory capability that says so, with its rights."""
    expected: dict[tuple[int, int], tuple[str, int, Rights, bool]] = {}
    for name, slot in occupied(kernel):
        named, placement = slot.held().object, slot.placement
        if placement is None or object_of(kernel, placement.space) is None or placement.space.at.released != 0:
            continue
        region = object_of(kernel, named) if isinstance(named, MemoryHandle) else None
        if region is None or not isinstance(named, MemoryHandle):
            yield f"{name}: no memory, and mapped"
            continue
        step = int(BLOCK_PAGES) if named.pages > MAX_PIECES else 1
        for page in range(0, int(named.pages), step):
            at = (int(placement.space.at.life.index), int(placement.address) + page * int(PAGE_SIZE))
            frame = int(region.address(u64(named.first) + page))
            if at in expected:
                yield f"{name}: space {at[0]}, {at[1]:#x} is mapped twice"
            expected[at] = (name, frame, slot.held().rights, bool(region.device))
    for i, alive in enumerate(kernel.spaces.occupied):
        if alive and kernel.spaces.items[i].root != 0 and kernel.spaces.items[i].released == 0:
            yield from _compare(i, read_tree(kernel.board, int(kernel.spaces.items[i].root)), expected)
    yield from (f"{name}: recorded at {at}, not mapped there" for at, (name, *_) in expected.items())


def _compare(index: int, tree: Tree, expected: dict[tuple[int, int], tuple[str, int, Rights, bool]]) -> Violations:
    """Take what is found out of what is expected."""
    for address in tree.kept:
        if expected.pop((index, address), None) is None:
            yield f"space {index}, {address:#x}: is kept for nothing"
    for address, entry in tree.mapped.items():
        flags = flags_of(entry)
        if flags & MappingFlags.OWNED:
            continue
        name, frame, rights, device = expected.pop((index, address), ("nothing", -1, Rights.NONE, False))
        needed = Rights.READ
        needed |= Rights.WRITE if flags & MappingFlags.WRITE else Rights.NONE
        needed |= Rights.EXECUTE if flags & MappingFlags.EXECUTE else Rights.NONE
        found = (entry & int(PAGE_ADDRESS), bool(flags & MappingFlags.DEVICE))
        if found != (frame, device) or needed & rights != needed:
            yield f"space {index}, {address:#x}: {entry:#x} is there for {name}, whose frame is {frame:#x}, {rights!r}"


def tables_are_counted_right(kernel: Kernel[Any]) -> Violations:
    """The descriptor that leads to a table says how many of its entries are used."""
    for name, _, tree in living_spaces(kernel):
        for table, counted, used in tree.miscounted:
            yield f"{name}: table {table:#x} has {used} used entries, and {counted} are counted"


def pages_are_what_a_task_may_have(kernel: Kernel[Any]) -> Violations:
    """EL0's; of one space, accessible, in its half, never the first; never
    writable and executable. No empty tables."""
    for name, _, tree in living_spaces(kernel):
        yield from (f"{name}: descriptor {entry:#x}" for entry in tree.odd)
        yield from (f"{name}: table {table:#x} is empty" for table in tree.empty)
        for address, entry in tree.mapped.items():
            flags = flags_of(entry)
            if forbidden(flags) or flags & MappingFlags.GLOBAL or not flags & MappingFlags.USER:
                yield f"{name}, {address:#x}: {flags!r}"
            if not entry & ACCESS_FLAG or address < PAGE_SIZE:
                yield f"{name}, {address:#x}: {entry:#x}"


def spaces_have_tags_of_their_own(kernel: Kernel[Any]) -> Violations:
    """No two spaces share an ASID, by which the CPU tells cached translations apart: 1 to 255."""
    living = zip(kernel.spaces.items, kernel.spaces.occupied, strict=True)
    tags = Counter(int(space.asid) for space, alive in living if alive)
    yield from (f"ASID {tag}: {count} spaces" for tag, count in tags.items() if count != 1 or not 0 < tag < 256)
