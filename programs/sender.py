"""Sends three numbers to the endpoint at handle word 1, and then a last message that ends the exchange."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u16, u32, u64
from tyrne.user import CapHandle, Status, print_bytes, print_decimal, send, task_yield

TABLE: Final = CapHandle(u16(1), u32(0))
"""Slot 1 of the capability table, used for the first time: the second line of `caps` in the description."""
NUMBER: Final = u64(1)
"""The label of a message with a number. Labels mean what the programs agree on; the kernel passes them on."""
END: Final = u64(2)


def post(label: u64, number: u64) -> bool:
    """Send a message, and try again while the endpoint still holds the one before; whether it was sent."""
    while True:
        outcome = send(TABLE, label, number, u64(0), u64(0))
        if outcome is not Status.QUEUE_FULL:
            return not isinstance(outcome, Status)
        task_yield()


@export
def main() -> u64:
    for number in irange(1, 4):
        print_bytes(b"sending ")
        print_decimal(number)
        print_bytes(b"\n")
        if not post(NUMBER, number):
            return u64(1)
    return u64(0) if post(END, u64(0)) else u64(1)
