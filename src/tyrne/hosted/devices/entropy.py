"""virtio-entropy: bytes that nobody foresees who does not know the seed, and that are the same in each run with it."""

from __future__ import annotations

from hashlib import shake_256
from typing import ClassVar, Final

from tyrne.hosted.devices.device import Memory, Now, SetLine
from tyrne.hosted.devices.faults import NONE, Faults
from tyrne.hosted.devices.virtio_mmio import Answer, VirtioMmio
from tyrne.hosted.devices.virtqueue import Chain, DriverError

MOST: Final = 65_536
"""Bytes for one chain; a device may give less than there is room for."""


class Entropy(VirtioMmio):
    """One queue, of buffers to fill."""

    DEVICE_ID: ClassVar[int] = 4

    def __init__(self, set_line: SetLine, memory: Memory, now: Now, *, seed: bytes, faults: Faults = NONE) -> None:
        """What is given is a function of `seed` and of how many chains were served before; resets do not repeat it."""
        super().__init__(set_line, memory, now, faults=faults)
        self._seed: Final = seed
        self._given = 0

    def serve(self, number: int, chain: Chain) -> Answer:
        if chain.data:
            raise DriverError("a buffer with something to read, for a device that only writes")
        name = self._seed + self._given.to_bytes(8, "little")
        self._given += 1
        return Answer(shake_256(name).digest(min(chain.room, MOST)))
