"""Knows what is left. Before it gives away much, it asks whether that is meant."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, done, granted, reply, wait

STOCK: Final = EndpointCap(handle("stock"))
ORDERS: Final = EndpointCap(handle("orders"))
MUCH: Final = u64(10)
CONFIRM: Final = u64(2)


@export
def main() -> u64:
    left = u64(100)
    while True:
        arrival = granted(wait(STOCK))
        caller = arrival.reply
        assert caller is not None, "all who ask call"
        if arrival.word0 > MUCH:
            granted(call(ORDERS, Message(CONFIRM, arrival.word0)))
        left -= arrival.word0
        done(reply(caller, Message(u64(1), left)))
