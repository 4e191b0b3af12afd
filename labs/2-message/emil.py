"""A client who comes last, when the rude one has been there, and asks for what no bank does."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, granted, print_bytes, print_decimal

BANK: Final = EndpointCap(handle("bank"))
DEPOSIT: Final = u64(1)
WITHDRAW: Final = u64(2)


def ask(label: u64, amount: u64) -> None:
    """Ask the bank, and print its answer: the label, and the balance."""
    answer = granted(call(BANK, Message(label, amount)))
    print_bytes(b"emil: ")
    print_decimal(answer.label)
    print_bytes(b", ")
    print_decimal(answer.word0)
    print_bytes(b"\n")


@export
def main() -> u64:
    ask(DEPOSIT, u64(7))
    ask(u64(99), u64(1_000))
    return u64(0)
