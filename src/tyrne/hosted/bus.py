"""The bus of the hosted machine: which device's registers are where, and what the devices do in the course of time.

To the CPU there is nothing at a device's addresses: an access ends its run as an external abort, with the instruction
not executed and the count exact. The host then executes that instruction on the device, and the CPU goes on behind it.
So machines without devices have nothing that looks for them, an interrupt comes right behind the access that raised
it, and a defect of a model is an exception like each other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

from tyrne.hosted.access import Access, perform
from tyrne.hosted.devices.device import Device, DmaError, Memory, SetLine
from tyrne.hosted.lines import Lines
from tyrne.hosted.ram import Ram
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import GeneralRegisters

PAGE: Final = 4096
NEVER: Final = 1 << 64
"""A time, in nanoseconds, that does not come."""


class Outside(Protocol):
    """Who gives a device what comes from outside, between two turns, and nowhere else."""

    @property
    def open(self) -> bool:
        """Whether more may come."""
        ...

    def look(self) -> None:
        """Let come what is there, later than now."""
        ...

    def wait(self, nanoseconds: int) -> int | None:
        """Nobody is ready: how many of so many nanoseconds, at least 1, have passed when something is there, which
        comes then; or all of them. None when the run is to stop."""
        ...


class Place(NamedTuple):
    """A device and where its registers begin, physically."""

    start: int
    device: Device


class Bus:
    """`now` is the machine's time in nanoseconds; `memory` is what its devices reach; the recorder gets what they put
    out."""

    def __init__(self, lines: Lines, now: Callable[[], int], memory: Memory, recorder: Recorder) -> None:
        self.lines: Final = lines
        self.now: Final = now
        self.memory: Final = memory
        self.recorder: Final = recorder
        self._pages: Final[dict[int, Place]] = {}
        self._devices: Final[list[Device]] = []
        self.outside: Outside | None = None
        self.open = False
        """Whether more may come from outside, without anybody who says so: in a run that is repeated."""

    def attach(self, start: int, device: Device) -> None:
        """A device's registers stand at physical addresses from `start` on, which begins a page and is free."""
        assert start % PAGE == 0 and device.size % PAGE == 0 and device.size
        pages = range(start // PAGE, (start + device.size) // PAGE)
        assert not any(page in self._pages for page in pages)
        self._pages.update(dict.fromkeys(pages, Place(start, device)))
        self._devices.append(device)

    def line(self, number: int) -> SetLine:
        """What a device gets that has this interrupt line."""
        return functools.partial(self.lines.set_level, number)

    def place(self, address: int) -> Place | None:
        """Whose registers are at a physical address."""
        return self._pages.get(address // PAGE)

    def serve(self, place: Place, address: int, access: Access, registers: GeneralRegisters) -> None:
        """Execute an aligned access within one page, which begins at a physical address."""
        device, offset = place.device, address - place.start

        def read(at: int, width: int) -> int:
            if width == 8:
                return read(at, 4) | read(at + 4, 4) << 32
            return device.read(offset + at, width) & (1 << 8 * width) - 1

        def write(at: int, width: int, value: int) -> None:
            if width == 8:
                write(at, 4, value & 0xFFFF_FFFF)
                write(at + 4, 4, value >> 32)
            else:
                device.write(offset + at, width, value)

        perform(access, registers, read, write)

    @property
    def until_event(self) -> int:
        """Nanoseconds, at least 1, until the first of the devices does something by itself; NEVER when none does."""
        events = (device.next_event() for device in self._devices)
        return max(1, min((event for event in events if event is not None), default=NEVER) - self.now())

    def advance(self) -> None:
        """Let the devices do what is due."""
        if self.outside is not None:
            self.outside.look()
        now = self.now()
        for device in self._devices:
            event = device.next_event()
            if event is not None and event <= now:
                device.advance(now)

    def works(self) -> bool:
        """Whether a line is pending, or a device will do something though nobody asks it to."""
        waits = self.open if self.outside is None else self.outside.open
        coming = any(device.next_event() is not None for device in self._devices)
        return waits or coming or self.lines.pending is not None

    def rest(self, alarm_at: int, timed: bool, pass_time: Callable[[int], None]) -> None:
        """Nobody is ready: let so many nanoseconds pass at a time, up to the alarm or until a line is pending. If no
        task is `timed`, and no device works any more, nothing comes: then none pass."""
        self.advance()
        while self.lines.pending is None and (left := alarm_at - self.now()) > 0 and (timed or self.works()):
            passed: int | None = min(left, self.until_event)
            if self.outside is not None and self.outside.open:
                passed = self.outside.wait(min(left, self.until_event))
            if passed is None:
                return
            pass_time(passed)
            self.advance()


class Reach:
    """Memory as devices reach it: some ranges of RAM, each a first physical address and one past the last."""

    def __init__(self, ram: Ram, ranges: Sequence[tuple[int, int]]) -> None:
        self._ram: Final = ram
        self._ranges: Final = ranges

    def read(self, address: int, length: int) -> bytes:
        self._check(address, length)
        return self._ram.get(address, length)

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        self._ram.put(address, data)

    def _check(self, address: int, length: int) -> None:
        if length < 0 or not any(start <= address and address + length <= end for start, end in self._ranges):
            raise DmaError(f"{length} bytes at {address:#x}: out of the reach of devices")
