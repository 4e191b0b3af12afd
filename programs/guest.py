"""Takes three numbers, and leaves without a word: who gives them out need not know."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_decimal

TICKETS: Final = EndpointCap(handle("tickets"))
TAKE: Final = u64(1)


@export
def main() -> u64:
    for _ in irange(3):
        ticket = granted(call(TICKETS, Message(TAKE)))
        print_bytes(b"guest: has number ")
        print_decimal(ticket.word0)
        print_bytes(b"\n")
    return u64(0)
