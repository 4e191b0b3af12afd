"""Gives the page back and keeps the capability over it: what the notary writes there it reads."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64
from tyrne.user import (
    Access,
    EndpointCap,
    MemoryCap,
    Message,
    SpaceCap,
    call,
    done,
    granted,
    map_memory,
    print_bytes,
    print_hex,
    task_yield,
)

LENDER: Final = EndpointCap(handle("lender"))
SPACE: Final = SpaceCap(handle("thief_space"))
PAGE: Final = u64(0x2000_0000)
"""Where this task maps the page that it borrows."""
BORROW: Final = u64(1)
GIVE_BACK: Final = u64(2)
PATIENCE: Final = 1_000


def borrow() -> None:
    """Borrow the page, as soon as it is free, and map it."""
    while True:
        answer = granted(call(LENDER, Message(BORROW)))
        page = answer.cap
        if page is not None:
            done(map_memory(SPACE, MemoryCap(page.word), PAGE, Access.READ_WRITE))
            return
        task_yield()


@export
def main() -> u64:
    borrow()
    granted(call(LENDER, Message(GIVE_BACK)))
    for _ in irange(PATIENCE):
        secret = read64(PAGE)
        if secret != 0:
            print_bytes(b"thief: the secret is ")
            print_hex(secret)
            print_bytes(b"\n")
            return u64(0)
        task_yield()
    return u64(1)
