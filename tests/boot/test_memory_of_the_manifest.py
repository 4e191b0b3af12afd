"""Memory that the manifest fills with what a file held, and memory at a fixed place: what boot makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from boot.altered import Altered
from tyrne.abi import CapKind, Rights, rights_at_boot
from tyrne.hal.manifest import FILL_LENGTH, FILL_REGION, FILL_WORDS, HEADER_WORDS, REGION_WORDS
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.page_table import Mapping, translate
from tyrne.lang import u64
from tyrne.system.parts import Cap, Region
from tyrne.system.parts import Mapping as Mapped
from tyrne.testing.board import PAGE, RAM, MemoryBoard
from tyrne.testing.kernels import PANIC, boot, booted, slim_kernel, task_record

FIRST = RAM + 60 * PAGE
"""Where the regions begin that have a fixed place: four pages at the end of RAM."""
FILE = Path("data.bin")


def filled(*contents: tuple[int, bytes]) -> list[Region]:
    """Regions one after the other at the end of RAM, of so many pages, that begin with what their files held."""
    regions, address = [], FIRST
    for number, (pages, content) in enumerate(contents):
        regions.append(Region(f"r{number}", pages, address, file=FILE, content=content))
        address += pages * PAGE
    return regions


def lies_at(kernel: Kernel[MemoryBoard], address: int, pages: int) -> bytes:
    return kernel.board.get(address, pages * PAGE)


def test_each_region_begins_with_what_its_file_held_and_the_rest_is_clear() -> None:
    contents = [(1, b"one"), (2, b"two" * 2000), (1, b"")]
    kernel = booted(memory=filled(*contents))
    address = FIRST
    for pages, content in contents:
        assert lies_at(kernel, address, pages) == content.ljust(pages * PAGE, b"\0")
        address += pages * PAGE


def test_a_file_may_be_as_long_as_its_region_and_regions_without_one_stand_before_it() -> None:
    first, whole = filled((2, b""), (2, bytes(range(256)) * 32))
    plain = Region("plain", first.pages, first.address, dma=True)
    kernel = booted(memory=[plain, whole])
    assert lies_at(kernel, FIRST, 2) == bytes(2 * PAGE)
    assert lies_at(kernel, FIRST + 2 * PAGE, 2) == whole.content


def with_second_fill(word: u64, value: int) -> Altered:
    """A board in whose manifest of two regions one word of the second record of what is filled has another value."""
    return Altered({int(HEADER_WORDS + 2 * REGION_WORDS + FILL_WORDS + word): value})


@pytest.mark.parametrize("index", [2, 3, 2**64 - 1])
def test_a_region_that_is_not_there_cannot_be_filled(index: int) -> None:
    kernel = slim_kernel(with_second_fill(FILL_REGION, index))
    with pytest.raises(PANIC):
        boot(kernel, task_record("one"), memory=filled((1, b"a"), (2, b"b")))


@pytest.mark.parametrize("length", [2 * PAGE + 1, 3 * PAGE, 2**64 - 1])
def test_a_region_is_not_filled_past_its_end(length: int) -> None:
    with pytest.raises(PANIC):
        boot(
            slim_kernel(with_second_fill(FILL_LENGTH, length)), task_record("one"), memory=filled((1, b"a"), (2, b"b"))
        )


def test_memory_at_a_fixed_place_in_ram_is_mapped_as_memory() -> None:
    cap = Cap(0, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    record = task_record("one", cap, mappings=(Mapped(0, 0x100_0000, True, False),))
    kernel = booted(record, memory=filled((1, b"a")))
    found = translate(kernel.board, kernel.context().space.root, u64(0x100_0000))
    assert found == Mapping(u64(FIRST), MappingFlags.USER | MappingFlags.WRITE)
    assert not kernel.regions.items[0].device


def test_the_kernel_keeps_memory_at_a_fixed_place_with_the_right_to_say_where_it_lies_and_no_other_memory() -> None:
    kernel = booted(memory=[*filled((1, b"a")), Region("elsewhere", 1), Region("uart", 1, 0x901_0000)])
    origins = [kernel.regions.items[number].life.origin for number in range(3)]
    assert origins[0].held().rights == rights_at_boot(CapKind.MEMORY)
    assert not any(origin.held().rights & Rights.LOCATE for origin in origins[1:])
    kept = [slot.held().object for slot in kernel.bootstrap_table.slots if slot.capability is not None]
    assert [origin.held().object in kept for origin in origins] == [True, False, False]


def test_nothing_is_reserved_for_devices_where_no_memory_has_a_fixed_place() -> None:
    ranges = [int(booted(memory=memory).frames.reserved_ranges) for memory in ([], filled((1, b"a")))]
    assert ranges == [2, 3]
