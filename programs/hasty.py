"""Waits for an answer no longer than it wants: a deadline ends the call, and the answer has nowhere to go."""

from __future__ import annotations

from typing import Final

from tyrne.abi import Status
from tyrne.lang import export, handle, u64
from tyrne.user import (
    MILLISECOND,
    ClockCap,
    EndpointCap,
    Message,
    call,
    clock_read,
    done,
    end_wait_at,
    granted,
    print_bytes,
    print_decimal,
    print_status,
)

CLOCK: Final = ClockCap(handle("clock"))
SERVER: Final = EndpointCap(handle("questions"))
HARD: Final = u64(1)
EASY: Final = u64(2)


def ask(question: u64, patience: u64) -> None:
    """Call, and say what came of it."""
    done(end_wait_at(CLOCK, granted(clock_read(CLOCK)) + patience))
    answer = call(SERVER, Message(question))
    print_bytes(b"hasty: ")
    if isinstance(answer, Status):
        print_status(answer)
    else:
        print_bytes(b"the answer is ")
        print_decimal(answer.word0)
    print_bytes(b"\n")


@export
def main() -> u64:
    ask(HARD, MILLISECOND)
    ask(EASY, 20 * MILLISECOND)
    return u64(0)
