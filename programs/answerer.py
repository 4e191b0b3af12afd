"""A client of the network: answers what comes to it, as `echo.py` does, and ends after two quiet seconds.

A frame is copied to a buffer of its own and given back, the answer is made there, and what is answered together is sent
with one message to the driver.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, u8, u64
from tyrne.user import (
    SECOND,
    ClockCap,
    EndpointCap,
    MemoryCap,
    Message,
    NotificationCap,
    Status,
    cap_query,
    clock_read,
    done,
    end_wait_at,
    granted,
    print_bytes,
    send,
    wait_signals,
)
from tyrne.user.frames import Frame, FrameClient
from tyrne.user.internet import Host
from tyrne.user.ring import RING

CLOCK: Final = ClockCap(handle("clock"))
DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
MEMORY: Final = u64(0x1000_0000)
RECEIVED: Final = MemoryCap(handle("received"))
RECEIVED_AT: Final = u64(0x1100_0000)
QUIET: Final = 2 * SECOND


class Buffers:
    """Those that are free, of as many as can be on their way; and which one a request has, by its place."""

    def __init__(self) -> None:
        self.free: Array[u8] = Array([u8(number) for number in range(RING)])
        self.count: u64 = u64(RING)
        self.of: Array[u8] = Array.filled(RING, u8(0))


NETWORK: Final = FrameClient()
BUFFERS: Final = Buffers()
HOST: Final = Host()


def take_sent() -> None:
    """Have the buffers again of all that was sent, or could not be."""
    answer = NETWORK.take()
    while answer is not None:
        BUFFERS.free[BUFFERS.count] = BUFFERS.of[answer.number % RING]
        BUFFERS.count += 1
        answer = NETWORK.take()


def answer_frame(frame: Frame) -> bool:
    """Whether there is an answer, which then is put."""
    buffer = u64(BUFFERS.free[BUFFERS.count - 1])
    NETWORK.copy(frame, buffer)
    NETWORK.give_back()
    length = HOST.answer(NETWORK.buffer(buffer), frame.length)
    if length == 0:
        return False
    number = NETWORK.send(buffer, length)
    assert number is not None
    BUFFERS.count -= 1
    BUFFERS.of[number % RING] = u8(buffer)
    return True


def answer_all() -> None:
    """What came, as far as there are buffers for answers; the others follow when those have been sent."""
    put = False
    while BUFFERS.count != 0:
        frame = NETWORK.next()
        if frame is None:
            break
        put = answer_frame(frame) or put
    if put:
        sent = send(DRIVER, Message(u64(0)))
        assert not isinstance(sent, Status) or sent is Status.QUEUE_FULL


@export
def main() -> u64:
    NETWORK.begin(MEMORY, RECEIVED_AT, granted(cap_query(RECEIVED)).pages)
    while not NETWORK.ready():
        granted(wait_signals(DONE))
    HOST.address = NETWORK.address()
    HOST.port = NETWORK.port()
    while True:
        take_sent()
        answer_all()
        done(end_wait_at(CLOCK, granted(clock_read(CLOCK)) + QUIET))
        if wait_signals(DONE) == Status.TIMED_OUT:
            print_bytes(b"answerer: ")
            HOST.say()
            return u64(0)
