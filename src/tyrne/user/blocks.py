"""Blocks of 4 KiB between a driver and its client: the ring of `tyrne.user.ring`, buffers, and a client's side of them.

The first page of the memory that both have mapped is the ring, the others are buffers, which are numbered from 0 on.
If devices reach the memory, a block goes between the disk and a buffer without a copy. The words of a request are the
block, and its buffer, shifted left by 8, with the kind. At 0x080 stands how many blocks there are, 0 until the driver
is ready.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64
from tyrne.lang.machine import read64
from tyrne.user.ring import Answer, RingClient

BLOCK: Final = 4096
BLOCKS: Final = u64(0x080)

READ: Final = u64(0)
WRITE: Final = u64(1)
"""Kinds of requests."""
OK: Final = u64(0)
REFUSED: Final = u64(1)
FAILED: Final = u64(2)
"""Statuses: done; there is no such block, buffer or kind; the device has failed, and the buffer may hold anything."""


class BlockClient:
    """A client's side of memory that is mapped at `ring`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.requests: RingClient = RingClient()

    def begin(self, ring: u64) -> None:
        """Where the memory is mapped."""
        self.ring = ring
        self.requests.ring = ring

    def blocks(self) -> u64:
        """How many blocks the client has; 0 until the driver is ready, which it signals."""
        return read64(self.ring + BLOCKS)  # audit: U-49

    def buffer(self, number: u64) -> u64:
        """The address of a buffer."""
        return self.ring + BLOCK * (1 + number)

    def request(self, kind: u64, block: u64, buffer: u64) -> u64 | None:
        """Put a request; its number, or None while the ring is full. The driver looks at it when it is told."""
        return self.requests.request(block, buffer << 8 | kind)

    def take(self) -> Answer | None:
        """The next answer; None if there is none, or none can be."""
        return self.requests.take()
