"""One system call in words, and what its status word means. The other files give each call its types.

A refusal is a `Status`; what a call yields otherwise has a type of its own, so `match` or `isinstance` tells the two
apart. Numbers and statuses come from the kernel's own table.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import CallNumber, Status
from tyrne.lang import Array, u64
from tyrne.lang.machine import Reply as Reply
from tyrne.lang.machine import supervisor_call


class StatusTable:
    """Every status that the kernel can return."""

    def __init__(self) -> None:
        self.known: Array[Status] = Array(list(Status))


STATUSES: Final = StatusTable()


def decode_status(word: u64) -> Status:
    """The status that x0 holds. A word that the kernel's table does not have traps."""
    found: Status | None = None
    for status in STATUSES.known:
        if u64(status.value) == word:
            found = status
            break
    assert found is not None, "unknown status"
    return found


def system_call(number: u64, x0: u64, x1: u64, x2: u64, x3: u64, x4: u64, x5: u64) -> Reply:
    """Any system call in raw words: x0 of the reply is the status, x1 to x7 the payload."""
    return supervisor_call(number, x0, x1, x2, x3, x4, x5)  # audit: U-40


def request(
    number: CallNumber,
    x0: u64 = u64(0),
    x1: u64 = u64(0),
    x2: u64 = u64(0),
    x3: u64 = u64(0),
    x4: u64 = u64(0),
    x5: u64 = u64(0),
) -> Reply:
    """A call of the table in raw words; arguments that it does not have are 0."""
    return system_call(u64(number.value), x0, x1, x2, x3, x4, x5)


def is_ok(reply: Reply) -> bool:
    """Whether the kernel did what it was asked."""
    return reply.x0 == u64(Status.OK.value)


def status_of(reply: Reply) -> Status:
    """The status of a reply."""
    return decode_status(reply.x0)
