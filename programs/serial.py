"""The console as a service: `tyrne.user.line_service` over the serial line (PL011), which is heard by its interrupt. A
client sees no difference from console.py.

The FIFOs stay off: to switch them on empties them, and on QEMU, whose line receives from the first moment on, that may
lose what was typed before. So each byte that comes in interrupts; those that follow at once are taken with it.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u8, u32, u64
from tyrne.lang.machine import read32, write32
from tyrne.user import (
    EndpointCap,
    InterruptCap,
    NotificationCap,
    bind,
    done,
    granted,
    interrupt_ack,
    interrupt_bind,
    wait_signals,
)
from tyrne.user.line_service import Line, Typed, serve

REQUESTS: Final = EndpointCap(handle("console"))
INTERRUPT: Final = InterruptCap(handle("line_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RING: Final = u64(1)

REGISTERS: Final = u64(0x1000_0000)
DATA: Final = u64(REGISTERS + 0x00)
FLAGS: Final = u64(REGISTERS + 0x18)
DIVISOR: Final = u64(REGISTERS + 0x24)
FRACTION: Final = u64(REGISTERS + 0x28)
LINE_CONTROL: Final = u64(REGISTERS + 0x2C)
CONTROL: Final = u64(REGISTERS + 0x30)
UNMASKED: Final = u64(REGISTERS + 0x38)
CLEAR: Final = u64(REGISTERS + 0x44)

BUSY: Final = u32(1 << 3)
"""A byte is under way."""
EMPTY: Final = u32(1 << 4)
"""Nothing was received."""
FULL: Final = u32(1 << 5)
"""There is no room for a byte to send."""
RECEIVE: Final = u32(1 << 4)
TRANSMIT: Final = u32(1 << 5)
NONE: Final = u32(0)
ALL: Final = u32(0x7FF)
"""Interrupts."""
EIGHT_BITS: Final = u32(3 << 5)
ENABLED: Final = u32(1 << 9 | 1 << 8 | 1)
"""The line, in both directions."""


class SerialLine:
    """Satisfies `LineDevice`. A serial line never breaks."""

    def __init__(self) -> None:
        self.next: u8 | None = None
        """A byte for which there was no room."""

    def start(self) -> None:
        """8 bits, no parity, 115,200 baud of a clock of 24 MHz."""
        write32(CONTROL, NONE)
        write32(UNMASKED, NONE)
        write32(CLEAR, ALL)
        write32(DIVISOR, u32(13))
        write32(FRACTION, u32(1))
        write32(LINE_CONTROL, EIGHT_BITS)  # it also lets the divisor count
        write32(CONTROL, ENABLED)

    def hear(self) -> bool:
        """What has interrupted is seen to first, or it would interrupt again at once."""
        write32(UNMASKED, NONE)
        done(interrupt_ack(INTERRUPT))
        return True

    def put_out(self, line: Line) -> bool:
        for i in irange(line.length):
            self.wait_for_room()
            write32(DATA, u32(line.text[i]))
        while read32(FLAGS) & BUSY != 0:
            pass  # no interrupt tells that the last byte is out; it takes 0.1 ms
        return True

    def wait_for_room(self) -> None:
        write32(CLEAR, TRANSMIT)
        while read32(FLAGS) & FULL != 0:
            write32(UNMASKED, TRANSMIT)
            granted(wait_signals(BELL))
            self.hear()

    def take_keys(self, typed: Typed) -> bool:
        while not typed.over:
            key = self.next
            if key is None:
                if read32(FLAGS) & EMPTY != 0:
                    write32(UNMASKED, RECEIVE)
                    return True
                key = u8(read32(DATA) & 0xFF)
            self.next = None if typed.edit(key) else key
            if self.next is not None:
                return True
        return True


DEVICE: Final = SerialLine()


@export
def main() -> u64:
    done(interrupt_bind(INTERRUPT, BELL, RING))
    done(bind(REQUESTS, BELL))
    DEVICE.start()
    serve(DEVICE, REQUESTS)
