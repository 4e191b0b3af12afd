"""The boot tables: what the MMU translates from its first cycle on.

Through TTBR1_EL1 for ever, at `DIRECT_MAP` + physical address, EL1 only: the sections of the image as executable, as
read-only or as writable pages; both guard pages not at all; all other RAM writable; two blocks of devices. Through
TTBR0_EL1 only until the kernel runs at its high address: the one page of code that switches the MMU on, executable.
No page is writable and executable, and the text has no writable alias.

RAM is mapped in 2 MiB blocks, but for two: the first, which must hold the image up to its stacks, and the one in which
the manifest ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, DISTRIBUTOR, RAM_LIMIT, RAM_START, UART
from tyrne.hal.aarch64.descriptors import block_descriptor, level_index, page_descriptor, table_descriptor
from tyrne.hal.pages import BLOCK_SIZE, PAGE_SIZE, MappingFlags, forbidden
from tyrne.lang import u64

TABLES: Final = u64(10)
"""Pages of zeros that `build` fills."""

CODE: Final = MappingFlags.EXECUTE | MappingFlags.GLOBAL
CONSTANT: Final = MappingFlags.GLOBAL
DATA: Final = MappingFlags.WRITE | MappingFlags.GLOBAL
DEVICE: Final = MappingFlags.WRITE | MappingFlags.DEVICE | MappingFlags.GLOBAL
BOOT_CODE: Final = MappingFlags.EXECUTE
"""Not global: forgotten with the rest of its half."""


class TableMemory(Protocol):
    """RAM by physical address."""

    def write64(self, address: u64, value: u64) -> None: ...


M = TypeVar("M", bound=TableMemory)


@dataclass(frozen=True)
class ImageLayout:
    """Physical addresses of the image's parts in ascending order, page-aligned; each part ends where the next starts.

    A stack is one guard page followed by writable pages. The first page of text is the one that runs from its physical
    address, to switch the MMU on.
    """

    text: u64
    constants: u64
    data: u64
    kernel_guard: u64
    emergency_guard: u64
    emergency_end: u64
    manifest: u64
    end: u64
    tables: u64


@dataclass(frozen=True)
class Roots:
    """Physical addresses of the two level 0 tables."""

    low: u64
    high: u64


@dataclass(frozen=True)
class _Leaves:
    """The tables that describe RAM: level 2, and level 3 of its two blocks that are split into pages."""

    level2: u64
    first: u64
    last: u64
    last_block: u64


def build(memory: M, image: ImageLayout, ram_end: u64) -> Roots:
    """Fill the zeroed tables at `image.tables`. RAM ends with a block."""
    last_block = (image.end - 1) - (image.end - 1) % BLOCK_SIZE
    leaves = _Leaves(_page(image, u64(7)), _page(image, u64(8)), _page(image, u64(9)), last_block)
    assert image.emergency_end <= RAM_START + BLOCK_SIZE
    assert image.end < ram_end <= RAM_LIMIT

    low = _page(image, u64(0))
    _link(memory, low, image.text, u64(0), _page(image, u64(1)))
    _link(memory, _page(image, u64(1)), image.text, u64(1), _page(image, u64(2)))
    _link(memory, _page(image, u64(2)), image.text, u64(2), _page(image, u64(3)))
    _put_page(memory, _page(image, u64(3)), image.text, BOOT_CODE)

    high, level1, devices = _page(image, u64(4)), _page(image, u64(5)), _page(image, u64(6))
    _link(memory, high, DIRECT_MAP + RAM_START, u64(0), level1)
    _link(memory, level1, DIRECT_MAP + UART, u64(1), devices)
    _put_block(memory, devices, DISTRIBUTOR, DEVICE)
    _put_block(memory, devices, UART, DEVICE)

    _link(memory, level1, DIRECT_MAP + RAM_START, u64(1), leaves.level2)
    _link(memory, leaves.level2, RAM_START, u64(2), leaves.first)
    if last_block != RAM_START:
        _link(memory, leaves.level2, last_block, u64(2), leaves.last)
    _map(memory, leaves, RAM_START, image.text, DATA)
    _map(memory, leaves, image.text, image.constants, CODE)
    _map(memory, leaves, image.constants, image.data, CONSTANT)
    _map(memory, leaves, image.data, image.kernel_guard, DATA)
    _map(memory, leaves, image.kernel_guard + PAGE_SIZE, image.emergency_guard, DATA)
    _map(memory, leaves, image.emergency_guard + PAGE_SIZE, image.emergency_end, DATA)
    _map(memory, leaves, image.manifest, image.end, CONSTANT)
    _map(memory, leaves, image.end, ram_end, DATA)
    return Roots(low, high)


def drop_low_half(memory: M, image: ImageLayout) -> None:
    """Empty the level 0 table of the low half; the caller invalidates the TLB."""
    memory.write64(_page(image, u64(0)) + level_index(image.text, u64(0)) * 8, u64(0))


def _page(image: ImageLayout, number: u64) -> u64:
    return image.tables + number * PAGE_SIZE


def _link(memory: M, table: u64, address: u64, level: u64, next_table: u64) -> None:
    memory.write64(table + level_index(address, level) * 8, table_descriptor(next_table))


def _put_block(memory: M, table: u64, address: u64, flags: MappingFlags) -> None:
    assert not forbidden(flags)
    memory.write64(table + level_index(address, u64(2)) * 8, block_descriptor(address, flags))


def _put_page(memory: M, table: u64, address: u64, flags: MappingFlags) -> None:
    assert not forbidden(flags)
    memory.write64(table + level_index(address, u64(3)) * 8, page_descriptor(address, flags))


def _map(memory: M, leaves: _Leaves, start: u64, end: u64, flags: MappingFlags) -> None:
    """Map RAM: by pages in the two split blocks, by blocks elsewhere. What the flags come to is worked out once."""
    assert not forbidden(flags)
    page, whole = page_descriptor(u64(0), flags), block_descriptor(u64(0), flags)
    address = start
    while address < end:
        block = address - address % BLOCK_SIZE
        if block == RAM_START or block == leaves.last_block:
            table = leaves.first if block == RAM_START else leaves.last
            stop = end if end - block < BLOCK_SIZE else block + BLOCK_SIZE
            while address < stop:
                memory.write64(table + level_index(address, u64(3)) * 8, address | page)
                address += PAGE_SIZE
        else:
            assert address == block
            assert end - address >= BLOCK_SIZE
            memory.write64(leaves.level2 + level_index(address, u64(2)) * 8, address | whole)
            address += BLOCK_SIZE
