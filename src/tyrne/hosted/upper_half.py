"""The kernel's half of the address space, as EL0 meets it: mapped, and closed.

The hosted kernel runs outside the CPU and needs no mapping. A task that reaches for kernel addresses must all the same
fault as on the metal: there the kernel's direct map stands, so the fault is of permission, and its level says whether
pages or a block lie there. These tables have the shape of the metal board's: RAM in 2 MiB blocks, but pages in the
block of the image's start and in that of its end; two blocks of devices. Nothing in them is open to EL0.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, DISTRIBUTOR, UART
from tyrne.hal.aarch64.descriptors import block_descriptor, level_index, page_descriptor, table_descriptor
from tyrne.hal.pages import BLOCK_SIZE, PAGE_SIZE, MappingFlags
from tyrne.hosted.ram import Ram
from tyrne.lang import u64

TABLES: Final = 6
"""Pages that `build` fills."""

_BLOCK, _PAGE = int(BLOCK_SIZE), int(PAGE_SIZE)
_DATA: Final = MappingFlags.WRITE | MappingFlags.GLOBAL
_DEVICE: Final = _DATA | MappingFlags.DEVICE


def build(ram: Ram, tables: int, image_end: int) -> int:
    """Fill `TABLES` zeroed pages at `tables`; returns the root. The image lies in RAM and ends before `image_end`."""
    root, level1, devices, level2, first, last = (tables + i * _PAGE for i in range(TABLES))
    ram_start, ram_end = ram.start, ram.start + ram.size

    def put(table: int, address: int, level: int, descriptors: Iterable[int]) -> None:
        """Descriptors of neighbours, of which `address` is in the first."""
        words = [*descriptors]
        at = table + level_index(DIRECT_MAP + address, u64(level)) * 8 - ram_start
        ram.bytes[at : at + 8 * len(words)] = struct.pack(f"={len(words)}Q", *words)

    put(root, ram_start, 0, [table_descriptor(u64(level1))])
    put(level1, DISTRIBUTOR, 1, [table_descriptor(u64(devices))])
    for device in DISTRIBUTOR, UART:
        put(devices, device, 2, [block_descriptor(device, _DEVICE)])
    put(level1, ram_start, 1, [table_descriptor(u64(level2))])
    block_bits, page_bits = int(block_descriptor(u64(0), _DATA)), int(page_descriptor(u64(0), _DATA))
    put(level2, ram_start, 2, (block | block_bits for block in range(ram_start, ram_end, _BLOCK)))
    for block, table in ((image_end - 1) // _BLOCK * _BLOCK, last), (ram_start, first):
        put(level2, block, 2, [table_descriptor(u64(table))])
        put(table, block, 3, (page | page_bits for page in range(block, min(block + _BLOCK, ram_end), _PAGE)))
    return root
