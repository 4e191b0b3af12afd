"""Blocks of 4 KiB between a driver and its client: a ring in memory that both have mapped, and a client's side of it.

The first page of that memory is the ring, the others are buffers, which are numbered from 0 on. If devices reach the
memory, a block goes between the disk and a buffer without a copy. A client puts up to 64 requests, then tells the
driver once; the driver finishes them in any order, and signals the client once for all that it has finished together.

| bytes | | written by |
|---|---|---|
| 0x000 | how many requests were put, ever | the client |
| 0x040 | how many were finished, ever | the driver |
| 0x080 | how many blocks there are; 0 until the driver is ready | the driver |
| 0x100 | 64 requests of 16 bytes: the block; its buffer, shifted left by 8, with the kind | the client |
| 0x500 | 64 answers of 8 bytes: the number of the request, shifted left by 8, with a status | the driver |

Requests are numbered from 0 on, modulo 2^32, and each has the place of its number, modulo 64; so have answers, by
their own count. Neither side believes the other: a driver checks each request that it has read, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import u64, wrapping_sub
from tyrne.lang.machine import read64, write64

BLOCK: Final = 4096
RING: Final = 64
"""Requests that a client may have put and not taken the answers of."""
PUT: Final = u64(0x000)
FINISHED: Final = u64(0x040)
BLOCKS: Final = u64(0x080)
REQUESTS: Final = u64(0x100)
ANSWERS: Final = u64(0x500)

READ: Final = u64(0)
WRITE: Final = u64(1)
"""Kinds of requests."""
OK: Final = u64(0)
REFUSED: Final = u64(1)
FAILED: Final = u64(2)
"""Statuses: done; there is no such block, buffer or kind; the device has failed, and the buffer may hold anything."""


@dataclass(frozen=True)
class Answer:
    """Which request was finished, and with what status."""

    number: u64
    status: u64


class BlockClient:
    """A client's side of a ring that is mapped at `ring`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.put: u64 = u64(0)
        self.taken: u64 = u64(0)

    def blocks(self) -> u64:
        """How many blocks the client has; 0 until the driver is ready, which it signals."""
        return read64(self.ring + BLOCKS)  # audit: U-49

    def buffer(self, number: u64) -> u64:
        """The address of a buffer."""
        return self.ring + BLOCK * (1 + number)

    def request(self, kind: u64, block: u64, buffer: u64) -> u64 | None:
        """Put a request; its number, or None while the ring is full. The driver looks at it when it is told."""
        if self.put - self.taken == RING:
            return None
        number = self.put
        at = self.ring + REQUESTS + 16 * (number % RING)
        write64(at, block)  # audit: U-49
        write64(at + 8, buffer << 8 | kind)  # audit: U-49
        self.put += 1
        write64(self.ring + PUT, self.put)  # audit: U-49
        return number & 0xFFFF_FFFF

    def take(self) -> Answer | None:
        """The next answer; None if there is none, or none can be."""
        waiting = wrapping_sub(read64(self.ring + FINISHED), self.taken)  # audit: U-49
        if waiting == 0 or waiting > self.put - self.taken:
            return None
        word = read64(self.ring + ANSWERS + 8 * (self.taken % RING))  # audit: U-49
        self.taken += 1
        return Answer(word >> 8, word & 0xFF)
