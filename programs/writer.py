"""Writes eight blocks of a disk and reads them back into other buffers: three batches, with one message each.

What it writes begins with what it finds in its first block, so each client of the driver writes something of its own.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import EndpointCap, Message, NotificationCap, Status, granted, print_bytes, send, wait_signals
from tyrne.user.blocks import BLOCK, OK, READ, WRITE, BlockClient

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RING: Final = u64(0x1000_0000)
COUNT: Final = u64(8)
"""Blocks, each with a buffer from which it is written and one into which it is read back."""

DISK: Final = BlockClient()


def finish(count: u64) -> bool:
    """Let the driver work on what was put, and wait until all of it is finished; whether all of it is done.

    The message says only that something was put: if one is there that the driver has not received, that is enough.
    """
    sent = send(DRIVER, Message(u64(0)))
    assert not isinstance(sent, Status) or sent is Status.QUEUE_FULL
    well = True
    for _ in irange(count):
        answer = DISK.take()
        while answer is None:
            granted(wait_signals(DONE))
            answer = DISK.take()
        well = well and answer.status == OK
    return well


def batch(kind: u64, count: u64, first_buffer: u64) -> bool:
    """Read or write the first blocks, from or into as many buffers."""
    for i in irange(count):
        assert DISK.request(kind, i, first_buffer + i) is not None
    return finish(count)


def content(seed: u64, block: u64, at: u64) -> u64:
    return seed ^ (block << 32 | at)


@export
def main() -> u64:
    DISK.begin(RING)
    while DISK.blocks() == 0:
        granted(wait_signals(DONE))
    if DISK.blocks() < COUNT or not batch(READ, u64(1), u64(0)):
        print_bytes(b"writer: the disk cannot be read\n")
        return u64(1)
    seed = read64(DISK.buffer(u64(0)))
    for block in irange(COUNT):
        for at in irange(BLOCK // 8):
            write64(DISK.buffer(block) + 8 * at, content(seed, block, at))
    if not batch(WRITE, COUNT, u64(0)) or not batch(READ, COUNT, COUNT):
        print_bytes(b"writer: the disk has failed\n")
        return u64(1)
    for block in irange(COUNT):
        for at in irange(BLOCK // 8):
            if read64(DISK.buffer(COUNT + block) + 8 * at) != content(seed, block, at):
                print_bytes(b"writer: something else came back\n")
                return u64(1)
    print_bytes(b"writer: eight blocks came back as they were written\n")
    return u64(0)
