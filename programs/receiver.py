"""Receives numbers from the endpoint `table` and prints their squares, until the last message."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, Pending, Status, print_bytes, print_decimal, recv, task_yield

TABLE: Final = EndpointCap(handle("table"))
NUMBER: Final = u64(1)


def next_message() -> Message | Status:
    """Look for a message until there is one; the others run in between."""
    while True:
        outcome = recv(TABLE)
        if not isinstance(outcome, Pending):
            return outcome
        task_yield()


@export
def main() -> u64:
    while True:
        message = next_message()
        if isinstance(message, Status):
            return u64(1)
        if message.label != NUMBER:
            return u64(0)
        print_decimal(message.word0)
        print_bytes(b" squared is ")
        print_decimal(message.word0 * message.word0)
        print_bytes(b"\n")
