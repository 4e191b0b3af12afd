"""Answers ping three times. Whoever calls leaves a reply capability: it is good for one answer to that caller."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, done, granted, print_bytes, print_hex, reply, wait

TABLE: Final = EndpointCap(handle("table"))
PONG: Final = u64(0xBBBB)
ROUNDS: Final = 3


@export
def main() -> u64:
    for _ in irange(ROUNDS):
        arrival = granted(wait(TABLE))
        print_bytes(b"pong: received ")
        print_hex(arrival.label)
        print_bytes(b"\n")
        caller = arrival.reply
        if caller is None:
            return u64(1)  # it was only sent
        done(reply(caller, Message(PONG)))
    return u64(0)
