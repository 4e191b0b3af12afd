"""A bank: each client has an account, and the badge says whose."""

from __future__ import annotations

from typing import Final

from tyrne.lang import Array, export, handle, u64
from tyrne.user import Arrival, EndpointCap, Message, done, granted, reply, wait

BANK: Final = EndpointCap(handle("bank"))
DEPOSIT: Final = u64(1)
WITHDRAW: Final = u64(2)
OK: Final = u64(0)
TOO_LITTLE: Final = u64(1)
UNKNOWN: Final = u64(2)
ACCOUNTS: Final = 5


class Accounts:
    """The balance of each client, by badge."""

    def __init__(self) -> None:
        self.of: Array[u64] = Array.filled(ACCOUNTS, u64(0))


BALANCES: Final = Accounts()


def outcome_of(request: Arrival) -> u64:
    """Do what is asked for; the label of the answer."""
    if request.label == DEPOSIT:
        BALANCES.of[request.badge] += request.word0
        return OK
    if request.label == WITHDRAW:
        if BALANCES.of[request.badge] < request.word0:
            return TOO_LITTLE
        BALANCES.of[request.badge] -= request.word0
        return OK
    return UNKNOWN


@export
def main() -> u64:
    while True:
        request = granted(wait(BANK))
        client = request.reply
        if client is not None:
            label = outcome_of(request)
            done(reply(client, Message(label, BALANCES.of[request.badge])))
