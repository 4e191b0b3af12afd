"""All pages of all address spaces of a kernel, as the MMU walks them."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tyrne.hal.aarch64.descriptors import PAGE_ADDRESS
from tyrne.kernel.kernel import Kernel
from tyrne.testing.board import RAM, MemoryBoard


def mapped(kernel: Kernel[MemoryBoard], only: int = 0) -> dict[tuple[int, int], int]:
    """The frame of each page, by ASID and address.

    With `only`, those whose descriptors have that bit.
    """
    return {
        (int(space.asid), address): descriptor & int(PAGE_ADDRESS)
        for space, alive in zip(kernel.spaces.items, kernel.spaces.occupied, strict=True)
        if alive
        for address, descriptor in descriptors(kernel.board.ram, int(space.root), 0, 39)
        if descriptor & only == only
    }


def descriptors(ram: bytearray, table: int, base: int, shift: int) -> Iterator[tuple[int, int]]:
    """The addresses of all pages below a table, and their descriptors."""
    for index, entry in enumerate(struct.unpack_from("<512Q", ram, table - RAM)):
        if entry & 1 and shift > 12:
            yield from descriptors(ram, entry & int(PAGE_ADDRESS), base + (index << shift), shift - 9)
        elif entry & 1:
            yield base + (index << shift), entry
