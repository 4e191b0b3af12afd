"""A serial line, Arm's PL011: registers and FIFOs as its manual has them (DDI 0183, revision r1p4).

Where QEMU departs from the manual the model does not follow: there the receive interrupt comes with the first byte
whatever IFLS says, there is no receive timeout, and neither CR nor the length of a word has an effect. Bytes come in as
fast as they are taken, and go out at once unless `byte_time` says otherwise: nothing is lost on this line but what is
written to a full FIFO. Modem signals, breaks, parity and DMA do nothing; a byte that is looped back comes at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final

from tyrne.hosted.devices.device import Now, SetLine
from tyrne.hosted.devices.typed import Keys, Typed

CLOCK: Final = 24_000_000
"""UARTCLK of QEMU's machine, in Hz."""
DEPTH: Final = 16
"""Of the FIFOs, while they are on; else each holds one byte."""
RECEIVE, TRANSMIT, TIMEOUT, OVERRUN = 1 << 4, 1 << 5, 1 << 6, 1 << 10
"""Interrupts, in RIS, MIS, IMSC and ICR."""
BUSY, RECEIVE_EMPTY, TRANSMIT_FULL, RECEIVE_FULL, TRANSMIT_EMPTY = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
"""In FR."""
FIFOS: Final = 1 << 4
"""In LCR_H."""
ENABLED, LOOP, TRANSMITS, RECEIVES = 1 << 0, 1 << 7, 1 << 8, 1 << 9
"""In CR."""
OVERRUN_ERROR: Final = 1 << 3
"""In RSR, and 8 bits higher in DR."""
LEVELS: Final = (2, 4, 8, 12, 14)
"""Bytes in a FIFO, by the fields of IFLS; values that are reserved count as the last."""

_ID: Final = 0xFE0
_IDS: Final = (0x11, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1)


class Register(IntEnum):
    """An access that begins within a register is one of it, as on QEMU."""

    DR = 0x00
    RSR = 0x04
    FR = 0x18
    ILPR = 0x20
    IBRD = 0x24
    FBRD = 0x28
    LCR_H = 0x2C
    CR = 0x30
    IFLS = 0x34
    IMSC = 0x38
    RIS = 0x3C
    MIS = 0x40
    ICR = 0x44
    DMACR = 0x48


_KEPT: Final = {
    Register.ILPR: 0xFF,
    Register.IBRD: 0xFFFF,
    Register.FBRD: 0x3F,
    Register.LCR_H: 0xFF,
    Register.CR: 0xFF87,
    Register.IFLS: 0x3F,
    Register.IMSC: 0x7FF,
    Register.DMACR: 0x7,
}
"""Registers that are read as they were written, and the bits that they have."""


