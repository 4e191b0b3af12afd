"""Frames of a network between its driver and a client: what they share, and both sides of it. No frame is copied.

**Frames that came** lie in buffers which the driver gives the device: memory that all clients can read, and none can
write. The driver tells a client which buffer has a frame for it, and the client gives them back, in that order. It has
64 of them at most; what comes for it beyond that is lost, and nobody else's.

**Frames to send** lie in the client's own memory, which no other client has. Its first page is shared with the driver:

| bytes | | written by |
|---|---|---|
| 0x000 | a ring of `tyrne.user.ring`. The words of a request are the buffer of a frame, and its length | both |
| 0x800 | how many frames were given to the client, ever | the driver |
| 0x840 | how many it has given back, ever | the client |
| 0x880 | the device's address, with bit 63; 0 until the driver is ready | the driver |
| 0x888 | the UDP port whose datagrams come to the client | the driver |
| 0x900 | the last 64 frames that were given, each a word: buffer, shifted left by 16, and length | the driver |

The others are its buffers. A buffer has 2 KiB, and its frame begins at byte 14, the packet in it at a multiple of 4.
Neither side believes the other: each number is read once, checked, and used as it was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import Array, irange, u8, u64, wrapping_sub
from tyrne.lang.machine import read64, write64
from tyrne.user.ring import RING, Answer, RingClient

BUFFER: Final = 0x800
HEADER_AT: Final = u64(2)
FRAME_AT: Final = u64(14)
"""Where in a buffer the device's own header of 12 bytes lies, if it has one there, and the frame."""
FIRST_BUFFER: Final = 2
"""In a client's memory, behind the shared page."""
SHORTEST: Final = u64(14)
LONGEST: Final = u64(1514)
"""Bytes of a frame, without its checksum."""
GIVEN: Final = u64(0x800)
RETURNED: Final = u64(0x840)
ADDRESS: Final = u64(0x880)
PORT: Final = u64(0x888)
FRAMES: Final = u64(0x900)
READY: Final = u64(1) << 63
"""Beside the address."""

SENT: Final = u64(0)
REFUSED: Final = u64(1)
FAILED: Final = u64(2)
"""Statuses of frames to send: the device has sent it; there is no such buffer or length; the device has failed."""


@dataclass(frozen=True)
class Frame:
    """A frame that came: where it lies until it is given back, and how many bytes it has."""

    address: u64
    length: u64


class FrameClient:
    """A client's side of memory that is mapped at `ring`, and of buffers for frames that came, at `received`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.received: u64 = u64(0)
        self.buffers: u64 = u64(0)
        self.sending: RingClient = RingClient()
        self.seen: u64 = u64(0)
        self.returned: u64 = u64(0)

    def begin(self, ring: u64, received: u64, pages: u64) -> None:
        """Where the memory is mapped, and that of frames that came, of so many pages."""
        self.ring = ring
        self.sending.ring = ring
        self.received = received
        self.buffers = pages * (4096 // BUFFER)

    def ready(self) -> bool:
        """Whether the driver is; it signals when it is."""
        return read64(self.ring + ADDRESS) & READY != 0  # audit: U-49

    def address(self) -> u64:
        """The device's address, six bytes as they lie in memory."""
        return read64(self.ring + ADDRESS) & 0xFFFF_FFFF_FFFF  # audit: U-49

    def port(self) -> u64:
        """The port whose datagrams come to this client."""
        return read64(self.ring + PORT)  # audit: U-49

    def next(self) -> Frame | None:
        """The next frame that came; None if there is none, or none can be."""
        waiting = wrapping_sub(read64(self.ring + GIVEN), self.seen)  # audit: U-49
        if waiting == 0 or waiting > RING - (self.seen - self.returned):
            return None
        word = read64(self.ring + FRAMES + 8 * (self.seen % RING))  # audit: U-49
        buffer, length = word >> 16, word & 0xFFFF
        if buffer >= self.buffers or length < SHORTEST or length > LONGEST:
            return None
        self.seen += 1
        return Frame(self.received + BUFFER * buffer + FRAME_AT, length)

    def give_back(self) -> None:
        """The oldest frame that was not: from now on something else may be there. The driver need not be told."""
        assert self.returned < self.seen
        self.returned += 1
        write64(self.ring + RETURNED, self.returned)  # audit: U-49

    def buffer(self, number: u64) -> u64:
        """Where the frame of a buffer lies that is to be sent."""
        return self.ring + BUFFER * (FIRST_BUFFER + number) + FRAME_AT

    def copy(self, frame: Frame, buffer: u64) -> None:
        """Copy a frame that came into a buffer of the client's own: both begin six bytes behind a multiple of 8."""
        source, target = frame.address - 6, self.buffer(buffer) - 6
        for i in irange((frame.length + 13) // 8):
            write64(target + 8 * i, read64(source + 8 * i))  # audit: U-49

    def send(self, buffer: u64, length: u64) -> u64 | None:
        """Put a frame that is to be sent; its number, or None while 64 of them are on their way. The driver looks at it
        when it is told, and until `take` gives the number the buffer is the device's."""
        return self.sending.request(buffer, length)

    def take(self) -> Answer | None:
        """The next frame that was sent, or was not: its number and status; None if there is none."""
        return self.sending.take()


class FrameServer:
    """The driver's side of frames that came for the client whose memory is mapped at `ring`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.given: u64 = u64(0)
        self.returned: u64 = u64(0)
        self.told: u64 = u64(0)
        self.held: Array[u8] = Array.filled(RING, u8(0))
        """Buffers of the last RING frames, of which those from `returned` on are the client's."""

    def give(self, buffer: u64, length: u64) -> bool:
        """Give the client a frame, of which it is told later; whether there was room. First `take_back`."""
        if self.given - self.returned == RING:
            return False
        place = self.given % RING
        self.held[place] = u8(buffer)
        write64(self.ring + FRAMES + 8 * place, buffer << 16 | length)  # audit: U-49
        self.given += 1
        write64(self.ring + GIVEN, self.given)  # audit: U-49
        return True

    def take_back(self) -> u64 | None:
        """The next buffer that the client has given back; None if there is none, or it claims to have given back more
        than it has."""
        count = wrapping_sub(read64(self.ring + RETURNED), self.returned)  # audit: U-49
        if count == 0 or count > self.given - self.returned:
            return None
        buffer = u64(self.held[self.returned % RING])
        self.returned += 1
        return buffer

    def news(self) -> bool:
        """Whether a frame was given since this was asked."""
        news = self.told != self.given
        self.told = self.given
        return news
