"""Gives out numbers, for ever. It serves: when all others have ended the run is over, and this was no deadlock."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, granted, reply_wait, wait

TICKETS: Final = EndpointCap(handle("tickets"))
NUMBER: Final = u64(1)


@export
def main() -> u64:
    arrival = granted(wait(TICKETS))
    number = u64(0)
    while True:
        guest = arrival.reply
        assert guest is not None, "guests call"
        number += 1
        arrival = granted(reply_wait(guest, TICKETS, NUMBER, number))
