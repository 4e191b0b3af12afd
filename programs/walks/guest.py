"""Gets a key to the vault, and puts its secret there."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, done, granted, print_bytes, send_wait, wait

DOOR: Final = EndpointCap(handle("guest-door"))
SECRET: Final = u64(0x5EC2E7)


@export
def main() -> u64:
    cap = granted(wait(DOOR)).cap
    assert cap is not None, "the owner sends a key"
    done(send_wait(EndpointCap(cap.word), Message(SECRET)))
    print_bytes(b"guest: somebody has taken my secret\n")
    return u64(0)
