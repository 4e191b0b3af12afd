"""The virtio-mmio transport, version 2: registers, the state of the driver, notifications, one interrupt line.

A device serves what its driver offers within the store that notifies. A driver that breaks a rule is told
DEVICE_NEEDS_RESET; the device does nothing more until it is reset, and `needs_reset` says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final, NamedTuple

from tyrne.hosted.devices.device import DmaError, Memory, Now, SetLine
from tyrne.hosted.devices.faults import LATE, NONE, Fault, Faults
from tyrne.hosted.devices.negotiation import DRIVER_OK, FAILED, FEATURES_OK, NEEDS_RESET, VERSION_1, Negotiation
from tyrne.hosted.devices.virtqueue import MAX_SIZE, Chain, DriverError, Virtqueue

MAGIC: Final = 0x74726976
VENDOR: Final = 0x4E525954  # "TYRN"
USED_BUFFER, CONFIGURATION = 1, 2
"""Bits of the interrupt status."""

SLOT: Final = 0x200
"""Bytes of one transport's registers. A page has eight transports, and only the first of them has a device."""
CONFIG: Final = 0x100
"""Where a device's own registers begin."""


class Answer(NamedTuple):
    """What a device writes to a chain: `data` to the beginning of its buffers, `tail` to their end."""

    data: bytes
    tail: bytes = b""


