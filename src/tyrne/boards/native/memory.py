"""RAM: memory of the host process at a range of physical addresses."""

from __future__ import annotations

from tyrne.lang import u8, u64
from tyrne.lang.machine import copy_bytes, read8, read64, write8, write64, zero_bytes


class HostMemory:
    """`size` bytes from physical address `start` on, kept by the host at `host`. An access outside traps."""

    def __init__(self) -> None:
        self.start: u64 = u64(0)
        self.size: u64 = u64(0)
        self.host: u64 = u64(0)

    def attach(self, start: u64, size: u64, host: u64) -> None:
        """Use the host's memory from now on; `start` and `host` are multiples of 8."""
        assert start % 8 == 0 and host % 8 == 0
        self.start = start
        self.size = size
        self.host = host

    def read8(self, address: u64) -> u8:
        # audit: U-50
        return read8(self._host_address(address, u64(1)))

    def write8(self, address: u64, value: u8) -> None:
        # audit: U-50
        write8(self._host_address(address, u64(1)), value)

    def read64(self, address: u64) -> u64:
        assert address % 8 == 0
        # audit: U-50
        return read64(self._host_address(address, u64(8)))

    def write64(self, address: u64, value: u64) -> None:
        assert address % 8 == 0
        # audit: U-50
        write64(self._host_address(address, u64(8)), value)

    def zero(self, address: u64, length: u64) -> None:
        # audit: U-50
        zero_bytes(self._host_address(address, length), length)

    def copy(self, target: u64, source: u64, length: u64) -> None:
        assert target + length <= source or source + length <= target
        # audit: U-50
        copy_bytes(self._host_address(target, length), self._host_address(source, length), length)

    def _host_address(self, address: u64, length: u64) -> u64:
        assert address >= self.start, "outside RAM"
        offset = address - self.start
        assert length <= self.size and offset <= self.size - length, "outside RAM"
        return self.host + offset
