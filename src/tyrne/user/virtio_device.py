"""The registers of a virtio device behind virtio-mmio, version 2, and memory that it reaches: a part of virtio.py."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.abi import CapKind, Status
from tyrne.lang import irange, u32, u64
from tyrne.lang.machine import read32, write32
from tyrne.user.capabilities import cap_query
from tyrne.user.handles import MemoryCap

PAGE: Final = 4096
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
