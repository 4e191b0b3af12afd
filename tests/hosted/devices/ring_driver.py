"""A driver of virtio devices in a few lines of Python, over memory of its own: it keeps all rules by itself."""

from __future__ import annotations

from struct import pack, unpack
from typing import Final

from tyrne.hosted.devices.device import Device, DmaError

BASE: Final = 0x4800_0000
SIZE: Final = 0x40_0000
BUFFERS: Final = BASE + 0x10_0000
"""Where buffers begin; what lies before are queues."""

MAGIC, VERSION, DEVICE_ID, VENDOR, DEVICE_FEATURES, DEVICE_FEATURES_SEL = 0x000, 0x004, 0x008, 0x00C, 0x010, 0x014
DRIVER_FEATURES, DRIVER_FEATURES_SEL, QUEUE_SEL, QUEUE_NUM_MAX, QUEUE_NUM = 0x020, 0x024, 0x030, 0x034, 0x038
QUEUE_READY, QUEUE_NOTIFY, INTERRUPT_STATUS, INTERRUPT_ACK, STATUS = 0x044, 0x050, 0x060, 0x064, 0x070
QUEUE_DESC, QUEUE_DRIVER, QUEUE_DEVICE, GENERATION, CONFIG = 0x080, 0x090, 0x0A0, 0x0FC, 0x100

NEXT, WRITE, INDIRECT = 1, 2, 4


class Reach:
    """Memory of one region, which a device may reach; it counts what was read and written."""

    def __init__(self, size: int = SIZE) -> None:
        self.bytes: Final = bytearray(size)
        self.accesses = 0

    def read(self, address: int, length: int) -> bytes:
        start = self._start(address, length)
        return bytes(self.bytes[start : start + length])

    def write(self, address: int, data: bytes) -> None:
        start = self._start(address, len(data))
        self.bytes[start : start + len(data)] = data

    def _start(self, address: int, length: int) -> int:
        self.accesses += 1
        if address < BASE or address + length > BASE + len(self.bytes):
            raise DmaError(f"{length} bytes at {address:#x}: out of reach")
        return address - BASE


class Line:
    """An interrupt line: its level, and how often it was raised."""

    def __init__(self) -> None:
        self.level = False
        self.raised = 0

    def __call__(self, level: bool) -> None:
        self.raised += level and not self.level
        self.level = level


class Queue:
    """Where the parts of one queue lie, and how far its driver is."""

    def __init__(self, number: int, size: int) -> None:
        self.number, self.size = number, size
        self.descriptors = BASE + number * 0x8000
        self.available, self.used = self.descriptors + 0x4000, self.descriptors + 0x6000
        self.offered = self.seen = self.next_descriptor = 0


class RingDriver:
    def __init__(self, device: Device, memory: Reach, size: int = 8) -> None:
        self.device, self.memory = device, memory
        self.queues: Final = [Queue(number, size) for number in range(2)]
        self.free = BUFFERS

    def load(self, offset: int) -> int:
        return self.device.read(offset, 4)

    def store(self, offset: int, value: int) -> None:
        self.device.write(offset, 4, value)

    def negotiate(self, features: int = 0) -> None:
        """As far as FEATURES_OK; VERSION_1 beside `features`."""
        for status in (0, 1, 3):
            self.store(STATUS, status)
        for word in (0, 1):
            self.store(DRIVER_FEATURES_SEL, word)
            self.store(DRIVER_FEATURES, (features | 1 << 32) >> 32 * word & 0xFFFF_FFFF)
        self.store(STATUS, 11)

    def set_up(self, number: int) -> None:
        """Tell where a queue lies, and make it ready."""
        self.describe(number)
        self.store(QUEUE_READY, 1)

    def describe(self, number: int) -> None:
        queue = self.queues[number]
        self.store(QUEUE_SEL, number)
        self.store(QUEUE_NUM, queue.size)
        for register, address in (
            (QUEUE_DESC, queue.descriptors),
            (QUEUE_DRIVER, queue.available),
            (QUEUE_DEVICE, queue.used),
        ):
            self.store(register, address & 0xFFFF_FFFF)
            self.store(register + 4, address >> 32)

    def start(self, features: int = 0, queues: int = 1) -> RingDriver:
        """All of it, as far as DRIVER_OK."""
        self.negotiate(features)
        for number in range(queues):
            self.set_up(number)
        self.store(STATUS, 15)
        return self

    def place(self, data: bytes) -> int:
        """Memory for a buffer that nobody has, with `data` in it."""
        address, self.free = self.free, self.free + len(data)
        self.memory.write(address, data)
        return address

    def describe_buffer(self, number: int, index: int, address: int, length: int, flags: int, following: int) -> None:
        place = self.queues[number].descriptors + 16 * index
        self.memory.write(place, pack("<QIHH", address, length, flags, following))

    def offer(self, number: int, *parts: bytes | int) -> list[int]:
        """A chain: bytes for the device to read, and how many it may write. Addresses of its buffers; the device is not
        told yet."""
        queue = self.queues[number]
        head = queue.next_descriptor
        addresses = [self.place(bytes(part) if isinstance(part, int) else part) for part in parts]
        for at, (part, address) in enumerate(zip(parts, addresses, strict=True)):
            last = at == len(parts) - 1
            index, following = (head + at) % queue.size, (head + at + 1) % queue.size
            length, flags = (part, WRITE) if isinstance(part, int) else (len(part), 0)
            self.describe_buffer(number, index, address, length, flags | (0 if last else NEXT), following)
        queue.next_descriptor = (head + len(parts)) % queue.size
        self.offer_head(number, head)
        return addresses

    def offer_head(self, number: int, head: int) -> None:
        queue = self.queues[number]
        self.memory.write(queue.available + 4 + 2 * (queue.offered % queue.size), pack("<H", head))
        queue.offered = queue.offered + 1 & 0xFFFF
        self.memory.write(queue.available + 2, pack("<H", queue.offered))

    def notify(self, number: int = 0) -> None:
        self.store(QUEUE_NOTIFY, number)

    def used(self, number: int = 0) -> list[tuple[int, int]]:
        """Head and length of each chain that came back since the last look."""
        queue = self.queues[number]
        index = int.from_bytes(self.memory.read(queue.used + 2, 2), "little")
        found = []
        while queue.seen != index:
            place = queue.used + 4 + 8 * (queue.seen % queue.size)
            found.append(unpack("<II", self.memory.read(place, 8)))
            queue.seen = queue.seen + 1 & 0xFFFF
        return [(head, length) for head, length in found]

    def ask(self, number: int, *parts: bytes | int) -> tuple[bytes, int]:
        """Offer one chain, notify, and acknowledge: what stands in the buffers to write to, and the length told."""
        addresses = self.offer(number, *parts)
        self.notify(number)
        self.store(INTERRUPT_ACK, 1)
        (_, length), = self.used(number)
        written = [
            self.memory.read(address, part)
            for part, address in zip(parts, addresses, strict=True)
            if isinstance(part, int)
        ]
        return b"".join(written), length
