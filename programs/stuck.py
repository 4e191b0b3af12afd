"""Reports to its watchdog once, and then runs in a circle."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, done, send_wait

REPORTS: Final = EndpointCap(handle("reports"))
ALIVE: Final = u64(1)


@export
def main() -> u64:
    done(send_wait(REPORTS, Message(ALIVE)))
    while True:
        pass
