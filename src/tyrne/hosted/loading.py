"""What stands in RAM before the kernel starts: the manifest, and the tables of the upper half."""

from __future__ import annotations

import struct
from typing import Final

from tyrne.hal.boot_info import BootInfo
from tyrne.hal.descriptors import PAGE_SIZE
from tyrne.hal.manifest import WORD_MAX_INSTRUCTIONS
from tyrne.hosted import upper_half
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.ram import Ram
from tyrne.lang import u64

IMAGE: Final = 0x4008_0000
"""Where the kernel's image would start; here, the manifest. What lies below is never given out."""
_LIMIT_OFFSET: Final = 8 * int(WORD_MAX_INSTRUCTIONS)


def load(ram: Ram, cpu: Cpu, manifest: bytes) -> BootInfo:
    """Put both into RAM that the kernel does not give out."""
    end = IMAGE + -(-len(manifest) // int(PAGE_SIZE)) * int(PAGE_SIZE)
    offset = IMAGE - ram.start
    ram.bytes[offset : offset + len(manifest)] = manifest
    cpu.set_kernel_translation(upper_half.build(ram, ram.start, end))
    return BootInfo(u64(ram.start), u64(ram.start + ram.size), u64(IMAGE), u64(end), u64(IMAGE))


def with_limit(manifest: bytes, max_instructions: int | None) -> bytes:
    """The manifest with another limit of instructions; 0 is no limit, None leaves it as it is."""
    if max_instructions is None:
        return manifest
    limit = struct.pack("<Q", max_instructions)
    return manifest[:_LIMIT_OFFSET] + limit + manifest[_LIMIT_OFFSET + len(limit) :]
