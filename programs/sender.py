"""Sends three numbers to the endpoint `table`, and then a last message that ends the exchange."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, Status, print_bytes, print_decimal, send, task_yield

TABLE: Final = EndpointCap(handle("table"))
"""The second line of `caps` in the description."""
NUMBER: Final = u64(1)
"""The label of a message with a number. Labels mean what the programs agree on; the kernel passes them on."""
END: Final = u64(2)


def post(message: Message) -> bool:
    """Send a message, and try again while the endpoint still holds the one before; whether it was sent."""
    while True:
        outcome = send(TABLE, message)
        if outcome is not Status.QUEUE_FULL:
            return not isinstance(outcome, Status)
        task_yield()


@export
def main() -> u64:
    for number in irange(1, 4):
        print_bytes(b"sending ")
        print_decimal(number)
        print_bytes(b"\n")
        if not post(Message(NUMBER, number)):
            return u64(1)
    return u64(0) if post(Message(END)) else u64(1)
