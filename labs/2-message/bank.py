"""A bank: each client has an account, and the badge says whose. Yours to write.

A client calls with a label and an amount in word 0; it is answered with a label, and with its balance in word 0.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, u64
from tyrne.user import EndpointCap, Message, done, granted, reply, wait

BANK: Final = EndpointCap(handle("bank"))
DEPOSIT: Final = u64(1)
"""Word 0 more."""
WITHDRAW: Final = u64(2)
"""Word 0 less, if the account has as much."""
OK: Final = u64(0)
TOO_LITTLE: Final = u64(1)
"""The account has less than that, and stays as it is."""
UNKNOWN: Final = u64(2)
"""No request has this label; the account stays as it is."""
ACCOUNTS: Final = 5
"""Badges are 1 to 4."""


class Accounts:
    """The balance of each client, by badge."""

    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(ACCOUNTS, u64(0))


BALANCES: Final = Accounts()


@export
def main() -> u64:
    while True:
        request = granted(wait(BANK))
        client = request.reply
        if client is not None:
            done(reply(client, Message(UNKNOWN)))
