"""Borrows the page, writes its secret there, works with it, and gives the page back."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import read64, write64
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
    task_yield,
)

LENDER: Final = EndpointCap(handle("lender"))
SPACE: Final = SpaceCap(handle("notary_space"))
PAGE: Final = u64(0x2000_0000)
"""Where this task maps the page that it borrows."""
SECRET: Final = u64(0x1000_0000)
"""Where its secret is mapped, which nobody else has."""
BORROW: Final = u64(1)
GIVE_BACK: Final = u64(2)
ROUNDS: Final = 20
"""Of work, between which others run."""


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
    secret = read64(SECRET)
    for _ in irange(ROUNDS):
        write64(PAGE, secret)
        task_yield()
        if read64(PAGE) != secret:
            print_bytes(b"notary: somebody has changed my page\n")
            return u64(1)
    granted(call(LENDER, Message(GIVE_BACK)))
    print_bytes(b"notary: the work is done\n")
    return u64(0)
