"""Keeps a sum for each of three clients. The badge says who calls: it is part of the client's capability.

A client cannot choose its badge or hide it, so one client never changes the sum of another.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, u64
from tyrne.user import Arrival, EndpointCap, Message, done, granted, print_bytes, print_decimal, reply, reply_wait, wait

REQUESTS: Final = EndpointCap(handle("requests"))
CLIENTS: Final = 3
ADD: Final = u64(1)
"""Add word 0; the answer's word 0 is the sum, its word 1 the client's badge."""
LEAVE: Final = u64(2)


class Sums:
    """The sum of each client, by badge. Badge 0 is nobody's."""

    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(CLIENTS + 1, u64(0))


SUMS: Final = Sums()


def say_goodbye(badge: u64) -> None:
    print_bytes(b"server: client ")
    print_decimal(badge)
    print_bytes(b" leaves with ")
    print_decimal(SUMS.of[badge])
    print_bytes(b"\n")


def serve(first: Arrival) -> None:
    """Answer everyone until the last client leaves."""
    arrival = first
    left = u64(0)
    while True:
        caller = arrival.reply
        assert caller is not None, "the clients call"
        if arrival.label == ADD:
            SUMS.of[arrival.badge] += arrival.word0
        else:
            say_goodbye(arrival.badge)
            left += 1
        if left == CLIENTS:
            done(reply(caller, Message(LEAVE)))
            return
        # One call answers, and waits for the next: a server spends no other.
        arrival = granted(reply_wait(caller, REQUESTS, arrival.label, SUMS.of[arrival.badge], arrival.badge))


@export
def main() -> u64:
    serve(granted(wait(REQUESTS)))
    return u64(0)
