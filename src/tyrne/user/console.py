"""The debug console in raw bytes; printing.py makes text of it. Release kernels have none."""

from __future__ import annotations

from tyrne.abi import CallNumber, Status
from tyrne.lang import u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import ConsoleCap


def console_write(console: ConsoleCap, address: u64, length: u64) -> u64 | Status:
    """Write the bytes at a virtual address to the console; the number written."""
    reply = request(CallNumber.CONSOLE_WRITE, console.word, address, length)
    return reply.x1 if is_ok(reply) else status_of(reply)
