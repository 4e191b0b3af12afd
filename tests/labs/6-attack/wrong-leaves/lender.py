"""Lends a page of memory to one client at a time. What was lent is revoked and cleared when it comes back.

BORROW is answered with LENT and a capability over the page, or with BUSY. GIVE_BACK is answered with LENT when the page
was the caller's, and else with BUSY.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import (
    Arrival,
    Cap,
    EndpointCap,
    MemoryCap,
    Message,
    Rights,
    cap_derive,
    cap_drop,
    cap_revoke,
    done,
    granted,
    reply,
    wait,
)

LENDER: Final = EndpointCap(handle("lender"))
BUFFER: Final = MemoryCap(handle("buffer"))
"""The page; this task has it mapped as well."""
PAGE: Final = u64(0x1000_0000)
WORDS: Final = 512
"""Of a page, 8 bytes each."""
BORROW: Final = u64(1)
GIVE_BACK: Final = u64(2)
LENT: Final = u64(0)
BUSY: Final = u64(1)
NOBODY: Final = u64(0)


class Loan:
    """Who has the page: a badge, or NOBODY."""

    def __init__(self) -> None:
        self.borrower: u64 = NOBODY


LOAN: Final = Loan()


def lend(badge: u64) -> Message:
    if LOAN.borrower != NOBODY:
        return Message(BUSY)
    LOAN.borrower = badge
    page = granted(cap_derive(BUFFER, Rights.READ | Rights.WRITE | Rights.TRANSFER))
    return Message(LENT, cap=Cap(page.word))


def take_back(badge: u64) -> Message:
    if LOAN.borrower != badge:
        return Message(BUSY)
    done(cap_revoke(BUFFER))
    LOAN.borrower = NOBODY
    return Message(LENT)


def answer_to(request: Arrival) -> Message:
    return lend(request.badge) if request.label == BORROW else take_back(request.badge)


@export
def main() -> u64:
    while True:
        request = granted(wait(LENDER))
        if request.cap is not None:
            done(cap_drop(request.cap))
        client = request.reply
        if client is not None:
            done(reply(client, answer_to(request)))
