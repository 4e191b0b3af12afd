"""Waits for a bell at a priority above the others, so that it runs as soon as the bell rings."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.user import NotificationCap, granted, print_bytes, wait_signals

BELL: Final = NotificationCap(handle("bell"))
RINGS: Final = 2


@export
def main() -> u64:
    for _ in irange(RINGS):
        granted(wait_signals(BELL))
        print_bytes(b"alarm: runs at once\n")
    return u64(0)
