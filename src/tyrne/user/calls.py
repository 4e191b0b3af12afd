"""The system calls, typed: what a program passes and gets, in place of registers.

A refusal is a `Status`; what a call yields otherwise has a type of its own, so `match` or `isinstance` tells the two
apart. Numbers, statuses and handle words come from the kernel's own table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.kernel.abi import (
    CallNumber,
    CapHandle,
    SendOutcome,
    Status,
    pack_handle,
    pack_optional_handle,
    unpack_optional_handle,
)
from tyrne.lang import Array, u16, u32, u64
from tyrne.lang.machine import Reply as Reply
from tyrne.lang.machine import supervisor_call

CONSOLE: Final = CapHandle(u16(0), u32(0))
"""Where a program that is given the debug console finds it: handle word 0."""


@dataclass(frozen=True)
class Pending:
    """No message is there; the endpoint now remembers that somebody waits."""


@dataclass(frozen=True)
class Received:
    """A message, and the handle of the capability that came with it."""

    label: u64
    word0: u64
    word1: u64
    word2: u64
    cap: CapHandle | None


class StatusTable:
    """Every status that the kernel can return."""

    def __init__(self) -> None:
        self.known: Array[Status] = Array(list(Status))


STATUSES: Final = StatusTable()


def decode_status(word: u64) -> Status:
    """The status that x0 holds. A word that the kernel's table does not have traps."""
    found: Status | None = None
    for status in STATUSES.known:
        if u64(status.value) == word:
            found = status
    assert found is not None, "unknown status"
    return found


def system_call(number: u64, x0: u64, x1: u64, x2: u64, x3: u64, x4: u64, x5: u64) -> Reply:
    """Any system call in raw words: x0 of the reply is the status, x1 to x7 the payload."""
    return supervisor_call(number, x0, x1, x2, x3, x4, x5)  # audit: U-40


def _call(number: CallNumber, x0: u64, x1: u64, x2: u64) -> Reply:
    return system_call(u64(number.value), x0, x1, x2, u64(0), u64(0), u64(0))


def send(
    endpoint: CapHandle, label: u64, word0: u64, word1: u64, word2: u64, transfer: CapHandle | None = None
) -> SendOutcome | Status:
    """Send four words, and move one capability with them; its handle is stale afterwards."""
    number = u64(CallNumber.SEND.value)
    reply = system_call(number, pack_handle(endpoint), label, word0, word1, word2, pack_optional_handle(transfer))
    if reply.x0 != u64(Status.OK.value):
        return decode_status(reply.x0)
    return SendOutcome.DELIVERED if reply.x1 == u64(SendOutcome.DELIVERED.value) else SendOutcome.ENQUEUED


def recv(endpoint: CapHandle) -> Received | Pending | Status:
    """Take the message that waits at an endpoint."""
    reply = _call(CallNumber.RECV, pack_handle(endpoint), u64(0), u64(0))
    if reply.x0 != u64(Status.OK.value):
        return decode_status(reply.x0)
    if reply.x1 != 0:
        return Pending()
    return Received(reply.x2, reply.x3, reply.x4, reply.x5, unpack_optional_handle(reply.x6))


def task_yield() -> Status:
    """Let the other tasks run."""
    return decode_status(_call(CallNumber.TASK_YIELD, u64(0), u64(0), u64(0)).x0)


def task_exit(code: u64) -> Status:
    """End this task. Returns only when the kernel refuses."""
    return decode_status(_call(CallNumber.TASK_EXIT, code, u64(0), u64(0)).x0)


def console_write(console: CapHandle, address: u64, length: u64) -> u64 | Status:
    """Write the bytes at a virtual address to the console; the number written."""
    reply = _call(CallNumber.CONSOLE_WRITE, pack_handle(console), address, length)
    if reply.x0 != u64(Status.OK.value):
        return decode_status(reply.x0)
    return reply.x1
