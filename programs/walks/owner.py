"""Lets two others send to its vault, and waits for what they bring."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    Cap,
    EndpointCap,
    Message,
    Rights,
    cap_derive,
    done,
    granted,
    print_bytes,
    send_wait,
    task_yield,
    wait,
)

GUEST: Final = EndpointCap(handle("guest-door"))
VISITOR: Final = EndpointCap(handle("visitor-door"))
VAULT: Final = EndpointCap(handle("vault"))
KEY: Final = u64(1)


@export
def main() -> u64:
    key = granted(cap_derive(VAULT, Rights.SEND | Rights.TRANSFER))
    done(send_wait(GUEST, Message(KEY, cap=Cap(key.word))))
    other = granted(cap_derive(VAULT, Rights.SEND | Rights.RECV | Rights.TRANSFER))
    done(send_wait(VISITOR, Message(KEY, cap=Cap(other.word))))
    print_bytes(b"owner: both have a key\n")
    task_yield()
    granted(wait(VAULT))
    print_bytes(b"owner: somebody has brought a secret\n")
    return u64(0)
