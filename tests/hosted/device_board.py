"""A machine of one CPU and one device, of which a test sees all."""

from __future__ import annotations

import struct
from collections.abc import Callable

from hand_made_space import CODE, DATA_FLAGS, Machine, Thread

from tyrne.hal.pages import MappingFlags
from tyrne.hosted import library
from tyrne.hosted.bus import Bus, Reach
from tyrne.hosted.cpu import Cpu, Stop
from tyrne.hosted.drivers import ByBlock, Driver
from tyrne.hosted.engine import Engine
from tyrne.hosted.lines import Lines
from tyrne.hosted.recorder import Recorder
from tyrne.lang import u64

DEVICE, SECOND_PAGE = 0x0090_0000, 0x0090_1000
AT, LINE = 0x0A00_0000, 48


class Probe:
    """Writes down what is done to it, and at which time. A store raises its line if it is to."""

    size = 0x2000

    def __init__(self, bus: Bus) -> None:
        self.set_line = bus.line(LINE)
        self.now = bus.now
        self.seen: list[tuple[int, ...]] = []
        self.raises = False
        self.event: int | None = None
        self.advanced: list[int] = []

    def read(self, offset: int, width: int) -> int:
        self.seen.append((offset, width))
        self.set_line(self.raises)
        return 0x8877_6655_4433_2211 + offset

    def write(self, offset: int, width: int, value: int) -> None:
        self.seen.append((offset, width, value))
        self.set_line(self.raises)

    def next_event(self) -> int | None:
        return self.event

    def advance(self, now: int) -> None:
        self.advanced.append(now)
        self.event = None
        self.set_line(self.raises)


def by_block(cpu: Engine) -> ByBlock:
    functions = library.load()
    assert functions is not None
    return ByBlock(cpu, functions)


class Board:
    """A machine with one device of two pages."""

    def __init__(self, drive: Callable[[Engine], Driver], *code: int) -> None:
        self.machine = Machine()
        self.cpu = self.machine.cpu = Cpu(self.machine.ram, drive)
        root = self.machine.space(struct.pack(f"<{len(code)}I", *code))
        flags = DATA_FLAGS | MappingFlags.DEVICE
        self.machine.map(root, DEVICE, AT, flags)
        self.machine.map(root, SECOND_PAGE, AT + 0x1000, flags)
        self.cpu.set_translation(root, 1)
        self.lines = Lines(lambda: None)
        reach = Reach(self.machine.ram, ())
        self.bus = self.cpu.bus = Bus(self.lines, lambda: self.cpu.instructions, reach, Recorder())
        self.probe = Probe(self.bus)
        self.bus.attach(AT, self.probe)
        self.thread = Thread()
        self.set(0, DEVICE)

    def set(self, register: int, value: int) -> None:
        self.thread.frame.x[register] = u64(value)

    def x(self, register: int) -> int:
        return int(self.thread.frame.x[register])

    def run(self, limit: int = 1000) -> Stop:
        return self.machine.run(self.thread, limit)

    @property
    def at(self) -> int:
        """How far from the start the thread stands, in instructions."""
        return (int(self.thread.frame.pc) - CODE) // 4
