"""Interrupts of devices in a system: hosted and native take them at the same instruction, however the CPU is driven."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tyrne.hosted import drivers
from tyrne.hosted.bus import Bus
from tyrne.hosted.devices.device import SetLine
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.native import NativeMachine
from tyrne.hosted.recorder import Recorder
from tyrne.system.devices import KINDS
from tyrne.system.manifest import encode
from tyrne.system.select import load_system, select

RTC = KINDS["rtc"]
DESCRIPTION = """\
[system]
name = "interrupts"
slice = 1000
[[device]]
name = "metronome"
kind = "rtc"
[[notification]]
name = "bell"
[[task]]
name = "driver"
program = "driver.py"
priority = 4
caps = [ { console = true }, { device = "metronome", at = 0x1000_0000 }, { notification = "bell" } ]
[[task]]
name = "busy"
program = "busy.py"
caps = [ { console = true } ]
[[task]]
name = "other"
program = "busy.py"
caps = [ { console = true } ]
"""
DRIVER = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, irange, u32, u64
from tyrne.lang.machine import read32, read64, write32
from tyrne.user import (
    InterruptCap, NotificationCap, done, granted, interrupt_ack, interrupt_bind, print_bytes, print_decimal,
    wait_signals,
)

INTERRUPT: Final = InterruptCap(handle("metronome_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
R: Final = u64(0x1000_0000)


@export
def main() -> u64:
    done(interrupt_bind(INTERRUPT, BELL, u64(2)))
    write32(R + START, u32(ROUNDS))
    for i in irange(ROUNDS):
        assert granted(wait_signals(BELL)) == 2
        print_decimal(read64(R + 8))
        print_bytes(b" ")
        write32(R + 4, u32(0))
        done(interrupt_ack(INTERRUPT))
    print_bytes(b"\\n")
    return u64(0)
"""
BUSY = """\
from __future__ import annotations
from tyrne.lang import export, irange, u64
from tyrne.user import print_bytes, print_decimal


@export
def main() -> u64:
    steps = u64(0)
    for i in irange(u64(700)):
        n = i + 1
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if i % 100 == 99:
            print_decimal(steps)
            print_bytes(b" steps\\n")
    return u64(0)
"""
ROUNDS = 150
SPACING = 777


class Metronome:
    """A store to its first register starts as many beats, one each SPACING ns and somewhat more; one to the second ends
    a beat. A store to its fifth beats at once, each time that a beat is ended. A load from the third says when the
    last beat was."""

    size = 0x1000

    def __init__(self, bus: Bus, line: SetLine) -> None:
        self.now, self.line = bus.now, line
        self.left = self.last = 0
        self.beats: list[int] = []
        self.event: int | None = None
        self.at_once = False

    def read(self, offset: int, width: int) -> int:
        return self.last >> (32 if offset == 12 else 0)

    def write(self, offset: int, width: int, value: int) -> None:
        if offset in (0, 16):
            self.left, self.at_once = value, offset == 16
            self.set_out()
        if offset == 4:
            self.line(False)
            if self.at_once:
                self.set_out()

    def set_out(self) -> None:
        if self.left and self.at_once:
            self.beat(self.now())
        elif self.left:
            self.event = self.now() + SPACING + self.left

    def beat(self, now: int) -> None:
        self.left -= 1
        self.last = now
        self.beats.append(now)
        self.line(True)

    def next_event(self) -> int | None:
        return self.event

    def advance(self, now: int) -> None:
        self.event = None
        self.beat(now)
        self.set_out()


@pytest.fixture(params=["timed", "at once"])
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    """Beats that come by themselves, or each from a store of the driver."""
    start = "0" if request.param == "timed" else "16"
    (tmp_path / "driver.py").write_text(DRIVER.replace("START", start).replace("ROUNDS", str(ROUNDS)))
    (tmp_path / "busy.py").write_text(BUSY)
    (tmp_path / "s.toml").write_text(DESCRIPTION)
    return encode(load_system(select([tmp_path / "s.toml"])), 100_000_000)


def outcome(machine: HostedMachine | NativeMachine) -> tuple[dict[str, Any], list[int]]:
    """What happened, and when the device beat."""
    bus = machine.make_bus()
    metronome = Metronome(bus, bus.line(RTC.line))
    bus.attach(RTC.address, metronome)
    machine.run()
    report = machine.recorder.report("one", "debug", ["driver", "busy", "other"])
    assert (report["status"], report["instructions"] > 100_000) == (0, True), report["log"]
    return report, metronome.beats


def test_every_machine_takes_them_at_the_same_instructions(manifest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    hosted = outcome(HostedMachine(manifest, Recorder()))
    assert outcome(NativeMachine(manifest, Recorder())) == hosted
    monkeypatch.setattr(drivers.library, "load", lambda: None)
    assert outcome(HostedMachine(manifest, Recorder())) == hosted
    assert outcome(NativeMachine(manifest, Recorder())) == hosted


@pytest.mark.parametrize("manifest", ["timed"], indirect=True)
def test_what_comes_by_itself_comes_at_its_nanosecond(manifest: bytes) -> None:
    _, beats = outcome(NativeMachine(manifest, Recorder()))
    spaces = [other - one for one, other in pairwise(beats)]
    assert spaces == [SPACING + left for left in range(ROUNDS - 1, 0, -1)]
