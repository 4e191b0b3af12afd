"""RAM: host memory at a range of physical addresses."""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

from tyrne.lang import Trap, u8, u64

RAM_START: Final = 0x4000_0000
RAM_SIZE: Final = 128 << 20
"""Of a machine, unless its system asks for more."""
PRIVATE: Final = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
"""Of one process, which a fork copies; committed page by page."""


def address_of(memory: mmap.mmap) -> int:
    """Where the host keeps the first byte of mapped memory."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


class Ram:
    """`size` bytes of zeros from physical address `start` on; the host commits a page at its first use.

    An access outside, or a 64-bit access that is not aligned, traps: the kernel must never make one.
    """

    def __init__(self, start: int = RAM_START, size: int = RAM_SIZE) -> None:
        self.start: Final = start
        self.size: Final = size
        self.map: Final = mmap.mmap(-1, size, flags=PRIVATE)
        self.bytes: Final = memoryview(self.map)
        self._words: Final = self.bytes.cast("Q")

    def host_address(self) -> int:
        """Where the host keeps the first byte, aligned to a page."""
        return address_of(self.map)

    def clear(self) -> None:
        """Zeros everywhere, as at the start."""
        ctypes.memset(self.host_address(), 0, self.size)

    def get(self, address: int, length: int) -> bytes:
        """A copy of some bytes, for those who look at a machine from outside."""
        offset = self._offset(address, length)
        return bytes(self.bytes[offset : offset + length])

    def put(self, address: int, content: bytes) -> None:
        """Store some bytes, as a device does."""
        offset = self._offset(address, len(content))
        self.bytes[offset : offset + len(content)] = content

    def read8(self, address: u64) -> u8:
        return u8(self.bytes[self._offset(address, 1)])

    def write8(self, address: u64, value: u8) -> None:
        self.bytes[self._offset(address, 1)] = value

    def read64(self, address: u64) -> u64:
        return u64(self._words[self._word(address)])

    def write64(self, address: u64, value: u64) -> None:
        self._words[self._word(address)] = value

    def zero(self, address: u64, length: u64) -> None:
        offset = self._offset(address, length)
        self.bytes[offset : offset + length] = bytes(length)

    def copy(self, target: u64, source: u64, length: u64) -> None:
        to, start = self._offset(target, length), self._offset(source, length)
        if abs(to - start) < length:
            raise Trap(f"copy of {int(length)} bytes from {int(source):#x} to {int(target):#x}: they overlap")
        self.bytes[to : to + length] = self.bytes[start : start + length]

    def _offset(self, address: int, length: int) -> int:
        offset = int(address) - self.start
        if offset < 0 or offset + length > self.size:
            raise Trap(f"physical address {int(address):#x}, length {int(length)}: outside RAM")
        return offset

    def _word(self, address: int) -> int:
        offset = self._offset(address, 8)
        if offset & 7:
            raise Trap(f"physical address {int(address):#x}: not aligned to 8 bytes")
        return offset >> 3