class VirtioMmio:
    """A device without its purpose, which a subclass adds by `serve`."""

    DEVICE_ID: ClassVar[int]
    QUEUES: ClassVar[int] = 1
    CAN_FAIL: ClassVar[bool] = False
    """Whether there is a way to tell the driver of an error."""

    size: Final = 4096

    def __init__(
        self,
        set_line: SetLine,
        memory: Memory,
        now: Now,
        *,
        features: int = 0,
        config: bytes = b"",
        faults: Faults = NONE,
    ) -> None:
        """`features` beside VERSION_1; `config` are the device's own registers, which never change. ValueError for
        faults that the device cannot have."""
        if Fault.IO_ERROR in faults.values() and not self.CAN_FAIL:
            raise ValueError(f"{type(self).__name__} cannot tell of errors")
        self._set_line: Final = set_line
        self._now: Final = now
        self.driver: Final = Negotiation(features | VERSION_1)
        self._config: Final = config
        self._faults: Final = faults
        self._served: Final = [0] * self.QUEUES
        self._came: Final[set[tuple[int, int]]] = set()  # places of SPURIOUS that have had their time
        self._queues: Final = [Virtqueue(memory) for _ in range(self.QUEUES)]
        self._queue = self._interrupt = 0  # which is selected; the interrupt status
        self._late: Final[dict[int, int]] = {}  # when queues go on that a fault holds up
        self.needs_reset: str | None = None
        """Which rule the driver broke, if it did since the last reset."""

    # what a device is

    def serve(self, number: int, chain: Chain) -> Answer | None:
        """What is written to a chain of a queue; None if it stays there for later. DriverError if there is something
        wrong with it. It has been checked that it lies within the device's reach."""
        raise NotImplementedError

    def fail(self, chain: Chain) -> Answer:
        """As `serve`, for a request that is to fail; where CAN_FAIL."""
        raise NotImplementedError

    def serve_queue(self, number: int) -> None:
        """Serve what waits in a queue, if the driver is ready for that."""
        if self.driver.works() and self._queues[number].ready:
            self._guarded(lambda: self._serve_all(number))

    # Device

    def read(self, offset: int, width: int) -> int:
        if offset >= SLOT:  # a transport without a device, as QEMU has them
            return {0: MAGIC, 4: 2, 12: VENDOR}.get(offset % SLOT, 0) if width == 4 else 0
        if offset >= CONFIG:
            return int.from_bytes(self._config[offset - CONFIG :][:width], "little")
        return self._read_register(offset) if width == 4 else 0

    def write(self, offset: int, width: int, value: int) -> None:
        if offset < SLOT:
            self._guarded(lambda: self._write(offset, width, value))

    def next_event(self) -> int | None:
        coming = self.coming()
        return min((*self._late.values(), *(() if coming is None else (coming,))), default=None)

    def coming(self) -> int | None:
        """When something comes to the device from outside by itself; None for never."""
        return None

    def advance(self, now: int) -> None:
        for number in [number for number, at in self._late.items() if at <= now]:
            del self._late[number]
            self._came.add((number, self._served[number]))
            self.serve_queue(number)

    # registers

    def _read_register(self, offset: int) -> int:
        queue = self._queues[self._queue] if self._queue < self.QUEUES else None
        match offset:
            case 0x000:
                return MAGIC
            case 0x004:
                return 2
            case 0x008:
                return self.DEVICE_ID
            case 0x00C:
                return VENDOR
            case 0x010:
                return self.driver.offered()
            case 0x034:
                return MAX_SIZE if queue else 0
            case 0x044:
                return int(queue.ready) if queue else 0
            case 0x060:
                return self._interrupt
            case 0x070:
                return self.driver.status
            case 0x0B0 | 0x0B4 | 0x0B8 | 0x0BC:  # shared memory: there is none
                return 0xFFFF_FFFF
        return 0

    def _write(self, offset: int, width: int, value: int) -> None:
        driver = self.driver
        if offset == 0x070 and width == 4 and value == 0:
            self._reset()
            return
        if offset == 0x064 and width == 4 and not value & ~(USED_BUFFER | CONFIGURATION):
            self._set_interrupt(self._interrupt & ~value)
            return
        if driver.status & NEEDS_RESET:
            return
        if offset >= CONFIG:
            raise DriverError(f"a store to the device's own registers, at {offset:#x}")
        if width != 4:
            raise DriverError(f"a store of {width} bytes at {offset:#x}, instead of 4")
        match offset:
            case 0x014:
                driver.offered_word = value
            case 0x020:
                driver.accept(value)
            case 0x024:
                driver.accepted_word = value
            case 0x030:
                self._queue = value
            case 0x050:
                self._notified(value)
            case 0x070:
                driver.write_status(value)
            case 0x038 | 0x044 | 0x080 | 0x084 | 0x090 | 0x094 | 0x0A0 | 0x0A4:
                self._write_queue(offset, value)
            case 0x0AC:
                pass  # shared memory: there is none to select
            case _:
                raise DriverError(f"a store at {offset:#x}, where nothing can be written")

    def _write_queue(self, offset: int, value: int) -> None:
        if self._queue >= self.QUEUES:
            raise DriverError(f"there is no queue {self._queue}")
        queue = self._queues[self._queue]
        if offset == 0x044:
            if value > 1:
                raise DriverError(f"QueueReady {value:#x}")
            if not value:
                queue.ready = False
            elif not self.driver.status & FEATURES_OK:
                raise DriverError("a queue is made ready before FEATURES_OK")
            elif not queue.ready:
                queue.enable()
            return
        if queue.ready:
            raise DriverError(f"a store at {offset:#x} while the queue is ready")
        if offset == 0x038:
            queue.size = value
            return
        match offset & ~4:
            case 0x080:
                queue.descriptors = _with_half(queue.descriptors, offset, value)
            case 0x090:
                queue.available = _with_half(queue.available, offset, value)
            case _:
                queue.used = _with_half(queue.used, offset, value)

    # work

    def _notified(self, number: int) -> None:
        if number >= self.QUEUES:
            raise DriverError(f"there is no queue {number}")
        if not self.driver.status & DRIVER_OK:
            raise DriverError("a notification before DRIVER_OK")
        if not self._queues[number].ready:
            raise DriverError(f"a notification of queue {number}, which is not ready")
        if not self.driver.status & FAILED:
            self._serve_all(number)

    def _serve_all(self, number: int) -> None:
        """At most what waits at its beginning, so as many chains as the queue has places."""
        queue = self._queues[number]
        used = False
        try:
            for _ in range(queue.waiting()):
                place = (number, self._served[number])
                fault = self._faults.get(place)
                if fault is Fault.SPURIOUS and place not in self._came:
                    if number not in self._late:
                        self._late[number] = self._now() + LATE
                        self._set_interrupt(self._interrupt | USED_BUFFER)
                    return
                chain = queue.first()
                answer = self.fail(chain) if fault is Fault.IO_ERROR else self.serve(number, chain)
                if answer is None:
                    return
                queue.take()
                self._answer(number, chain, answer, fault)
                used = True
        finally:
            if used and queue.wants_interrupt():
                self._set_interrupt(self._interrupt | USED_BUFFER)

    def _answer(self, number: int, chain: Chain, answer: Answer, fault: Fault | None) -> None:
        queue = self._queues[number]
        data, tail = answer
        if fault is Fault.SHORT:
            data = data[: (len(data) + 1) // 2]
        queue.fill(chain, data)
        queue.fill(chain, tail, chain.room - len(tail))
        written = len(data) + (len(tail) if len(data) + len(tail) == chain.room else 0)
        self._served[number] += 1
        queue.give_back(
            chain.head + (queue.size if fault is Fault.USED_ID else 0),
            0xFFFF_FFFF if fault is Fault.USED_LENGTH else written,
        )

    # state

    def _guarded(self, act: Callable[[], None]) -> None:
        """What breaks a rule in it stops the device, and nothing else."""
        try:
            act()
        except (DriverError, DmaError) as error:
            self.needs_reset = str(error)
            self.driver.status |= NEEDS_RESET
            self._late.clear()
            if self.driver.status & DRIVER_OK:
                self._set_interrupt(self._interrupt | CONFIGURATION)

    def _reset(self) -> None:
        self.driver.reset()
        self.needs_reset = None
        self._queue = 0
        self._late.clear()
        for queue in self._queues:
            queue.reset()
        self._set_interrupt(0)

    def _set_interrupt(self, value: int) -> None:
        if bool(value) != bool(self._interrupt):
            self._set_line(bool(value))
        self._interrupt = value


def _with_half(address: int, offset: int, value: int) -> int:
    """An address of which the half whose register is at `offset` has another value."""
    shift = 32 if offset & 4 else 0
    return address & ~(0xFFFF_FFFF << shift) | value << shift
