"""The driver's side of a virtio device behind virtio-mmio registers, version 2, with split queues.

A device is a stranger: it may be broken, or mean harm. Each number that it writes is read once and checked, and what
the driver needs to know later it keeps in memory of its own. So whatever a device says ends in a `VirtioError`, never
in a failed check, an access outside the memory that was set up, or a loop without an end. After one, `start` again.

`VirtioDevice.start`, `VirtioQueue.set_up` for each queue, `VirtioDevice.go`; then for each chain of buffers `add` and
`offer`, once for all of them `notify`, and after an interrupt `acknowledge`, and `take` until there is nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.abi import CapKind, Status
from tyrne.lang import Array, irange, u16, u32, u64, wrapping_sub
from tyrne.lang.machine import Instruction, execute, read16, read32, write16, write32, write64
from tyrne.user.capabilities import cap_query
from tyrne.user.handles import MemoryCap

PAGE: Final = 4096
MAX_PLACES: Final = 256
"""Descriptors of a queue, at most."""
MAX_TRIES: Final = 1000
"""How often a register is read for a value that a device owes."""
MAX_IDLE: Final = 64
"""How many interrupts in a row may come for nothing, until a device counts as broken."""

VERSION_1: Final = u64(1) << 32
"""The feature bit that each device offers, and each driver must accept."""
ACKNOWLEDGE: Final = u32(1)
DRIVER: Final = u32(2)
DRIVER_OK: Final = u32(4)
FEATURES_OK: Final = u32(8)
NEEDS_RESET: Final = u32(64)

NEXT: Final = u16(1)
WRITE: Final = u16(2)
"""Flags of a descriptor: another one follows; the device writes to it."""

MAGIC_VALUE: Final = u64(0x000)
VERSION: Final = u64(0x004)
DEVICE_ID: Final = u64(0x008)
DEVICE_FEATURES: Final = u64(0x010)
DEVICE_FEATURES_WORD: Final = u64(0x014)
DRIVER_FEATURES: Final = u64(0x020)
DRIVER_FEATURES_WORD: Final = u64(0x024)
QUEUE: Final = u64(0x030)
QUEUE_MAX: Final = u64(0x034)
QUEUE_PLACES: Final = u64(0x038)
QUEUE_READY: Final = u64(0x044)
QUEUE_NOTIFY: Final = u64(0x050)
INTERRUPT_STATUS: Final = u64(0x060)
INTERRUPT_ACK: Final = u64(0x064)
STATUS: Final = u64(0x070)
QUEUE_DESCRIPTORS: Final = u64(0x080)
QUEUE_AVAILABLE: Final = u64(0x090)
QUEUE_USED: Final = u64(0x0A0)
GENERATION: Final = u64(0x0FC)
CONFIGURATION: Final = u64(0x100)


class VirtioError(Enum):
    """Why a device is not served, or serves no more."""

    NO_DEVICE = 0
    """No registers of version 2 are there."""
    OTHER_DEVICE = 1
    """The device is another one, or none."""
    FEATURES = 2
    """It does not know version 1, or does not take the features that it offered."""
    NO_QUEUE = 3
    """It has no such queue, or does not take it."""
    FULL = 4
    """No descriptor is free: `take` first."""
    OUTSIDE = 5
    """A buffer of no bytes, or one that does not lie within its memory."""
    BROKEN = 6
    """It said what cannot be, or wants to be reset. Only `start` goes on from there."""


@dataclass(frozen=True)
class DeviceMemory:
    """Memory that devices reach, and that is mapped for the driver. Buffers are named by their offset in it."""

    address: u64
    place: u64
    """Where it begins for the device."""
    size: u64

    def holds(self, offset: u64, length: u64) -> bool:
        """Whether so many bytes from an offset on lie within it."""
        return offset <= self.size and length <= self.size - offset


def device_memory(memory: MemoryCap) -> DeviceMemory | Status:
    """The memory that a capability names: WRONG_KIND, NOT_MAPPED, or INSUFFICIENT_RIGHTS if it does not tell where the
    memory lies, as it does with LOCATE over memory that the description shares with devices."""
    found = cap_query(memory)
    if isinstance(found, Status):
        return found
    if found.kind is not CapKind.MEMORY:
        return Status.WRONG_KIND
    if found.address == 0:
        return Status.NOT_MAPPED
    if found.place == 0:
        return Status.INSUFFICIENT_RIGHTS
    return DeviceMemory(found.address, found.place, found.pages * PAGE)


class VirtioDevice:
    """The registers of one device."""

    def __init__(self) -> None:
        self.registers: u64 = u64(0)
        """Where they are mapped."""
        self.features: u64 = u64(0)
        """What both know."""
        self.idle: u64 = u64(0)
        """Interrupts since the last chain that was given back."""

    def load(self, offset: u64) -> u32:
        return read32(self.registers + offset)  # audit: U-48

    def store(self, offset: u64, value: u32) -> None:
        write32(self.registers + offset, value)  # audit: U-48

    def store_address(self, offset: u64, value: u64) -> None:
        self.store(offset, u32(value & 0xFFFF_FFFF))
        self.store(offset + 4, u32(value >> 32))

    def start(self, registers: u64, device_id: u32, wanted: u64) -> VirtioError | None:
        """Reset a device, see that it is the one, and agree on VERSION_1 and on what it offers of the wanted features.

        Afterwards it uses no memory, and `features` says what was agreed on. Queues are to be set up, then `go`.
        """
        self.registers = registers
        self.idle = u64(0)
        if self.load(MAGIC_VALUE) != 0x7472_6976 or self.load(VERSION) != 2:
            return VirtioError.NO_DEVICE
        if self.load(DEVICE_ID) != device_id:
            return VirtioError.OTHER_DEVICE
        if not self.reset():
            return VirtioError.BROKEN
        self.store(STATUS, ACKNOWLEDGE)
        self.store(STATUS, ACKNOWLEDGE | DRIVER)
        self.store(DEVICE_FEATURES_WORD, u32(1))
        offered = u64(self.load(DEVICE_FEATURES)) << 32
        self.store(DEVICE_FEATURES_WORD, u32(0))
        offered = offered | u64(self.load(DEVICE_FEATURES))
        self.features = offered & (wanted | VERSION_1)
        if self.features & VERSION_1 == 0:
            return VirtioError.FEATURES
        self.store(DRIVER_FEATURES_WORD, u32(1))
        self.store(DRIVER_FEATURES, u32(self.features >> 32))
        self.store(DRIVER_FEATURES_WORD, u32(0))
        self.store(DRIVER_FEATURES, u32(self.features & 0xFFFF_FFFF))
        self.store(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK)
        return None if self.load(STATUS) & FEATURES_OK != 0 else VirtioError.FEATURES

    def reset(self) -> bool:
        """Let the device forget all, its queues too; whether it says that it has."""
        self.store(STATUS, u32(0))
        for _ in irange(MAX_TRIES):
            if self.load(STATUS) == 0:
                return True
        return False

    def go(self) -> None:
        """Its queues are set up: let it work."""
        self.store(STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK)

    def configuration64(self, offset: u64) -> u64:
        """Two words of the device's own registers, read until they belong together."""
        value = u64(0)
        for _ in irange(MAX_TRIES):
            before = self.load(GENERATION)
            value = u64(self.load(CONFIGURATION + offset + 4)) << 32 | u64(self.load(CONFIGURATION + offset))
            if self.load(GENERATION) == before:
                break
        return value

    def acknowledge(self) -> VirtioError | None:
        """Let the device lower its interrupt line. First this, then `take`: what it gives back later raises it again.

        BROKEN if it wants to be reset, or has interrupted again and again without giving anything back.
        """
        self.store(INTERRUPT_ACK, self.load(INTERRUPT_STATUS) & 3)
        self.idle += 1
        return VirtioError.BROKEN if self.idle > MAX_IDLE or self.load(STATUS) & NEEDS_RESET != 0 else None


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
