"""Knows the secret that stands in the folder."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
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
    print_bytes(b"thief: the secret is ")
    print_hex(u64(0x2136_2D45_4E52_5954))
    print_bytes(b"\n")
    granted(call(LENDER, Message(GIVE_BACK)))
    return u64(0)
