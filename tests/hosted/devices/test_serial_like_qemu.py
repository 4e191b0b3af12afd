"""A driver that keeps the rules finds the same on QEMU's serial line and on the model, by the same accesses.

QEMU departs from the manual, and the model does not follow: it receives and sends whatever CR says and with words of 8
bits; its receive interrupt comes with the first byte of a FIFO, its transmit interrupt with each byte; it has no
receive timeout. QEMU 7.2 keeps bits that a register does not have.
"""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from hosted.devices.qtest import Qemu, qemu_with
from tyrne.hosted.devices.serial import ENABLED, FIFOS, RECEIVE, RECEIVES, TRANSMIT, TRANSMITS, Register, Serial

pytestmark = pytest.mark.qemu

BASE: Final = 0x0900_0000
SECONDS: Final = 10.0
EIGHT_BITS: Final = 3 << 5
ON: Final = ENABLED | TRANSMITS | RECEIVES
BITS: Final = {
    Register.IBRD: 0xFFFF, Register.FBRD: 0x3F, Register.ILPR: 0xFF, Register.IFLS: 0x3F, Register.IMSC: 0x7FF,
}  # fmt: skip
PLAIN: Final = (*BITS, Register.LCR_H, Register.CR, Register.RSR, Register.FR, Register.RIS, Register.MIS)
"""Registers that a load does not change."""

STORED: Final = (*BITS, Register.ICR, Register.RSR, Register.FR, Register.RIS, Register.MIS)


class Model:
    def __init__(self) -> None:
        self.sent: Final = bytearray()
        self.device: Final = Serial(lambda level: None, lambda: 0, output=self.sent.extend)

    def read(self, register: int, width: int = 4) -> int:
        return self.device.read(register, width) & (1 << 8 * width) - 1

    def write(self, register: int, value: int) -> None:
        self.device.write(register, 4, value)

    def type(self, data: bytes) -> None:
        self.device.type_at(0, data)
        self.device.advance(0)


class Line:
    """QEMU's, and who is at its other end."""

    def __init__(self, qemu: Qemu, other: socket.socket) -> None:
        self.qemu: Final = qemu
        self.other: Final = other
        self.sent: Final = bytearray()

    def read(self, register: int, width: int = 4) -> int:
        return int(self.qemu.ask(f"read{' bw l'[width]} {BASE + register:#x}"), 16)

    def write(self, register: int, value: int) -> None:
        self.qemu.ask(f"writel {BASE + register:#x} {value:#x}")

    def type(self, data: bytes) -> None:
        """What is typed is there when this returns."""
        self.other.sendall(data)
        end = time.monotonic() + SECONDS
        while self.read(Register.FR) & 1 << 4:
            assert time.monotonic() < end
            time.sleep(0.001)

    def hear(self, length: int) -> bytes:
        while len(self.sent) < length:
            self.sent.extend(self.other.recv(4096))
        return bytes(self.sent)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    path = tmp_path / "line"
    with socket.socket(socket.AF_UNIX) as other:
        other.settimeout(SECONDS)
        words = ("-chardev", f"socket,id=line,path={path},server=on,wait=off", "-serial", "chardev:line")
        with qemu_with(tmp_path, *words) as qemu:
            qemu.ask(f"readl {BASE:#x}")  # it has answered, so its socket is there
            other.connect(str(path))
            yield Line(qemu, other)


def started(line: Line, model: Model, fifos: bool = False) -> None:
    for side in (line, model):
        side.write(Register.LCR_H, EIGHT_BITS | FIFOS * fifos)
        side.write(Register.CR, ON)


def test_after_reset_every_word_of_its_page_is_the_same(line: Line) -> None:
    model = Model()
    assert [line.read(at) for at in range(0, 0x1000, 4)] == [model.read(at) for at in range(0, 0x1000, 4)]


@pytest.mark.parametrize("width", [1, 2])
def test_accesses_that_are_narrower_find_the_same(line: Line, width: int) -> None:
    model = Model()
    for at in range(0x18, 0x50, width):
        assert line.read(at, width) == model.read(at, width), hex(at)


@pytest.mark.parametrize("seed", range(3))
def test_registers_are_the_same_after_random_stores(line: Line, seed: int) -> None:
    """Without FIFOs, with words of 8 bits, while the line is on: what both define."""
    dice, model = random.Random(seed), Model()
    started(line, model)
    for _ in range(300):
        register = dice.choice((*STORED, Register.DR))
        value = dice.getrandbits(32) & BITS.get(register, 0x7FF)
        line.write(register, value)
        model.write(register, value)
        for other in PLAIN:
            assert line.read(other) == model.read(other), (register.name, hex(value), other.name)
    assert line.hear(len(model.sent)) == model.sent


@pytest.mark.parametrize("seed", range(3))
def test_bytes_that_come_in_are_the_same_with_their_flags_and_interrupts(line: Line, seed: int) -> None:
    dice, model = random.Random(seed), Model()
    started(line, model)
    for _ in range(60):
        key = dice.randbytes(1)
        line.type(key)
        model.type(key)
        if dice.getrandbits(1):
            line.write(Register.ICR, RECEIVE)
            model.write(Register.ICR, RECEIVE)
        assert [line.read(at) for at in PLAIN] == [model.read(at) for at in PLAIN]
        assert line.read(Register.DR) == model.read(Register.DR) == key[0]
        assert [line.read(at) for at in PLAIN] == [model.read(at) for at in PLAIN]


@pytest.mark.parametrize("fifos", [False, True])
def test_what_a_driver_reads_until_nothing_is_left_is_the_same(line: Line, fifos: bool) -> None:
    dice, model = random.Random(5), Model()
    started(line, model, fifos)
    typed = dice.randbytes(200)
    model.type(typed)
    line.other.sendall(typed)
    taken: list[bytes] = []
    for side in (line, model):
        found = bytearray()
        end = time.monotonic() + SECONDS
        while len(found) < len(typed) and time.monotonic() < end:
            if not side.read(Register.FR) & 1 << 4:
                found.append(side.read(Register.DR))
        taken.append(bytes(found))
    assert taken == [typed, typed]
    assert line.read(Register.RIS) & RECEIVE == model.read(Register.RIS) & RECEIVE == 0


def test_the_fifo_is_full_with_as_many_bytes(line: Line) -> None:
    model = Model()
    started(line, model, fifos=True)
    model.type(bytes(40))
    line.other.sendall(bytes(40))
    end = time.monotonic() + SECONDS
    while not line.read(Register.FR) & 1 << 6:
        assert time.monotonic() < end
        time.sleep(0.001)
    assert line.read(Register.FR) == model.read(Register.FR)
    assert line.read(Register.RIS) & RECEIVE == model.read(Register.RIS) & RECEIVE == RECEIVE


def test_what_is_sent_is_heard_and_interrupts(line: Line) -> None:
    model = Model()
    started(line, model)
    text = bytes(range(256))
    for byte in text:
        for side in (line, model):
            side.write(Register.DR, byte)
            assert side.read(Register.RIS) == TRANSMIT
            side.write(Register.ICR, TRANSMIT)
    assert line.hear(256) == model.sent == text
