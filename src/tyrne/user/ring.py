"""Requests of a client to a driver, and its answers: a ring in memory that both have mapped, and both sides of it.

A client puts up to 64 requests, then tells the driver once; the driver finishes them in any order, and signals the
client once for all that it has finished together. A ring takes 0x700 bytes:

| bytes | | written by |
|---|---|---|
| 0x000 | how many requests were put, ever | the client |
| 0x040 | how many were finished, ever | the driver |
| 0x100 | 64 requests of two words | the client |
| 0x500 | 64 answers of a word: the number of the request, shifted left by 8, with a status | the driver |

Requests are numbered from 0 on, modulo 2^32, and each has the place of its number, modulo 64; so have answers, by
their own count. Neither side believes the other. What it knows of the ring it keeps for itself, and each word of the
other side it reads once: a driver checks that copy of a request, and uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import u64, wrapping_sub
from tyrne.lang.machine import read64, write64

RING: Final = 64
"""Requests that a client may have put and not taken the answers of."""
PUT: Final = u64(0x000)
FINISHED: Final = u64(0x040)
REQUESTS: Final = u64(0x100)
ANSWERS: Final = u64(0x500)
NUMBER: Final = 0xFFFF_FFFF
"""The bits of a number."""


@dataclass(frozen=True)
class Request:
    """A request as its driver has read it."""

    number: u64
    first: u64
    second: u64


@dataclass(frozen=True)
class Answer:
    """Which request was finished, and with what status."""

    number: u64
    status: u64


class RingClient:
    """The client's side of the ring at `ring`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.put: u64 = u64(0)
        self.taken: u64 = u64(0)

    def request(self, first: u64, second: u64) -> u64 | None:
        """Put a request; its number, or None while the ring is full. The driver looks at it when it is told."""
        if self.put - self.taken == RING:
            return None
        number = self.put
        at = self.ring + REQUESTS + 16 * (number % RING)
        write64(at, first)  # audit: U-49
        write64(at + 8, second)  # audit: U-49
        self.put += 1
        write64(self.ring + PUT, self.put)  # audit: U-49
        return number & NUMBER

    def take(self) -> Answer | None:
        """The next answer; None if there is none, or none can be."""
        waiting = wrapping_sub(read64(self.ring + FINISHED), self.taken)  # audit: U-49
        if waiting == 0 or waiting > self.put - self.taken:
            return None
        word = read64(self.ring + ANSWERS + 8 * (self.taken % RING))  # audit: U-49
        self.taken += 1
        return Answer(word >> 8, word & 0xFF)


class RingServer:
    """The driver's side of the ring at `ring`."""

    def __init__(self) -> None:
        self.ring: u64 = u64(0)
        self.taken: u64 = u64(0)
        self.finished: u64 = u64(0)
        self.told: u64 = u64(0)
        """Requests that were taken and finished, and of how many of these the client knows."""

    def waiting(self) -> u64:
        """How many requests can be taken. None has more than RING at a time; of a client that claims to have, nothing
        is taken, so it cannot keep the driver busy by a number."""
        put = wrapping_sub(read64(self.ring + PUT), self.taken)  # audit: U-49
        return put if put <= RING - self.under_way() else u64(0)

    def under_way(self) -> u64:
        """How many were taken and are not finished."""
        return self.taken - self.finished

    def take(self) -> Request:
        """The next of those that wait."""
        number = self.taken
        at = self.ring + REQUESTS + 16 * (number % RING)
        self.taken += 1
        return Request(number, read64(at), read64(at + 8))  # audit: U-49

    def finish(self, number: u64, status: u64) -> None:
        """Answer a request that was taken; the client is told later, of all at once."""
        write64(self.ring + ANSWERS + 8 * (self.finished % RING), (number & NUMBER) << 8 | status)  # audit: U-49
        self.finished += 1
        write64(self.ring + FINISHED, self.finished)  # audit: U-49

    def news(self) -> bool:
        """Whether something was finished since this was asked."""
        news = self.told != self.finished
        self.told = self.finished
        return news
