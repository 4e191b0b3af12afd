"""A driver of an entropy device, or of a disk of two sectors: a description, what both do, and what each does."""

DESCRIPTION = """\
[system]
name = "virtio"
[[memory]]
name = "other"
pages = 1
dma = true
[[memory]]
name = "ring"
pages = 4
dma = true
[[device]]
name = "virtio"
kind = "KIND"
[[notification]]
name = "bell"
[[task]]
name = "driver"
program = "driver.py"
caps = [
  { console = true },
  { device = "virtio", at = 0x1000_0000 },
  { memory = "ring", at = 0x1001_0000 },
  { notification = "bell" },
]
"""
DRIVER = """\
from __future__ import annotations
from typing import Final
from tyrne.lang import export, handle, irange, u16, u32, u64
from tyrne.lang.machine import read8, read16, read32, read64, write8, write16, write32, write64
from tyrne.user import (
    InterruptCap, MemoryCap, NotificationCap, cap_query, done, granted, interrupt_ack, interrupt_bind, print_bytes,
    print_decimal, print_hex, wait_signals,
)

INTERRUPT: Final = InterruptCap(handle("virtio_interrupt"))
BELL: Final = NotificationCap(handle("bell"))
R: Final = u64(0x1000_0000)
RING: Final = u64(0x1001_0000)
MEMORY: Final = MemoryCap(handle("ring"))
DATA: Final = u64(0x1000)
WRITABLE: Final = u64(2)


class Queue:
    def __init__(self) -> None:
        self.place: u64 = u64(0)
        self.offered: u64 = u64(0)
        self.descriptors: u64 = u64(0)


QUEUE: Final = Queue()


def start() -> None:
    assert read32(R) == u32(0x7472_6976)
    assert read32(R + 4) == u32(2)
    write32(R + 0x70, u32(0))
    write32(R + 0x70, u32(1))
    write32(R + 0x70, u32(3))
    write32(R + 0x24, u32(0))
    write32(R + 0x20, u32(0))
    write32(R + 0x24, u32(1))
    write32(R + 0x20, u32(1))
    write32(R + 0x70, u32(11))
    assert read32(R + 0x70) == u32(11)
    write32(R + 0x30, u32(0))
    write32(R + 0x38, u32(8))
    QUEUE.place = granted(cap_query(MEMORY)).place
    write64(R + 0x80, QUEUE.place)
    write64(R + 0x90, QUEUE.place + 0x100)
    write64(R + 0xA0, QUEUE.place + 0x200)
    write32(R + 0x44, u32(1))
    write32(R + 0x70, u32(15))
    done(interrupt_bind(INTERRUPT, BELL, u64(1)))


def add(offset: u64, length: u64, flags: u64, more: bool) -> None:
    at = RING + 16 * QUEUE.descriptors
    QUEUE.descriptors += 1
    write64(at, QUEUE.place + offset)
    following = QUEUE.descriptors << 48 if more else u64(0)
    write64(at + 8, length | (flags | (u64(1) if more else u64(0))) << 32 | following)


def serve() -> u64:
    write16(RING + 0x104 + 2 * (QUEUE.offered % 8), u16(0))
    QUEUE.offered += 1
    QUEUE.descriptors = u64(0)
    write16(RING + 0x102, u16(QUEUE.offered))
    write32(R + 0x50, u32(0))
    assert granted(wait_signals(BELL)) == 1
    assert read32(R + 0x60) == u32(1)
    write32(R + 0x64, u32(1))
    done(interrupt_ack(INTERRUPT))
    assert u64(read16(RING + 0x202)) == QUEUE.offered
    return u64(read32(RING + 0x208 + 8 * ((QUEUE.offered - 1) % 8)))


"""
ENTROPY = """\
@export
def main() -> u64:
    start()
    for length in irange(u64(1), u64(4)):
        add(DATA, 100 * length, WRITABLE, False)
        print_decimal(serve())
        print_bytes(b" bytes\\n")
    assert read64(RING + DATA) != 0
    return u64(0)
"""
BLOCK = """\
def request(kind: u64, sector: u64, flags: u64) -> None:
    write64(RING + 0xC00, kind)
    write64(RING + 0xC08, sector)
    write8(RING + 0xD00, read8(RING) | 0xFF)
    add(u64(0xC00), u64(16), u64(0), True)
    add(DATA, u64(512), flags, True)
    add(u64(0xD00), u64(1), WRITABLE, False)
    print_decimal(serve())
    print_bytes(b" bytes, status ")
    print_decimal(u64(read8(RING + 0xD00)))
    print_bytes(b", ")
    print_hex(read64(RING + DATA))
    print_bytes(b"\\n")


@export
def main() -> u64:
    start()
    print_decimal(read64(R + 0x100))
    print_bytes(b" sectors\\n")
    request(u64(0), u64(1), WRITABLE)
    write64(RING + DATA, u64(0xFEED))
    request(u64(1), u64(1), u64(0))
    write64(RING + DATA, u64(0))
    request(u64(0), u64(1), WRITABLE)
    request(u64(0), u64(2), WRITABLE)
    return u64(0)
"""
IMAGE = b"0 rotces".ljust(512, b".") + b"1 rotces".ljust(512, b".")
