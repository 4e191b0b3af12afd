"""A client without manners: sends what nobody asked for, with a capability in each message, and wants no answer."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import Cap, EndpointCap, Message, Rights, cap_copy, done, granted, print_bytes, send_wait

BANK: Final = EndpointCap(handle("bank"))
TIMES: Final = 80
"""More than the 64 capabilities that a task can hold."""


@export
def main() -> u64:
    for _ in irange(TIMES):
        gift = granted(cap_copy(BANK, Rights.SEND | Rights.TRANSFER))
        done(send_wait(BANK, Message(u64(1), u64(0), cap=Cap(gift.word))))
    print_bytes(b"rude: has sent 80 messages\n")
    return u64(0)