class Serial:
    """A Device, and a Keyboard. What is no register reads as 0, and stores to it have no effect."""

    size: Final = 0x1000

    def __init__(
        self,
        set_line: SetLine,
        now: Now,
        *,
        output: Callable[[bytes], None],
        keys: Iterable[Keys] = (),
        byte_time: int = 0,
    ) -> None:
        """`output` gets each byte that is sent. `keys` come by themselves. `byte_time` is how many nanoseconds a byte
        takes to go out."""
        self._set_line: Final = set_line
        self._now: Final = now
        self._output: Final = output
        self._byte_time: Final = byte_time
        self._typed: Final = Typed(keys)
        self._kept: Final = {**dict.fromkeys(_KEPT, 0), Register.CR: TRANSMITS | RECEIVES, Register.IFLS: 0x12}
        self._received: Final[deque[int]] = deque()
        self._to_send: Final[deque[int]] = deque()
        self._sending: int | None = None
        """The byte in the shift register."""
        self._sent_at = 0
        self._timeout_at: int | None = None
        self._errors = 0
        """RSR."""
        self._overrun = False
        """Whether a byte was lost since one found room."""
        self._raised = 0

    @property
    def typed(self) -> int:
        return len(self._typed)

    def type_at(self, time: int, data: bytes) -> None:
        self._typed.add_at(time, data)

    def read(self, offset: int, width: int) -> int:
        if offset >= _ID:
            return _IDS[(offset - _ID) >> 2]
        match offset & ~3:
            case Register.DR:
                return self._take()
            case Register.RSR:
                return self._errors
            case Register.FR:
                return self._flags()
            case Register.RIS:
                return self._raised
            case Register.MIS:
                return self._raised & self._kept[Register.IMSC]
            case register if register in _KEPT:
                return self._kept[Register(register)]
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        match offset & ~3:
            case Register.DR:
                self._put(value & 0xFF)
            case Register.RSR:
                self._errors = 0
            case Register.ICR:
                self._raised &= ~value
            case register if register in _KEPT:
                self._set(Register(register), value & _KEPT[Register(register)])
        self._update()

    def next_event(self) -> int | None:
        sent_at = self._sent_at if self._sending is not None else None
        events = (self._typed.coming(), sent_at, self._timeout_at)
        return min((event for event in events if event is not None), default=None)

    def advance(self, now: int) -> None:
        while self._typed.arrive(now):
            pass
        self._update()
        if self._timeout_at is not None and self._timeout_at <= now:
            self._timeout_at = None
            self._raised |= TIMEOUT
            self._update()

    def _set(self, register: Register, value: int) -> None:
        before = self._kept[register]
        self._kept[register] = value
        if register is Register.LCR_H and (before ^ value) & FIFOS:
            self._received.clear()
            self._to_send.clear()
            self._received_less()

    def _take(self) -> int:
        """The first byte that was received, and whether one was lost; without one, 0."""
        value = self._received.popleft() if self._received else 0
        value |= self._overrun * OVERRUN_ERROR << 8
        self._received_less()
        self._update()
        return value

    def _flags(self) -> int:
        flags = BUSY if self._to_send or self._sending is not None else 0
        flags |= 0 if self._received else RECEIVE_EMPTY
        flags |= 0 if self._to_send else TRANSMIT_EMPTY
        flags |= TRANSMIT_FULL if len(self._to_send) >= self._depth else 0
        return flags | (RECEIVE_FULL if len(self._received) >= self._depth else 0)

    @property
    def _depth(self) -> int:
        return DEPTH if self._kept[Register.LCR_H] & FIFOS else 1

    @property
    def _receive_level(self) -> int:
        """So many bytes raise the interrupt."""
        return _level(self._kept[Register.IFLS] >> 3) if self._depth == DEPTH else 1

    @property
    def _transmit_level(self) -> int:
        """When no more than so many are left, the interrupt is raised."""
        return _level(self._kept[Register.IFLS]) if self._depth == DEPTH else 0

    @property
    def _word(self) -> int:
        """The bits of a byte that are on the line."""
        return (1 << 5 + (self._kept[Register.LCR_H] >> 5 & 3)) - 1

    def _is(self, control: int) -> bool:
        """Whether all these bits of CR are set."""
        return self._kept[Register.CR] & control == control

    def _update(self) -> None:
        """Do what can be done now, and set the line."""
        self._transmit(self._now())
        while len(self._typed) and len(self._received) < self._depth and self._is(ENABLED | RECEIVES):
            if self._is(LOOP):
                break
            self._arrive(self._typed.take(1)[0])
        self._set_line(bool(self._raised & self._kept[Register.IMSC]))

    # What goes out

    def _put(self, byte: int) -> None:
        """A byte is to be sent; it is lost if the FIFO is full."""
        if len(self._to_send) < self._depth:
            self._to_send.append(byte)
        if len(self._to_send) > self._transmit_level:
            self._raised &= ~TRANSMIT

    def _transmit(self, now: int) -> None:
        """Send what is out until now, a byte behind the other."""
        while True:
            at = now
            if self._sending is not None:
                if self._sent_at > now:
                    return
                at = self._sent_at
                self._send(self._sending & self._word)
                self._sending = None
            if not self._to_send or not self._is(ENABLED | TRANSMITS):
                return
            self._sending = self._to_send.popleft()
            self._sent_at = at + self._byte_time
            if len(self._to_send) == self._transmit_level:
                self._raised |= TRANSMIT

    def _send(self, byte: int) -> None:
        if not self._is(LOOP):
            self._output(bytes([byte]))
        elif self._is(ENABLED | RECEIVES):
            self._arrive(byte)

    # What comes in

    def _arrive(self, byte: int) -> None:
        self._overrun = len(self._received) >= self._depth
        if self._overrun:
            self._errors |= OVERRUN_ERROR
            self._raised |= OVERRUN
            return
        self._received.append(byte & self._word)
        if len(self._received) >= self._receive_level:
            self._raised |= RECEIVE
        self._timeout_at = self._now() + self._bits(32)

    def _received_less(self) -> None:
        if len(self._received) < self._receive_level:
            self._raised &= ~RECEIVE
        if not self._received:
            self._raised &= ~TIMEOUT
            self._timeout_at = None

    def _bits(self, number: int) -> int:
        """How long they take on the line, in nanoseconds. The divisor 0 is none: it counts as 1."""
        divisor = max(64, self._kept[Register.IBRD] << 6 | self._kept[Register.FBRD])
        return number * 16 * divisor * 1_000_000_000 // 64 // CLOCK


def _level(field: int) -> int:
    """Of a FIFO, by its field of IFLS."""
    return LEVELS[min(field & 7, len(LEVELS) - 1)]
