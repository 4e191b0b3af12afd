"""A small driver of a virtio console, for tests of what comes from outside: what it is told, byte by byte."""

from __future__ import annotations

from typing import Final

DESCRIPTION: Final = """\
[system]
name = "echo"
[[memory]]
name = "ring"
pages = 2
dma = true
[[device]]
name = "keys"
kind = "console"
[[notification]]
name = "bell"
[[task]]
name = "driver"
program = "driver.py"
caps = [
  { device = "keys", at = 0x1000_0000 },
  { memory = "ring", at = 0x1001_0000 },
  { notification = "bell" },
  { clock = true },
]
"""
DRIVER: Final = '''\
"""Says each byte back, letters as capitals, in brackets at the end of a line; ends with byte 4."""
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, irange, u8, u16, u32, u64
from tyrne.lang.machine import read16, read32, read8, write16, write32, write64, write8
from tyrne.user import (
    InterruptCap, MemoryCap, NotificationCap, cap_query, done, granted, interrupt_ack, interrupt_bind, wait_signals,
)

INTERRUPT: Final = InterruptCap(handle("keys_interrupt"))
MEMORY: Final = MemoryCap(handle("ring"))
BELL: Final = NotificationCap(handle("bell"))
R: Final = u64(0x1000_0000)
RING: Final = u64(0x1001_0000)
HALF: Final = u64(0x1000)
ROOM: Final = ROOM_BYTES


class Seen:
    def __init__(self) -> None:
        self.place: u64 = u64(0)
        self.offered: u64 = u64(0)
        self.sent: u64 = u64(0)


SEEN: Final = Seen()


def set_up(queue: u64) -> None:
    at = SEEN.place + HALF * queue
    write32(R + 0x30, u32(queue))
    write32(R + 0x38, u32(4))
    write64(R + 0x80, at)
    write64(R + 0x90, at + 0x100)
    write64(R + 0xA0, at + 0x200)
    write32(R + 0x44, u32(1))


def start() -> None:
    SEEN.place = granted(cap_query(MEMORY)).place
    write32(R + 0x70, u32(0))
    write32(R + 0x70, u32(3))
    write32(R + 0x24, u32(1))
    write32(R + 0x20, u32(1))
    write32(R + 0x70, u32(11))
    set_up(u64(0))
    set_up(u64(1))
    write32(R + 0x70, u32(15))
    write64(RING, SEEN.place + 0x400)
    write64(RING + 8, ROOM | u64(2) << 32)
    write64(RING + HALF, SEEN.place + HALF + 0x400)
    done(interrupt_bind(INTERRUPT, BELL, u64(1)))


def offer() -> None:
    SEEN.offered += 1
    write16(RING + 0x102, u16(SEEN.offered & 0xFFFF))
    write32(R + 0x50, u32(0))


def send(byte: u8) -> None:
    write8(RING + HALF + 0x400, byte)
    write64(RING + HALF + 8, u64(1))
    SEEN.sent += 1
    write16(RING + HALF + 0x102, u16(SEEN.sent & 0xFFFF))
    write32(R + 0x50, u32(1))
    while u64(read16(RING + HALF + 0x202)) != SEEN.sent & 0xFFFF:
        write8(RING + HALF + 0x400, byte)


@export
def main() -> u64:
    start()
    offer()
    while True:
        granted(wait_signals(BELL))
        write32(R + 0x64, read32(R + 0x60))
        done(interrupt_ack(INTERRUPT))
        if u64(read16(RING + 0x202)) != SEEN.offered & 0xFFFF:
            continue
        length = u64(read32(RING + 0x204 + 8 * ((SEEN.offered - 1) % 4) + 4))
        for at in irange(length):
            byte = read8(RING + 0x400 + at)
            if byte == 4:
                send(u8(0x24))
                send(u8(10))
                return u64(0)
            send(byte - 32 if 97 <= byte <= 122 else byte)
        offer()
'''


def driver(room: int = 16) -> str:
    """With a buffer of so many bytes for what is typed."""
    return DRIVER.replace("ROOM_BYTES", f"u64({room})")
