"""Calls pong three times. `call` sends a message and waits for its answer: no polling, and nothing is ever lost.

`granted` gives what a call yields; were it refused, the program would end with a line that says why.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_hex

TABLE: Final = EndpointCap(handle("table"))
PING: Final = u64(0xAAAA)
ROUNDS: Final = 3


@export
def main() -> u64:
    for _ in irange(ROUNDS):
        print_bytes(b"ping: sends ")
        print_hex(PING)
        print_bytes(b"\n")
        answer = granted(call(TABLE, Message(PING)))
        print_bytes(b"ping: the answer is ")
        print_hex(answer.label)
        print_bytes(b"\n")
    return u64(0)
