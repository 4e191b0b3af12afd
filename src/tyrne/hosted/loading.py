"""What stands in RAM before the kernel starts: the manifest, by which RAM is made, and the tables of the upper half."""

from __future__ import annotations

import struct
from typing import Final

from tyrne.hal.boot_info import BootInfo
from tyrne.hal.manifest import WORD_MEMORY
from tyrne.hal.pages import PAGE_SIZE
from tyrne.hosted import upper_half
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.ram import RAM_SIZE, RAM_START, Ram
from tyrne.lang import u64

IMAGE: Final = 0x4008_0000
"""Where the kernel's image would start; here, the manifest. What lies below is never given out."""


def ram_size(manifest: bytes) -> int:
    """The bytes of RAM that a manifest asks for. Those of older reports say nothing of it."""
    (end,) = struct.unpack_from("<Q", manifest, 8 * int(WORD_MEMORY))
    return int(end) - RAM_START if end else RAM_SIZE


def load(ram: Ram, cpu: Cpu, manifest: bytes) -> BootInfo:
    """Put both into RAM that the kernel does not give out."""
    end = IMAGE + -(-len(manifest) // int(PAGE_SIZE)) * int(PAGE_SIZE)
    offset = IMAGE - ram.start
    ram.bytes[offset : offset + len(manifest)] = manifest
    cpu.set_kernel_translation(upper_half.build(ram, ram.start, end))
    return BootInfo(u64(ram.start), u64(ram.start + ram.size), u64(IMAGE), u64(end), u64(IMAGE))
