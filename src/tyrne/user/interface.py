"""The line of tests/kernel/versions.txt for the interface as it is: python -m tyrne.user.interface."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from hashlib import sha256
from typing import Final

from tyrne.abi import (
    CALLS,
    NULL_HANDLE,
    SIGNAL_BADGE,
    VERSION,
    CallNumber,
    CapKind,
    Notice,
    Rights,
    SendOutcome,
    Status,
    TaskState,
    rights_at_boot,
)
from tyrne.user.memory import Access

TABLES: Final[tuple[type[Enum], ...]] = (
    CallNumber, CapKind, Rights, Status, TaskState, Notice, SendOutcome, Access,
)  # fmt: skip


def interface() -> Iterator[str]:
    """All that a version fixes, a line for each number, and for the registers of each call."""
    for table in TABLES:
        yield from (f"{table.__name__} {int(member.value):#x} {member.name}" for member in table)
    for kind in CapKind:
        yield f"{kind.name}: {int(rights_at_boot(kind)):#x}"
    for call in CALLS:
        yield f"{call.number.name}: {'; '.join(call.arguments)} -> {'; '.join(call.results)}"
    yield f"{int(NULL_HANDLE):#x} {int(SIGNAL_BADGE):#x}"


def line() -> str:
    """The version, and a digest of what it fixes."""
    digest = sha256("\n".join(interface()).encode()).hexdigest()[:16]
    return f"{VERSION} {digest}"


if __name__ == "__main__":
    print(line())
