"""A client of programs/network.py that sends a frame for each that comes: one that lies there, or, if the datagram that
came begins with a 1, an answer that it makes in a copy."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.lang.machine import read8
from tyrne.user import EndpointCap, MemoryCap, Message, NotificationCap, cap_query, granted, send, wait_signals
from tyrne.user.frames import Frame, FrameClient
from tyrne.user.internet import Host
from tyrne.user.ring import RING

DRIVER: Final = EndpointCap(handle("requested"))
DONE: Final = NotificationCap(handle("done"))
RECEIVED: Final = MemoryCap(handle("received"))
DATA: Final = u64(14 + 20 + 8)

NETWORK: Final = FrameClient()
HOST: Final = Host()


def serve(frame: Frame) -> bool:
    """Whether a frame was put. All that were before are sent when the next ones come, so buffers are free in turn."""
    if frame.length <= DATA:
        return False
    buffer = NETWORK.sending.put % RING
    length = frame.length
    if read8(frame.address + DATA) == 1:
        NETWORK.copy(frame, buffer)
        length = HOST.answer(NETWORK.buffer(buffer), length)
    assert NETWORK.send(buffer, length) is not None
    return True


@export
def main() -> u64:
    NETWORK.begin(u64(0x1000_0000), u64(0x1100_0000), granted(cap_query(RECEIVED)).pages)
    while not NETWORK.ready():
        granted(wait_signals(DONE))
    HOST.address = NETWORK.address()
    while True:
        granted(wait_signals(DONE))
        while NETWORK.take() is not None:
            pass
        put = False
        frame = NETWORK.next()
        while frame is not None:
            put = serve(frame) or put
            NETWORK.give_back()
            frame = NETWORK.next()
        if put:
            send(DRIVER, Message(u64(0)))
