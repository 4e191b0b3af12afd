"""What stands in RAM before the kernel starts: the manifest, and the tables of the upper half."""

from __future__ import annotations

from typing import Final

from tyrne.hal.boot_info import BootInfo
from tyrne.hal.pages import PAGE_SIZE
from tyrne.hosted import upper_half
from tyrne.hosted.cpu import Cpu
from tyrne.hosted.ram import Ram
from tyrne.lang import u64

IMAGE: Final = 0x4008_0000
"""Where the kernel's image would start; here, the manifest. What lies below is never given out."""


def load(ram: Ram, cpu: Cpu, manifest: bytes) -> BootInfo:
    """Put both into RAM that the kernel does not give out."""
    end = IMAGE + -(-len(manifest) // int(PAGE_SIZE)) * int(PAGE_SIZE)
    offset = IMAGE - ram.start
    ram.bytes[offset : offset + len(manifest)] = manifest
    cpu.set_kernel_translation(upper_half.build(ram, ram.start, end))
    return BootInfo(u64(ram.start), u64(ram.start + ram.size), u64(IMAGE), u64(end), u64(IMAGE))
