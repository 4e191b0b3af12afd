"""virtio-net without offloads: Ethernet frames, one for each chain, behind a header of 12 bytes."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.pcap import Frame
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

HAS_ADDRESS: Final = 1 << 5
"""The feature VIRTIO_NET_F_MAC: the address stands in the device's registers."""
RECEIVE, TRANSMIT = 0, 1
"""The queues."""
HEADER: Final = 12
SHORTEST, LONGEST = 14, 1514
"""Bytes of a frame, without its checksum."""
MOST_WAITING: Final = 256
"""Frames that wait for buffers; and answers that are on their way."""


class Network(VirtioMmio):
    """It hears all frames, whomever they are for."""

    DEVICE_ID: ClassVar[int] = 1
    QUEUES: ClassVar[int] = 2

    def __init__(
        self,
        set_line: SetLine,
        memory: Memory,
        now: Now,
        *,
        address: bytes,
        send: Callable[[bytes], None],
        frames: Iterable[Frame] = (),
        faults: Faults = NONE,
    ) -> None:
        """`address` has six bytes. `send` gets each frame that the driver sends. `frames` come by themselves, each at
        its time. ValueError for another length of the address."""
        if len(address) != 6:
            raise ValueError(f"an address of {len(address)} bytes, not 6")
        super().__init__(set_line, memory, now, features=HAS_ADDRESS, config=address, faults=faults)
        self._send: Final = send
        self._waiting: Final[deque[bytes]] = deque()
        self.hears: Callable[[bytes], None] | None = None
        """Who else gets each frame that the driver sends."""
        self.wire: Callable[[bytes], None] | None = None
        """Who is told of each frame that goes over the wire, also of one that the driver never gets."""
        self._coming: Final = [(time, False, number, frame) for number, (time, frame) in enumerate(frames)]
        heapq.heapify(self._coming)
        self._numbered = len(self._coming)
        self._answers = 0
        """Among those that come. A driver can ask faster than time goes on."""
        self.dropped = 0
        """Frames from outside that never reached the driver: no frames by their length, too many that waited or were
        on their way, or too long for the buffer that was next."""

    @property
    def waiting(self) -> int:
        """Frames from outside for which there was no buffer yet."""
        return len(self._waiting)

    def receive_at(self, time: int, frame: bytes, answers: bool = False) -> None:
        """Let a frame come by itself, later than now; of those of one time in the order of the calls, and what answers
        the driver last, so that a run that is repeated has the same order."""
        if answers and self._answers == MOST_WAITING:
            self.dropped += 1
            return
        self._answers += answers
        heapq.heappush(self._coming, (time, answers, self._numbered, frame))
        self._numbered += 1

    def coming(self) -> int | None:
        return self._coming[0][0] if self._coming else None

    def advance(self, now: int) -> None:
        super().advance(now)
        while self._coming and self._coming[0][0] <= now:
            _, answers, _, frame = heapq.heappop(self._coming)
            self._answers -= answers
            self.receive(frame)

    def receive(self, frame: bytes) -> None:
        """A frame from outside, between two turns."""
        if self.wire is not None:
            self.wire(frame)
        if SHORTEST <= len(frame) <= LONGEST and len(self._waiting) < MOST_WAITING:
            self._waiting.append(bytes(frame))
        else:
            self.dropped += 1
        self.serve_queue(RECEIVE)

    def serve(self, number: int, chain: Chain) -> Answer | None:
        if number == TRANSMIT:
            self._transmit(chain)
            return Answer(b"")
        if chain.data:
            raise DriverError("a buffer to read among those to receive")
        while self._waiting:
            frame = self._waiting.popleft()
            if HEADER + len(frame) <= chain.room:
                return Answer(bytes(10) + b"\1\0" + frame)  # one buffer has all of it
            self.dropped += 1
        return None

    def _transmit(self, chain: Chain) -> None:
        if chain.room:
            raise DriverError("a buffer to write to among those to send")
        length = len(chain.data) - HEADER
        if not SHORTEST <= length <= LONGEST:
            raise DriverError(f"a frame of {length} bytes behind the header")
        if chain.data[0] or chain.data[1]:
            raise DriverError("the header asks for an offload that was not offered")
        frame = chain.data[HEADER:]
        if self.wire is not None:
            self.wire(frame)
        self._send(frame)
        if self.hears is not None:
            self.hears(frame)
