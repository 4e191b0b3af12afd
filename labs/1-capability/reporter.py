"""Tells the desk a number. Two tasks run this program: only their capabilities differ."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, handle, u64
from tyrne.user import EndpointCap, Message, call, granted

REPORTS: Final = EndpointCap(handle("reports"))
REPORT: Final = u64(1)
COUNTED: Final = u64(21)


@export
def main() -> u64:
    granted(call(REPORTS, Message(REPORT, COUNTED)))
    return u64(0)
