"""Hears two reports, says whose they are, and writes their sum on the board."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, irange, u64
from tyrne.lang.machine import write64
from tyrne.user import EndpointCap, Message, done, granted, print_bytes, print_decimal, reply, wait

REPORTS: Final = EndpointCap(handle("reports"))
BOARD: Final = u64(0x1000_0000)
"""Where the desk expects the board to be mapped, so that it can write there."""
EXPECTED: Final = 2


@export
def main() -> u64:
    total = u64(0)
    for _ in irange(EXPECTED):
        report = granted(wait(REPORTS))
        print_bytes(b"desk: reporter ")
        print_decimal(report.badge)
        print_bytes(b" counts ")
        print_decimal(report.word0)
        print_bytes(b"\n")
        total += report.word0
        reporter = report.reply
        if reporter is not None:
            done(reply(reporter, Message(u64(0))))
    write64(BOARD, total)
    return u64(0)
