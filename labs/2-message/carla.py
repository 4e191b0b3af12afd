"""A client of the bank: puts 100 in, takes 30 out, and asks for more than there is."""

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
    print_bytes(b"carla: ")
    print_decimal(answer.label)
    print_bytes(b", ")
    print_decimal(answer.word0)
    print_bytes(b"\n")


@export
def main() -> u64:
    ask(DEPOSIT, u64(100))
    ask(WITHDRAW, u64(30))
    ask(WITHDRAW, u64(71))
    return u64(0)
