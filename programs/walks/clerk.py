"""Places three orders, the last one a large one."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_decimal

ORDERS: Final = EndpointCap(handle("orders"))


def place(amount: u64) -> None:
    answer = granted(call(ORDERS, Message(u64(1), amount)))
    print_bytes(b"clerk: ordered ")
    print_decimal(amount)
    print_bytes(b", left are ")
    print_decimal(answer.word0)
    print_bytes(b"\n")


@export
def main() -> u64:
    place(u64(2))
    place(u64(5))
    place(u64(40))
    return u64(0)
