"""RAM by physical address: while the MMU is off as it stands, then through the direct map."""

from __future__ import annotations

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.lang import u8, u64
from tyrne.lang.machine import copy_bytes, read8, read64, write8, write64, zero_bytes


class BareMemory:
    """RAM while the MMU is off."""

    def __init__(self) -> None:
        pass

    def write64(self, address: u64, value: u64) -> None:
        # audit: U-05
        write64(address, value)


class DirectMap:
    """RAM while the MMU is on. Read-only parts of the image fault on a store."""

    def __init__(self) -> None:
        pass

    def read8(self, address: u64) -> u8:
        # audit: U-04
        return read8(address + DIRECT_MAP)

    def write8(self, address: u64, value: u8) -> None:
        # audit: U-04
        write8(address + DIRECT_MAP, value)

    def read64(self, address: u64) -> u64:
        # audit: U-04
        return read64(address + DIRECT_MAP)

    def write64(self, address: u64, value: u64) -> None:
        # audit: U-04
        write64(address + DIRECT_MAP, value)

    def zero(self, address: u64, length: u64) -> None:
        # audit: U-04
        zero_bytes(address + DIRECT_MAP, length)

    def copy(self, target: u64, source: u64, length: u64) -> None:
        # audit: U-04
        copy_bytes(target + DIRECT_MAP, source + DIRECT_MAP, length)
