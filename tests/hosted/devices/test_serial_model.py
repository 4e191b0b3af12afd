"""The model of the serial line keeps the rules of the PL011's manual."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import pytest

from hosted.devices.ring_driver import Line
from tyrne.hosted.devices.serial import (
    CLOCK,
    DEPTH,
    ENABLED,
    FIFOS,
    LEVELS,
    LOOP,
    OVERRUN,
    OVERRUN_ERROR,
    RECEIVE,
    RECEIVES,
    TIMEOUT,
    TRANSMIT,
    TRANSMITS,
    Register,
    Serial,
)

EIGHT_BITS: Final = 3 << 5
ON: Final = ENABLED | TRANSMITS | RECEIVES
IDLE: Final = 0x90
"""FR: both FIFOs are empty."""


class Machine:
    """A serial line, what it sent, and its time."""

    def __init__(self, typed: bytes = b"", byte_time: int = 0) -> None:
        self.line: Final = Line()
        self.sent: Final = bytearray()
        self.now = 0
        keys = [(0, typed)] if typed else []
        self.device: Final = Serial(
            self.line, lambda: self.now, output=self.sent.extend, keys=keys, byte_time=byte_time
        )

    def start(self, fifos: bool = False, control: int = ON) -> Machine:
        self[Register.LCR_H] = EIGHT_BITS | FIFOS * fifos
        self[Register.CR] = control
        self.let_pass(0)
        return self

    def __getitem__(self, register: int) -> int:
        return self.device.read(register, 4)

    def __setitem__(self, register: int, value: int) -> None:
        self.device.write(register, 4, value)

    def let_pass(self, nanoseconds: int) -> None:
        """Time, as the bus has it pass."""
        end = self.now + nanoseconds
        while (event := self.device.next_event()) is not None and event <= end:
            self.now = max(self.now, event)
            self.device.advance(self.now)
        self.now = end

    def take(self, most: int = 1000) -> bytes:
        """What a driver reads until the line has nothing more."""
        found = bytearray()
        while not self[Register.FR] & 1 << 4 and len(found) < most:
            found.append(self[Register.DR] & 0xFF)
        return bytes(found)


def test_after_reset_the_registers_are_as_the_manual_says() -> None:
    machine = Machine()
    values = {register.name: machine[register] for register in Register}
    other = {"FR": IDLE, "CR": 0x300, "IFLS": 0x12}
    assert values == dict.fromkeys(values, 0) | other
    assert machine.line.level is False
    assert machine.device.next_event() is None


def test_it_says_that_it_is_a_pl011() -> None:
    identity = [Machine()[0xFE0 + 4 * number] for number in range(8)]
    part = identity[0] | (identity[1] & 0xF) << 8
    assert part == 0x011
    assert identity[4:] == [0x0D, 0xF0, 0x05, 0xB1]


@pytest.mark.parametrize(
    ("register", "bits"),
    [
        (Register.IBRD, 0xFFFF), (Register.FBRD, 0x3F), (Register.LCR_H, 0xFF), (Register.IFLS, 0x3F),
        (Register.IMSC, 0x7FF), (Register.DMACR, 7), (Register.ILPR, 0xFF),
    ],
)  # fmt: skip
def test_a_register_keeps_the_bits_that_it_has(register: Register, bits: int) -> None:
    machine = Machine()
    machine[register] = 0xFFFF_FFFF
    assert machine[register] == bits
    machine[register] = 0
    assert machine[register] == 0


@pytest.mark.parametrize("register", [Register.FR, Register.RIS, Register.MIS, 0x08, 0x4C, 0xFDC, 0xFE0, 0xFFC])
def test_what_is_not_written_stays(register: int) -> None:
    machine = Machine()
    before = machine[register]
    machine[register] = 0xFFFF_FFFF
    assert machine[register] == before


@pytest.mark.parametrize("control", [0, ENABLED, TRANSMITS, ENABLED | RECEIVES])
@pytest.mark.parametrize("fifos", [False, True])
def test_nothing_is_sent_while_the_line_does_not_transmit(control: int, fifos: bool) -> None:
    machine = Machine().start(fifos, control)
    room = DEPTH if fifos else 1
    for byte in range(room + 3):
        machine[Register.DR] = byte
    assert machine.sent == b""
    assert machine[Register.FR] == 0x38  # busy, nothing received, full
    machine[Register.CR] = ON
    assert machine.sent == bytes(range(room))  # what found no room is lost
    assert machine[Register.FR] == IDLE


@pytest.mark.parametrize("control", [0, ENABLED, RECEIVES, ENABLED | TRANSMITS])
def test_nothing_is_received_while_the_line_does_not_receive(control: int) -> None:
    machine = Machine(b"ab").start(control=control)
    assert (machine[Register.FR], machine[Register.RIS], machine.device.typed) == (IDLE, 0, 2)
    machine[Register.CR] = ON
    assert machine.take() == b"ab"


def test_a_word_has_as_many_bits_as_the_line() -> None:
    machine = Machine(b"\xff\xff").start()
    machine[Register.LCR_H] = 0  # 5 bits
    assert machine[Register.DR] == 0xFF  # received before
    assert machine[Register.DR] == 0x1F
    machine[Register.DR] = 0xFF
    assert machine.sent == b"\x1f"


def test_without_fifos_each_byte_interrupts_until_it_is_read() -> None:
    machine = Machine(b"ab").start()
    assert (machine[Register.RIS], machine[Register.MIS], machine.line.level) == (RECEIVE, 0, False)
    machine[Register.IMSC] = RECEIVE
    assert (machine[Register.MIS], machine.line.level) == (RECEIVE, True)
    assert machine[Register.FR] & 0x50 == 0x40
    assert machine[Register.DR] == ord("a")
    assert machine.line.level is True  # the next one is there
    assert machine[Register.DR] == ord("b")
    assert (machine[Register.RIS], machine.line.level, machine[Register.FR]) == (0, False, IDLE)


@pytest.mark.parametrize("field", range(8))
def test_a_fifo_interrupts_at_its_level_and_below_it_no_more(field: int) -> None:
    level = LEVELS[min(field, 4)]
    machine = Machine().start(fifos=True)
    machine[Register.IFLS] = field << 3
    for number in range(level):
        assert machine[Register.RIS] & RECEIVE == 0, number
        machine.device.type_at(machine.now, b"x")
        machine.let_pass(1)
    assert machine[Register.RIS] & RECEIVE
    machine[Register.DR]
    assert machine[Register.RIS] & RECEIVE == 0


def test_an_interrupt_that_is_cleared_comes_with_the_next_byte() -> None:
    machine = Machine(b"x" * 8).start(fifos=True)
    machine[Register.ICR] = RECEIVE
    assert machine[Register.RIS] & RECEIVE == 0
    machine.device.type_at(1, b"x")
    machine.let_pass(1)
    assert machine[Register.RIS] & RECEIVE


@pytest.mark.parametrize("divisor", [0, 64, 13 * 64 + 1, 0xFFFF << 6])
def test_what_waits_below_the_level_interrupts_after_32_bits(divisor: int) -> None:
    machine = Machine(b"x")
    machine[Register.IBRD], machine[Register.FBRD] = divisor >> 6, divisor & 63
    machine.start(fifos=True)
    period = 32 * 16 * max(64, divisor) * 1_000_000_000 // 64 // CLOCK
    machine.let_pass(period - 1)
    assert machine[Register.RIS] == 0
    machine.let_pass(1)
    assert machine[Register.RIS] == TIMEOUT
    assert machine[Register.DR] == ord("x")
    assert machine[Register.RIS] == 0
    assert machine.device.next_event() is None


def test_a_byte_that_follows_puts_the_timeout_off() -> None:
    machine = Machine(b"x")
    machine[Register.IBRD] = 1
    machine.start(fifos=True)
    machine.let_pass(20_000)
    machine.device.type_at(machine.now, b"y")
    machine.let_pass(21_000)
    assert machine[Register.RIS] == 0
    machine.let_pass(400)
    assert machine[Register.RIS] == TIMEOUT
    machine[Register.ICR] = TIMEOUT
    machine.let_pass(1_000_000)
    assert (machine[Register.RIS], machine.take()) == (0, b"xy")


def test_a_full_fifo_takes_no_more_and_loses_nothing() -> None:
    typed = bytes(range(32, 132))
    machine = Machine(typed).start(fifos=True)
    assert (machine[Register.FR] & 0x50, machine.device.typed) == (0x40, 100 - DEPTH)
    assert machine.take() == typed
    assert machine[Register.RSR] == 0


@pytest.mark.parametrize("fifos", [False, True])
def test_to_switch_the_fifos_empties_them(fifos: bool) -> None:
    machine = Machine(b"x").start(fifos)
    machine[Register.CR] = ENABLED | RECEIVES
    machine[Register.DR] = 1
    machine[Register.LCR_H] = EIGHT_BITS | FIFOS * (not fifos)
    assert (machine[Register.FR], machine[Register.RIS], machine.device.next_event()) == (IDLE, 0, None)
    machine[Register.CR] = ON
    assert machine.sent == b""


def test_what_is_sent_comes_back_in_a_loop_and_goes_nowhere_else() -> None:
    machine = Machine(b"typed").start(fifos=True, control=ON | LOOP)
    for byte in b"looped":
        machine[Register.DR] = byte
    assert (machine.take(), bytes(machine.sent)) == (b"looped", b"")
    machine[Register.CR] = ON
    assert machine.take() == b"typed"


def test_a_byte_without_room_is_lost_and_that_is_told() -> None:
    machine = Machine().start(control=ON | LOOP)
    machine[Register.DR] = ord("a")
    machine[Register.DR] = ord("b")
    assert (machine[Register.RSR], machine[Register.RIS] & OVERRUN) == (OVERRUN_ERROR, OVERRUN)
    assert machine[Register.DR] == OVERRUN_ERROR << 8 | ord("a")
    machine[Register.DR] = ord("c")
    assert machine[Register.DR] == ord("c")
    machine[Register.RSR] = 0xFF
    machine[Register.ICR] = OVERRUN
    assert (machine[Register.RSR], machine[Register.RIS] & OVERRUN) == (0, 0)


def test_without_fifos_the_transmitter_interrupts_when_there_is_room_again() -> None:
    machine = Machine(byte_time=100).start()
    machine[Register.IMSC] = TRANSMIT
    assert machine[Register.RIS] == 0  # it was empty, and did not become so
    machine[Register.DR] = ord("a")
    assert machine[Register.FR] & 0xA8 == 0x88  # in the shift register
    assert machine.line.level is True
    machine[Register.DR] = ord("b")
    assert machine[Register.FR] & 0xA8 == 0x28
    assert machine.line.level is False
    machine.let_pass(99)
    assert (bytes(machine.sent), machine.line.level) == (b"", False)
    machine.let_pass(1)
    assert (bytes(machine.sent), machine.line.level) == (b"a", True)
    machine.let_pass(100)
    assert (bytes(machine.sent), machine[Register.FR]) == (b"ab", IDLE)
    machine[Register.ICR] = TRANSMIT
    assert machine.line.level is False


@pytest.mark.parametrize("field", range(8))
def test_a_fifo_that_empties_interrupts_at_its_level_once(field: int) -> None:
    level = LEVELS[min(field, 4)]
    machine = Machine(byte_time=100).start(fifos=True)
    machine[Register.IFLS] = field
    for byte in range(DEPTH):
        machine[Register.DR] = byte
    machine[Register.DR] = DEPTH  # the first one is in the shift register
    left = DEPTH
    while machine[Register.FR] & 1 << 3:
        assert bool(machine[Register.RIS] & TRANSMIT) is (left <= level), left
        machine.let_pass(100)
        left -= 1
    assert machine.sent == bytes(range(DEPTH + 1))


def test_a_byte_that_is_late_by_much_is_sent_with_those_behind_it() -> None:
    machine = Machine(byte_time=100).start(fifos=True)
    for byte in b"abc":
        machine[Register.DR] = byte
    machine.now = 250
    machine.device.advance(machine.now)
    assert (bytes(machine.sent), machine.device.next_event()) == (b"ab", 300)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_an_access_that_begins_within_a_register_is_one_of_it(width: int) -> None:
    machine = Machine()
    machine.device.write(Register.IBRD + (4 - width), width, 0x11)
    assert machine.device.read(Register.IBRD + (4 - width), width) == 0x11


def wild(dice: Random, machine: Machine) -> None:
    register = dice.choice([*Register, dice.randrange(0, 0x1000, 4)])
    if dice.random() < 0.6:
        value = dice.choice((0, dice.getrandbits(32), ON | LOOP * dice.getrandbits(1), EIGHT_BITS | FIFOS, 0xFFFF_FFFF))
        machine[register] = value
    else:
        assert 0 <= machine[register] < 1 << 32


def nothing_typed(dice: Random, machine: Machine) -> None:
    machine.let_pass(dice.randrange(10_000))


def something_typed(dice: Random, machine: Machine) -> None:
    machine.device.type_at(machine.now, dice.randbytes(dice.randrange(1, 40)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("byte_time", [0, 500])
def test_a_wild_driver_finds_a_line_whose_interrupt_follows_from_its_registers(seed: int, byte_time: int) -> None:
    dice, machine = Random(seed), Machine(byte_time=byte_time)
    acts: list[Callable[[Random, Machine], None]] = [wild, wild, wild, nothing_typed, something_typed]
    for _ in range(1500):
        dice.choice(acts)(dice, machine)
        assert machine.line.level is bool(machine[Register.MIS])
        assert machine[Register.MIS] == machine[Register.RIS] & machine[Register.IMSC]
        flags = machine[Register.FR]
        assert not (flags & 0x50 == 0x50 or flags & 0xA0 == 0xA0)  # empty and full
        event = machine.device.next_event()
        assert event is None or event >= 0
