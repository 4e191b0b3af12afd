"""Borrows the page last of all, and looks whether somebody has left anything in it."""

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
SPACE: Final = SpaceCap(handle("curious_space"))
PAGE: Final = u64(0x2000_0000)
"""Where this task maps the page that it borrows."""
WORDS: Final = 512
"""Of a page, 8 bytes each."""
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
    found = u64(0)
    for i in irange(WORDS):
        found |= read64(PAGE + i * 8)
    print_bytes(b"curious: found ")
    print_hex(found)
    print_bytes(b"\n")
    granted(call(LENDER, Message(GIVE_BACK)))
    return u64(0)
