"""Receives numbers from the endpoint at handle word 1 and prints their squares, until the last message."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u16, u32, u64
from tyrne.user import CapHandle, Received, Status, print_bytes, print_decimal, recv, task_yield

TABLE: Final = CapHandle(u16(1), u32(0))
NUMBER: Final = u64(1)


def next_message() -> Received | Status:
    """Wait for a message: the first poll is pending, later ones are refused with QUEUE_FULL until one comes."""
    while True:
        outcome = recv(TABLE)
        if isinstance(outcome, Received):
            return outcome
        if isinstance(outcome, Status) and outcome is not Status.QUEUE_FULL:
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
