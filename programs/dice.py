"""Throws dice: 16 buffers of random bytes from the driver of an entropy device, in one batch, each byte a throw.

A byte of 252 or more is no throw, or some faces would come up more often than others.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, irange, u64
from tyrne.lang.machine import read8
from tyrne.user import (
    EndpointCap,
    Message,
    NotificationCap,
    Status,
    granted,
    print_bytes,
    send,
    wait_signals,
)
from tyrne.user.blocks import BLOCK, OK
from tyrne.user.ring import RingClient

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RING: Final = u64(0x1000_0000)
BUFFERS: Final = u64(16)
LENGTH: Final = u64(256)
FACES: Final = 6
FEWEST: Final = u64(500)
"""Times that each face comes up in 4,032 throws or so, of which it is due 672. It comes up less often once in 10^12."""


class Throws:
    """How often each face came up."""

    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(FACES, u64(0))


THROWS: Final = Throws()
REQUESTS: Final = RingClient()


def fill_buffers() -> bool:
    """Put a request for each buffer, tell the driver once, and take the answers; whether all were filled."""
    for buffer in irange(BUFFERS):
        assert REQUESTS.request(buffer, LENGTH) is not None
    sent = send(DRIVER, Message(u64(0)))
    assert not isinstance(sent, Status) or sent is Status.QUEUE_FULL
    well = True
    for _ in irange(BUFFERS):
        answer = REQUESTS.take()
        while answer is None:
            granted(wait_signals(DONE))
            answer = REQUESTS.take()
        well = well and answer.status == OK
    return well


@export
def main() -> u64:
    REQUESTS.ring = RING
    if not fill_buffers():
        print_bytes(b"dice: the device has failed\n")
        return u64(1)
    for buffer in irange(BUFFERS):
        for at in irange(LENGTH):
            byte = u64(read8(RING + BLOCK * (1 + buffer) + at))
            if byte < 252:
                THROWS.of[byte % FACES] += 1
    for face in irange(FACES):
        if THROWS.of[face] < FEWEST:
            print_bytes(b"dice: they are loaded\n")
            return u64(1)
    print_bytes(b"dice: each face came up about as often as the others\n")
    return u64(0)
