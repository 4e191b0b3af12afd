"""virtio-console with one port: what is typed, and what the driver writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from struct import pack
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

RECEIVE, TRANSMIT = 0, 1
"""The queues: buffers for what is typed, and what is written."""
MOST_TYPED: Final = 65_536
"""Bytes that wait for a driver, of those that come while the device works."""

Keys = tuple[int, bytes]
"""Bytes, and the time in nanoseconds at which they are typed."""


class Console(VirtioMmio):
    """No features: no size, no second port, no emergency write."""

    DEVICE_ID: ClassVar[int] = 3
    QUEUES: ClassVar[int] = 2

    def __init__(
        self,
        set_line: SetLine,
        memory: Memory,
        now: Now,
        *,
        output: Callable[[bytes], None],
        keys: Iterable[Keys] = (),
        faults: Faults = NONE,
    ) -> None:
        """`output` gets what the driver writes, a chain at a time, as it is: nothing is taken out of it. `keys` come by
        themselves, in the order of their times, however many they are."""
        super().__init__(set_line, memory, now, config=pack("<HHI", 0, 0, 1), faults=faults)
        self._output: Final = output
        self._typed: Final = bytearray()
        self._keys: Final = deque(keys)

    @property
    def typed(self) -> int:
        """Bytes that were typed and that no driver has taken."""
        return len(self._typed)

    def type(self, data: bytes) -> int:
        """From outside, between two turns. How many bytes were accepted; the others are for later."""
        accepted = data[: MOST_TYPED - len(self._typed)]
        self._typed.extend(accepted)
        self.serve_queue(RECEIVE)
        return len(accepted)

    def type_at(self, time: int, data: bytes) -> None:
        """Let bytes come by themselves, later than now and not before those that are to come already."""
        self._keys.append((time, data))

    def coming(self) -> int | None:
        return self._keys[0][0] if self._keys else None

    def advance(self, now: int) -> None:
        super().advance(now)
        while self._keys and self._keys[0][0] <= now:
            self._typed.extend(self._keys.popleft()[1])
            self.serve_queue(RECEIVE)

    def serve(self, number: int, chain: Chain) -> Answer | None:
        if number == TRANSMIT:
            if chain.room:
                raise DriverError("a buffer to write to among those to send")
            self._output(chain.data)
            return Answer(b"")
        if chain.data:
            raise DriverError("a buffer to read among those to receive")
        if not self._typed:
            return None
        data = bytes(self._typed[: chain.room])
        del self._typed[: len(data)]
        return Answer(data)
