"""Takes orders, and asks the stock about each. Answers the stock's own questions too."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, done, granted, reply, wait

ORDERS: Final = EndpointCap(handle("orders"))
STOCK: Final = EndpointCap(handle("stock"))
CONFIRM: Final = u64(2)
"""The label of a question whether an order is meant."""


@export
def main() -> u64:
    while True:
        arrival = granted(wait(ORDERS))
        caller = arrival.reply
        assert caller is not None, "all who ask call"
        if arrival.label == CONFIRM:
            done(reply(caller, Message(u64(1))))
        else:
            answer = granted(call(STOCK, Message(u64(1), arrival.word0)))
            done(reply(caller, Message(u64(1), answer.word0)))
