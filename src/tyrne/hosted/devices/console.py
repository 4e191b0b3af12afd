"""virtio-console with one port: what is typed, and what the driver writes."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

RECEIVE, TRANSMIT = 0, 1
"""The queues: buffers for what is typed, and what is written."""
MOST_TYPED: Final = 65_536
"""Bytes that wait for a driver."""


class Console(VirtioMmio):
    """No features: no size, no second port, no emergency write."""

    DEVICE_ID: ClassVar[int] = 3
    QUEUES: ClassVar[int] = 2

    def __init__(
        self, set_line: SetLine, memory: Memory, now: Now, *, output: Callable[[bytes], None], faults: Faults = NONE
    ) -> None:
        """`output` gets what the driver writes, a chain at a time, as it is: nothing is taken out of it."""
        super().__init__(set_line, memory, now, config=pack("<HHI", 0, 0, 1), faults=faults)
        self._output: Final = output
        self._typed: Final = bytearray()

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
