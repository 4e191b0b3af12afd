"""Lets the server add the numbers 1 to 4. The same program runs as three tasks; only their capabilities differ."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_decimal

SERVER: Final = EndpointCap(handle("requests"))
ADD: Final = u64(1)
LEAVE: Final = u64(2)


@export
def main() -> u64:
    for number in irange(1, 5):
        answer = granted(call(SERVER, Message(ADD, number)))
        print_bytes(b"client ")
        print_decimal(answer.word1)
        print_bytes(b": the sum is ")
        print_decimal(answer.word0)
        print_bytes(b"\n")
    granted(call(SERVER, Message(LEAVE)))
    return u64(0)
