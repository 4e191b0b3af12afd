"""RAM by physical address: while the MMU is off as it stands, then through the direct map."""

from __future__ import annotations

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.hal.pages import PAGE_SIZE
from tyrne.lang import apart, hot, irange, u8, u64, wrapping_add, wrapping_mul
from tyrne.lang.machine import (
    Operation,
    SystemRegister,
    copy_bytes,
    operate,
    read8,
    read64,
    read_register,
    write8,
    write64,
)


class BareMemory:
    """RAM while the MMU is off."""

    def __init__(self) -> None:
        pass

    def read64(self, address: u64) -> u64:
        # audit: U-05
        return read64(address)

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

    @hot
    @apart
    def zero(self, address: u64, length: u64) -> None:
        """Whole pages, by the machine's own blocks (DC ZVA), four in each round."""
        assert address % PAGE_SIZE == 0 and length % PAGE_SIZE == 0
        at = address + DIRECT_MAP
        end = at + length
        # audit: U-04
        block = u64(4) << read_register(SystemRegister.DCZID_EL0)
        assert block * 4 <= PAGE_SIZE, "DC ZVA is not allowed, or its blocks are too large"
        while at < end:
            for i in irange(4):
                # audit: U-04
                operate(Operation.DC_ZVA, wrapping_add(at, wrapping_mul(block, i)))
            at = wrapping_add(at, wrapping_mul(block, u64(4)))

    def copy(self, target: u64, source: u64, length: u64) -> None:
        # audit: U-04
        copy_bytes(target + DIRECT_MAP, source + DIRECT_MAP, length)
