"""A split queue of a virtio device, as its driver has it: a part of virtio.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import Array, irange, u16, u32, u64, wrapping_sub
from tyrne.lang.machine import Instruction, execute, read16, read32, write16, write64
from tyrne.user.virtio_device import (
    QUEUE,
    QUEUE_AVAILABLE,
    QUEUE_DESCRIPTORS,
    QUEUE_MAX,
    QUEUE_NOTIFY,
    QUEUE_PLACES,
    QUEUE_READY,
    QUEUE_USED,
    DeviceMemory,
    VirtioDevice,
    VirtioError,
)

MAX_PLACES: Final = 256
"""Descriptors of a queue, at most."""
NEXT: Final = u16(1)
WRITE: Final = u16(2)
"""Flags of a descriptor: another one follows; the device writes to it."""


@dataclass(frozen=True)
class Used:
    """A chain that the device has given back: its head, and how many bytes it has written, no more than there were."""

    head: u64
    written: u64


def queue_bytes(places: u64) -> u64:
    """How much memory a queue takes."""
    return 32 * places + 64


class VirtioQueue:
    """A queue whose descriptors and rings the device reads. What it must not change is kept here.

    Free descriptors are in a list, and so are those of a chain, which its head names from `offer` to `take`.
    """

    def __init__(self) -> None:
        self.number: u64 = u64(0)
        self.places: u64 = u64(0)
        self.free: u64 = u64(0)
        """How many descriptors are."""
        self.first_free: u64 = u64(0)
        self.following: Array[u16] = Array.filled(MAX_PLACES, u16(0))
        self.parts: Array[u16] = Array.filled(MAX_PLACES, u16(0))
        """Of the chain with this head; 0 if the device has none."""
        self.room: Array[u32] = Array.filled(MAX_PLACES, u32(0))
        """Bytes of that chain to which the device may write."""
        self.descriptors: u64 = u64(0)
        self.available: u64 = u64(0)
        self.used: u64 = u64(0)
        """Where these are mapped."""
        self.offered: u64 = u64(0)
        self.published: u64 = u64(0)
        self.taken: u64 = u64(0)
        """Chains that were offered, of which the device can know, and that it has given back: modulo 2^16."""
        self.broken: bool = True
        self.head: u64 = u64(0)
        self.last: u64 = u64(0)
        self.added: u64 = u64(0)
        self.writable: u64 = u64(0)
        """Of the chain that is made just now: its ends, its parts, and its bytes to write to."""

    def set_up(
        self, device: VirtioDevice, number: u64, memory: DeviceMemory, offset: u64, places: u64
    ) -> VirtioError | None:
        """Between `start` and `go`: give the device queue `number`, of so many places or fewer, a power of two.

        It takes `queue_bytes(places)` of the memory from an offset on, a multiple of 16.
        """
        assert 0 < places <= MAX_PLACES and places & (places - 1) == 0 and offset % 16 == 0
        self.broken = True
        if not memory.holds(offset, queue_bytes(places)):
            return VirtioError.OUTSIDE
        device.store(QUEUE, u32(number))
        if device.load(QUEUE_READY) != 0:
            return VirtioError.NO_QUEUE
        most = u64(device.load(QUEUE_MAX))
        while places > most:
            places //= 2
        if places == 0:
            return VirtioError.NO_QUEUE
        self._forget(number, places)
        self.descriptors = memory.address + offset
        self.available = self.descriptors + 16 * places
        used = 18 * places + 8
        self.used = self.descriptors + used - used % 4
        for i in irange(queue_bytes(places) // 8):
            write64(self.descriptors + 8 * i, u64(0))  # audit: U-48
        device.store(QUEUE_PLACES, u32(places))
        device.store_address(QUEUE_DESCRIPTORS, memory.place + offset)
        device.store_address(QUEUE_AVAILABLE, memory.place + (self.available - memory.address))
        device.store_address(QUEUE_USED, memory.place + (self.used - memory.address))
        execute(Instruction.DSB_SY)  # audit: U-48
        device.store(QUEUE_READY, u32(1))
        if device.load(QUEUE_READY) != 1:
            return VirtioError.NO_QUEUE
        self.broken = False
        return None

    def add(self, memory: DeviceMemory, offset: u64, length: u64, writes: bool) -> VirtioError | None:
        """One more buffer for the chain that `offer` ends; those to which the device writes come behind the others.
        After an error there is no chain."""
        assert writes or self.writable == 0
        if self.broken:
            return VirtioError.BROKEN
        if length == 0 or length >= u64(1) << 31 or self.writable + length >= u64(1) << 32:
            self._abandon()
            return VirtioError.OUTSIDE
        if not memory.holds(offset, length):
            self._abandon()
            return VirtioError.OUTSIDE
        if self.free == 0:
            self._abandon()
            return VirtioError.FULL
        place = self.first_free
        self.first_free = u64(self.following[place])
        self.free -= 1
        at = self.descriptors + 16 * place
        write64(at, memory.place + offset)  # audit: U-48
        write64(at + 8, length | (u64(WRITE) << 32 if writes else u64(0)))  # audit: U-48
        if self.added == 0:
            self.head = place
        else:
            self.following[self.last] = u16(place)
            flags = NEXT | (WRITE if self.writable != 0 else u16(0))
            write16(self.descriptors + 16 * self.last + 12, flags)  # audit: U-48
            write16(self.descriptors + 16 * self.last + 14, u16(place))  # audit: U-48
        self.last = place
        self.added += 1
        if writes:
            self.writable += length
        return None

    def next_head(self) -> u64:
        """The head of the next chain, if nothing is taken before its first `add`."""
        return self.first_free

    def offer(self) -> u64:
        """End the chain; its head. The device learns of it by `notify`."""
        assert self.added != 0
        self.parts[self.head] = u16(self.added)
        self.room[self.head] = u32(self.writable)
        write16(self.available + 4 + 2 * (self.offered % self.places), u16(self.head))  # audit: U-48
        self.offered = (self.offered + 1) & 0xFFFF
        self.added = u64(0)
        self.writable = u64(0)
        return self.head

    def notify(self, device: VirtioDevice) -> None:
        """Tell the device of all that was offered, if there is something: once for a batch."""
        if self.broken or self.published == self.offered:
            return
        self.published = self.offered
        execute(Instruction.DSB_SY)  # audit: U-48
        write16(self.available + 2, u16(self.offered))  # audit: U-48
        execute(Instruction.DSB_SY)  # audit: U-48
        device.store(QUEUE_NOTIFY, u32(self.number))

    def take(self, device: VirtioDevice) -> Used | VirtioError | None:
        """A chain that the device has given back, in whatever order it likes; None if there is none. Its descriptors
        are free again. BROKEN, from then on, if the device gives back what it has not got, or more than there was."""
        if self.broken:
            return VirtioError.BROKEN
        waiting = wrapping_sub(u64(read16(self.used + 2)), self.taken) & 0xFFFF  # audit: U-48
        if waiting == 0:
            return None
        execute(Instruction.DSB_SY)  # audit: U-48
        at = self.used + 4 + 8 * (self.taken % self.places)
        head = u64(read32(at))  # audit: U-48
        written = u64(read32(at + 4))  # audit: U-48
        given = wrapping_sub(self.published, self.taken) & 0xFFFF
        if waiting > given or head >= self.places or self.parts[head] == 0 or written > u64(self.room[head]):
            self.broken = True
            return VirtioError.BROKEN
        self.taken = (self.taken + 1) & 0xFFFF
        self._free(head, u64(self.parts[head]))
        self.parts[head] = u16(0)
        device.idle = u64(0)
        return Used(head, written)

    def _forget(self, number: u64, places: u64) -> None:
        """No chains, and all descriptors in the list."""
        self.number = number
        self.places = places
        self.free = places
        self.first_free = u64(0)
        for i in irange(places):
            self.following[i] = u16((i + 1) % places)
            self.parts[i] = u16(0)
        self.offered = u64(0)
        self.published = u64(0)
        self.taken = u64(0)
        self.added = u64(0)
        self.writable = u64(0)

    def _free(self, head: u64, parts: u64) -> None:
        """Put the descriptors of a chain into the list."""
        last = head
        for _ in irange(parts - 1):
            last = u64(self.following[last])
        self.following[last] = u16(self.first_free)
        self.first_free = head
        self.free += parts

    def _abandon(self) -> None:
        """Take back what was added to a chain that will not be."""
        if self.added != 0:
            self._free(self.head, self.added)
        self.added = u64(0)
        self.writable = u64(0)
