"""Devices of the hosted and the native machine that do wrong: by a table of faults, or whatever chance says."""

from __future__ import annotations

import random
from collections.abc import Callable
from struct import pack
from typing import Final

import pytest

from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.block import Block, Sectors
from tyrne.hosted.devices.device import Device, DmaError, Memory, Now, SetLine
from tyrne.hosted.devices.entropy import Entropy
from tyrne.hosted.devices.faults import Faults
from tyrne.hosted.devices.virtio_mmio import VirtioMmio
from tyrne.system.models import MODELS
from tyrne.system.parts import Device as Described

Model = Callable[[Bus, SetLine, Described], Device]


def have(patch: pytest.MonkeyPatch, kind: str, model: Model) -> None:
    """From now on a device of a kind is this model."""
    patch.setitem(MODELS, kind, model)


def entropy_with(faults: Faults) -> Model:
    return lambda bus, line, device: Entropy(line, bus.memory, bus.now, seed=b"entropy", faults=faults)


def block_with(faults: Faults) -> Model:
    return lambda bus, line, device: Block(
        line, bus.memory, bus.now, sectors=Sectors(device.content), faults=faults
    )


class Liar:
    """A device that begins as its model does. From DRIVER_OK on, at each access and 500 ns later, it may do anything:
    say any number in its registers, write to the rings and around them, interrupt. `truth`: how likely it is right."""

    size: Final = 4096

    def __init__(self, model: VirtioMmio, line: SetLine, memory: Memory, now: Now, seed: int, truth: float) -> None:
        self.model, self.line, self.memory, self.now = model, line, memory, now
        self.dice: Final = random.Random(seed)
        self.truth: Final = truth
        self.begun = False
        self.level = False
        self.used = 0
        self.at: int | None = None
        self.lies = 0

    def honest(self) -> bool:
        return not self.begun or self.dice.random() < self.truth

    def read(self, offset: int, width: int) -> int:
        value = self.model.read(offset, width)
        if self.honest():
            return value
        self.lies += 1
        return self.dice.choice((0, value ^ 1 << self.dice.randrange(32), self.dice.getrandbits(32)))

    def write(self, offset: int, width: int, value: int) -> None:
        if offset in (0xA0, 0xA4):
            self.used = self.used & ~(0xFFFF_FFFF << 8 * (offset & 4)) | value << 8 * (offset & 4)
        if self.honest():
            self.model.write(offset, width, value)
        else:
            self.lies += 1
        self.begun = self.begun or (offset == 0x70 and value == 15)
        if not self.honest():
            self.lie()
        self.at = self.now() + 500

    def lie(self) -> None:
        """Interrupt or not, and write something into the used ring, or anywhere in its pages."""
        self.lies += 1
        self.level = self.dice.random() < 0.8
        self.line(self.level)
        page = self.used & ~0xFFF
        where, what = self.dice.choice((
            (self.used + 2, pack("<H", self.dice.choice((0, 1, 2, 3, self.dice.getrandbits(16))))),
            (self.used + 4, pack("<II", self.dice.randrange(9), self.dice.getrandbits(32))),
            (self.used + 4 + 8 * self.dice.randrange(8), pack("<II", self.dice.randrange(9), self.dice.randrange(99))),
            (page + self.dice.randrange(0xF00), self.dice.randbytes(200)),
        ))  # fmt: skip
        try:
            self.memory.write(where, what)
        except DmaError:
            return

    def next_event(self) -> int | None:
        return min((at for at in (self.at, self.model.next_event()) if at is not None), default=None)

    def advance(self, now: int) -> None:
        event = self.model.next_event()
        if event is not None and event <= now:
            self.model.advance(now)
        if self.at is not None and self.at <= now:
            self.at = None
            if not self.honest():
                self.lie()
