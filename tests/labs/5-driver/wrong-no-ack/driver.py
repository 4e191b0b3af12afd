"""A driver of the real-time clock, a PL031, that wakes its clients.

NOW is answered at once, with the time of day in word 0. WAKE is answered as many seconds later as its word 0 says, from
1 to 60, with the time of day then; other numbers are answered at once with the label BAD.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u32, u64
from tyrne.lang.machine import read32, write32
from tyrne.user import (
    Arrival,
    EndpointCap,
    InterruptCap,
    Message,
    NotificationCap,
    cap_drop,
    done,
    granted,
    interrupt_bind,
    reply,
    wait,
    wait_signals,
)

ALARMS: Final = EndpointCap(handle("alarms"))
INTERRUPT: Final = InterruptCap(handle("rtc_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
RING: Final = u64(1)
NOW: Final = u64(1)
WAKE: Final = u64(2)
LONGEST: Final = u64(60)
OK: Final = u64(0)
BAD: Final = u64(1)
REGISTERS: Final = u64(0x1000_0000)
DATA: Final = REGISTERS
"""DR: seconds since 1970."""
MATCH: Final = REGISTERS + 0x4
"""MR: at which of them the alarm is raised."""
MASK: Final = REGISTERS + 0x10
"""IMSC: 1 lets the alarm reach the interrupt line."""
CLEAR: Final = REGISTERS + 0x1C
"""ICR: a 1 ends the alarm. Until then the device holds its line up."""


def wait_until(second: u64) -> None:
    """Set the alarm, and wait until that second has come. An interrupt may come for nothing."""
    write32(MATCH, u32(second))
    write32(MASK, u32(1))
    while u64(read32(DATA)) < second:
        granted(wait_signals(BELL))
        write32(CLEAR, u32(1))


def answer_to(request: Arrival) -> Message:
    now = u64(read32(DATA))
    if request.label == WAKE:
        if request.word0 == 0 or request.word0 > LONGEST:
            return Message(BAD)
        wait_until(now + request.word0)
    return Message(OK, u64(read32(DATA)))


@export
def main() -> u64:
    done(interrupt_bind(INTERRUPT, BELL, RING))
    while True:
        request = granted(wait(ALARMS))
        if request.cap is not None:
            done(cap_drop(request.cap))
        client = request.reply
        if client is not None:
            done(reply(client, answer_to(request)))
