"""virtio-console with one port: what is typed, and what the driver writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from struct import pack
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.typed import Keys, Typed
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

RECEIVE, TRANSMIT = 0, 1
"""The queues: buffers for what is typed, and what is written."""

class Console(VirtioMmio):
    """A Keyboard. No features: no size, no second port, no emergency write."""

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
        self._typed: Final = Typed(keys)

    @property
    def typed(self) -> int:
        return len(self._typed)

    def type(self, data: bytes) -> int:
        """From outside, between two turns. How many bytes were accepted; the others are for later."""
        accepted = self._typed.add(data)
        self.serve_queue(RECEIVE)
        return accepted

    def type_at(self, time: int, data: bytes) -> None:
        self._typed.add_at(time, data)

    def coming(self) -> int | None:
        return self._typed.coming()

    def advance(self, now: int) -> None:
        super().advance(now)
        while self._typed.arrive(now):
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
        return Answer(self._typed.take(chain.room))
