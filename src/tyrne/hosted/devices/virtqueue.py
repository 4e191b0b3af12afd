"""A split virtqueue as its device sees it: what the driver offers is checked before anything of it is used.

A driver is a program of somebody who makes mistakes, or means harm. Each number that it leaves in memory is read once,
checked, and then kept here: what the driver's memory says later changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack, unpack
from typing import Final

from tyrne.hosted.devices.device import Memory

MAX_SIZE: Final = 256
"""Places in a queue, at most. QEMU says 1024; a driver has to ask, and what one notification can ask for is bounded."""
MAX_CHAIN: Final = 1 << 20
"""Bytes that one chain may describe."""

NEXT, WRITE, INDIRECT = 1, 2, 4
"""Flags of a descriptor: it is not the last one, the device writes to it, it names a table of others."""
NO_INTERRUPT: Final = 1
"""The flag of an available ring."""


class DriverError(Exception):
    """The driver broke a rule; the text says which."""


@dataclass(frozen=True)
class Chain:
    """Buffers that the driver offers together, all within what the device may reach."""

    head: int
    """Its first descriptor, by which the driver knows it again."""
    data: bytes
    """What stood in the buffers for the device to read."""
    writable: tuple[tuple[int, int], ...]
    """Address and length, at least 1, of those to write to."""
    room: int
    """Bytes of these."""


class Virtqueue:
    """One queue of a device. Size and addresses are what the driver wrote to registers, unchecked until `enable`."""

    def __init__(self, memory: Memory) -> None:
        self._memory: Final = memory
        self.reset()

    def reset(self) -> None:
        self.size = self.descriptors = self.available = self.used = 0
        self.ready = False
        self._taken = self._returned = 0

    def enable(self) -> None:
        """From now on chains may be taken. DriverError for a size or an address that cannot be, DmaError for one out of
        reach."""
        size = self.size
        if not 0 < size <= MAX_SIZE or size & size - 1:
            raise DriverError(f"a queue of {size} places: it must be a power of two up to {MAX_SIZE}")
        parts = (
            ("descriptors", self.descriptors, 16, 16 * size),
            ("available ring", self.available, 2, 6 + 2 * size),
            ("used ring", self.used, 4, 6 + 8 * size),
        )
        for name, address, alignment, length in parts:
            if address % alignment:
                raise DriverError(f"{name} at {address:#x}: not a multiple of {alignment}")
            self._memory.read(address, length)
        for name, address, _, length in parts[:2]:
            if address < self.used + parts[2][3] and self.used < address + length:
                raise DriverError(f"the used ring at {self.used:#x} lies over the {name} at {address:#x}")
        self.ready, self._taken, self._returned = True, 0, 0

    def waiting(self) -> int:
        """How many chains the driver offers that were not taken, at most `size`."""
        count = self._half(self.available + 2) - self._taken & 0xFFFF
        if count > self.size:
            raise DriverError(f"{count} chains are available in a queue of {self.size}")
        return count

    def first(self) -> Chain:
        """The chain that is to be taken next; one must be waiting."""
        head = index = self._half(self.available + 4 + 2 * (self._taken % self.size))
        data: list[bytes] = []
        writable: list[tuple[int, int]] = []
        total = 0
        for _ in range(self.size):
            if index >= self.size:
                raise DriverError(f"descriptor {index} in a queue of {self.size}")
            address, length, flags, following = unpack("<QIHH", self._memory.read(self.descriptors + 16 * index, 16))
            total += length
            if flags & INDIRECT:
                raise DriverError(f"descriptor {index} is indirect, which was not offered")
            if flags & ~(NEXT | WRITE):
                raise DriverError(f"descriptor {index} has unknown flags {flags:#x}")
            if not length:
                raise DriverError(f"descriptor {index} has no bytes")
            if total > MAX_CHAIN:
                raise DriverError(f"the chain of descriptor {head} has more than {MAX_CHAIN} bytes")
            found = self._memory.read(address, length)  # of one to write to: whether it is in reach
            if flags & WRITE:
                writable.append((address, length))
            elif writable:
                raise DriverError(f"descriptor {index} is to be read, behind one to write to")
            else:
                data.append(found)
            if not flags & NEXT:
                return Chain(head, b"".join(data), tuple(writable), sum(length for _, length in writable))
            index = following
        raise DriverError(f"the chain of descriptor {head} does not end")

    def take(self) -> None:
        """`first` is taken: it will be given back, and not be seen again."""
        self._taken = self._taken + 1 & 0xFFFF

    def fill(self, chain: Chain, data: bytes, start: int = 0) -> None:
        """Write to the chain's buffers, from byte `start` of them on; no more than there is room for."""
        if start + len(data) > chain.room:
            raise ValueError("more than there is room for")
        done = 0
        for address, length in chain.writable:
            part = data[done : done + max(0, length - start)]
            if part:
                self._memory.write(address + start, part)
            done += len(part)
            start = max(0, start - length)

    def give_back(self, head: int, written: int) -> None:
        """The driver has the chain again, and is told how many bytes were written to the beginning of its buffers."""
        place = self.used + 4 + 8 * (self._returned % self.size)
        self._memory.write(place, pack("<II", head, written))
        self._returned = self._returned + 1 & 0xFFFF
        self._memory.write(self.used + 2, pack("<H", self._returned))

    def wants_interrupt(self) -> bool:
        return not self._half(self.available) & NO_INTERRUPT

    def _half(self, address: int) -> int:
        return int.from_bytes(self._memory.read(address, 2), "little")
