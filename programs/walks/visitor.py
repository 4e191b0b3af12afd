"""Gets a key to the vault, and tries what it is good for."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, granted, print_bytes, print_hex, wait

DOOR: Final = EndpointCap(handle("visitor-door"))


@export
def main() -> u64:
    cap = granted(wait(DOOR)).cap
    assert cap is not None, "the owner sends a key"
    found = granted(wait(EndpointCap(cap.word)))
    print_bytes(b"visitor: there was ")
    print_hex(found.label)
    print_bytes(b"\n")
    return u64(0)
