"""Programs that need not handle refusals: one ends them, with a line that names it.

`page = granted(create_memory(QUOTA, u64(1)))`, and `done(cap_revoke(page))` where a call yields nothing.
"""

from __future__ import annotations

from typing import Final, TypeVar

from tyrne.abi import Status
from tyrne.lang import Array, irange, u8, u64
from tyrne.user.calls import STATUSES
from tyrne.user.printing import NEWLINE, print_byte, print_bytes
from tyrne.user.tasks import task_exit

REFUSED_CODE: Final = u64(102)
"""Exit code of a program that a refusal ended."""
NAME_LENGTH: Final = max(len(status.name) for status in Status)

T = TypeVar("T")


class NameTable:
    """The names of the statuses in the order of STATUSES, each filled up with zeros to NAME_LENGTH bytes."""

    def __init__(self) -> None:
        text = b"".join(status.name.encode().ljust(NAME_LENGTH, b"\0") for status in Status)
        self.text: Array[u8] = Array([u8(byte) for byte in text])


NAMES: Final = NameTable()


def print_status(status: Status) -> None:
    """The name of a status."""
    for number in irange(len(STATUSES.known)):
        if STATUSES.known[number] is status:
            for i in irange(NAME_LENGTH):
                byte = NAMES.text[number * NAME_LENGTH + i]
                if byte != 0:
                    print_byte(byte)


def refused(status: Status) -> None:
    """End the program: its console says `refused: MISSING_RIGHT`, and its exit code is 102."""
    print_bytes(b"refused: ")
    print_status(status)
    print_byte(NEWLINE)
    task_exit(REFUSED_CODE)


def granted(outcome: T | Status) -> T:
    """What a call yields."""
    if isinstance(outcome, Status):
        refused(outcome)
    assert not isinstance(outcome, Status)
    return outcome


def done(status: Status) -> None:
    """The end of the matter for a call that yields nothing."""
    if status is not Status.OK:
        refused(status)
