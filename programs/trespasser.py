"""Attacks the system calls 6 to 37: each with handles of every kind, of which none allows what the call asks for.

Runs as the task of systems/trespasser.toml, which says what the handles below name. One line for each place where a
call takes a handle, and one for each argument that must be refused. The exit code is the number of attempts that ended
otherwise; each of those has a line of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.user import (
    NULL_HANDLE,
    SIGNAL_BADGE,
    CallNumber,
    CapKind,
    Rights,
    Status,
    print_bytes,
    print_decimal,
    print_hex,
    system_call,
)

HELD: Final = 8
"""Handle words 0 to 7 name a capability of each kind that a description gives, without any right that is attacked."""
OPEN_DOOR: Final = u64(8)
"""An endpoint with SEND, RECV, DERIVE and TRANSFER."""
OPEN_SELF: Final = u64(9)
"""This task with all rights."""
OPEN_SPACE: Final = u64(10)
OPEN_MEMORY: Final = u64(11)
"""Two pages with READ, WRITE, EXECUTE and DERIVE."""
OPEN_QUOTA: Final = u64(12)
"""It allows one endpoint."""
BADGED: Final = u64(13)
"""An endpoint with a badge, and DERIVE."""
OPEN_CLOCK: Final = u64(14)
OPEN_INTERRUPT: Final = u64(15)
"""An interrupt with BIND."""
EMPTY: Final = u64(63)
NO_KIND: Final = u64(99)
PAGE: Final = u64(4096)


@dataclass(frozen=True)
class Refusals:
    """How a call says that a handle names nothing, the wrong kind, or what it may not be used for."""

    nothing: Status
    kind: Status
    right: Status


MESSAGES: Final = Refusals(Status.STALE_HANDLE, Status.WRONG_OBJECT_KIND, Status.MISSING_RIGHT)
OTHERS: Final = Refusals(Status.INVALID_HANDLE, Status.WRONG_KIND, Status.INSUFFICIENT_RIGHTS)


class Tally:
    """Attempts, and those that did not end as they must."""

    def __init__(self) -> None:
        self.attempts: u64 = u64(0)
        self.wrong: u64 = u64(0)


TALLY: Final = Tally()


def kind_at(handle: u64) -> u64:
    """Of the capability at one of the first handle words: the kinds in their order, without replies."""
    return handle + 1 if handle < u64(CapKind.QUOTA.value) else u64(CapKind.CLOCK.value)


def judge(expected: Status, got: u64) -> None:
    TALLY.attempts += 1
    if got != u64(expected.value):
        TALLY.wrong += 1
        print_bytes(b"  expected ")
        print_hex(u64(expected.value))
        print_bytes(b", got ")
        print_hex(got)
        print_bytes(b", WRONG\n")


def place(name: bytes, register: u64) -> None:
    """The line of a place that is attacked."""
    print_bytes(name)
    print_bytes(b", x")
    print_decimal(register)
    print_bytes(b"\n")


def attempt(number: CallNumber, register: u64, handle: u64, other: u64) -> u64:
    """The status of a call with a handle in x0, x1 or x2, and another in those of the first two that are left."""
    x0 = handle if register == 0 else other
    x1 = handle if register == 1 else other
    x2 = handle if register == 2 else u64(0)
    return system_call(u64(number.value), x0, x1, x2, u64(1), u64(0), NULL_HANDLE).x0


def attack(
    name: bytes, number: CallNumber, register: u64, kind: CapKind, refusals: Refusals, other: u64 = u64(0)
) -> None:
    """Every kind of handle, and one that names nothing, where a call wants one kind with some right."""
    place(name, register)
    for handle in irange(HELD):
        expected = refusals.right if kind_at(handle) == u64(kind.value) else refusals.kind
        judge(expected, attempt(number, register, handle, other))
    judge(refusals.nothing, attempt(number, register, EMPTY, other))


def attack_any(name: bytes, number: CallNumber, other: u64) -> None:
    """Every kind of handle where a call takes them all, but wants a right over the capability itself."""
    place(name, u64(0))
    for handle in irange(HELD):
        judge(Status.INSUFFICIENT_RIGHTS, attempt(number, u64(0), handle, other))
    judge(Status.INVALID_HANDLE, attempt(number, u64(0), EMPTY, other))


def transfer(number: CallNumber, handle: u64) -> None:
    """A message that is to take along a capability without TRANSFER, or none."""
    reply = system_call(u64(number.value), OPEN_DOOR, u64(0), u64(0), u64(0), u64(0), handle)
    judge(Status.INVALID_TRANSFER_CAP, reply.x0)


def attack_transfer(name: bytes, number: CallNumber) -> None:
    """Every kind of capability, and none, in a message."""
    place(name, u64(5))
    for handle in irange(HELD):
        transfer(number, handle)
    transfer(number, EMPTY)


def argument(
    what: bytes, expected: Status, number: CallNumber, x0: u64, x1: u64, x2: u64 = u64(0), x3: u64 = u64(0)
) -> None:
    """One call with good handles and one argument that must be refused."""
    print_bytes(what)
    print_bytes(b"\n")
    judge(expected, system_call(u64(number.value), x0, x1, x2, x3, u64(0), NULL_HANDLE).x0)


def attack_capabilities() -> None:
    attack_any(b"cap_copy", CallNumber.CAP_COPY, u64(0))
    attack_any(b"cap_derive", CallNumber.CAP_DERIVE, u64(0))
    attack_any(b"cap_revoke", CallNumber.CAP_REVOKE, u64(0))
    attack_any(b"cap_move", CallNumber.CAP_MOVE, OPEN_SELF)
    attack(b"cap_move", CallNumber.CAP_MOVE, u64(1), CapKind.TASK, OTHERS, OPEN_DOOR)
    widened = u64(Rights.SEND | Rights.REVOKE)
    argument(b"cap_derive with a right more", Status.WIDENED_RIGHTS, CallNumber.CAP_DERIVE, OPEN_DOOR, widened)
    argument(b"cap_derive with another badge", Status.BAD_ARGUMENT, CallNumber.CAP_DERIVE, BADGED, u64(0), u64(7))
    argument(
        b"cap_derive with the signals' badge",
        Status.BAD_ARGUMENT,
        CallNumber.CAP_DERIVE,
        OPEN_DOOR,
        u64(0),
        SIGNAL_BADGE,
    )


def attack_messages() -> None:
    attack(b"send_wait", CallNumber.SEND_WAIT, u64(0), CapKind.ENDPOINT, MESSAGES)
    attack(b"call", CallNumber.CALL, u64(0), CapKind.ENDPOINT, MESSAGES)
    attack(b"reply", CallNumber.REPLY, u64(0), CapKind.REPLY, MESSAGES)
    attack(b"reply_wait", CallNumber.REPLY_WAIT, u64(0), CapKind.REPLY, MESSAGES)
    attack(b"cancel", CallNumber.CANCEL, u64(0), CapKind.ENDPOINT, MESSAGES)
    attack(b"notify", CallNumber.NOTIFY, u64(0), CapKind.NOTIFICATION, MESSAGES)
    attack(b"poll", CallNumber.POLL, u64(0), CapKind.NOTIFICATION, MESSAGES)
    attack(b"bind", CallNumber.BIND, u64(0), CapKind.ENDPOINT, MESSAGES)
    attack(b"bind", CallNumber.BIND, u64(1), CapKind.NOTIFICATION, MESSAGES, OPEN_DOOR)
    attack_transfer(b"send_wait", CallNumber.SEND_WAIT)
    attack_transfer(b"call", CallNumber.CALL)
    place(b"wait", u64(0))
    for handle in irange(HELD):
        may_wait = kind_at(handle) == u64(CapKind.ENDPOINT.value) or kind_at(handle) == u64(CapKind.NOTIFICATION.value)
        expected = Status.MISSING_RIGHT if may_wait else Status.WRONG_OBJECT_KIND
        judge(expected, attempt(CallNumber.WAIT, u64(0), handle, u64(0)))


def attack_objects() -> None:
    attack(b"create", CallNumber.CREATE, u64(0), CapKind.QUOTA, OTHERS)
    attack(b"quota_move", CallNumber.QUOTA_MOVE, u64(0), CapKind.QUOTA, OTHERS)
    attack(b"quota_move", CallNumber.QUOTA_MOVE, u64(1), CapKind.QUOTA, OTHERS, OPEN_QUOTA)
    task = u64(CapKind.TASK.value)
    endpoint = u64(CapKind.ENDPOINT.value)
    memory = u64(CapKind.MEMORY.value)
    argument(b"create of no kind", Status.BAD_ARGUMENT, CallNumber.CREATE, OPEN_QUOTA, NO_KIND)
    argument(b"create of a console", Status.BAD_ARGUMENT, CallNumber.CREATE, OPEN_QUOTA, u64(1))
    argument(b"create of no page", Status.BAD_ARGUMENT, CallNumber.CREATE, OPEN_QUOTA, memory)
    argument(b"create beyond the quota", Status.QUOTA_EXCEEDED, CallNumber.CREATE, OPEN_QUOTA, task)
    argument(
        b"quota_move of more", Status.QUOTA_EXCEEDED, CallNumber.QUOTA_MOVE, OPEN_QUOTA, OPEN_QUOTA, endpoint, u64(2)
    )
    argument(
        b"quota_move of no kind", Status.BAD_ARGUMENT, CallNumber.QUOTA_MOVE, OPEN_QUOTA, OPEN_QUOTA, NO_KIND, u64(1)
    )


def map_at(what: bytes, expected: Status, address: u64, flags: u64) -> None:
    argument(what, expected, CallNumber.MAP, OPEN_SPACE, OPEN_MEMORY, address, flags)


def attack_memory() -> None:
    attack(b"memory_derive", CallNumber.MEMORY_DERIVE, u64(0), CapKind.MEMORY, OTHERS)
    attack(b"map", CallNumber.MAP, u64(0), CapKind.ADDRESS_SPACE, OTHERS)
    attack(b"map", CallNumber.MAP, u64(1), CapKind.MEMORY, OTHERS, OPEN_SPACE)
    attack(b"unmap", CallNumber.UNMAP, u64(0), CapKind.ADDRESS_SPACE, OTHERS)
    attack(b"protect", CallNumber.PROTECT, u64(0), CapKind.ADDRESS_SPACE, OTHERS)
    free = u64(0x1000_0000)
    map_at(b"map to write and execute", Status.INVALID_FLAGS, free, u64(3))
    map_at(b"map with an unknown flag", Status.INVALID_FLAGS, free, u64(4))
    map_at(b"map at an odd address", Status.MISALIGNED_ADDRESS, free + 8, u64(0))
    map_at(b"map at address 0", Status.OUT_OF_RANGE, u64(0), u64(0))
    map_at(b"map into the kernel", Status.OUT_OF_RANGE, u64(0xFFFF_FFFF_4008_0000), u64(0))
    map_at(b"map over the program", Status.ALREADY_MAPPED, u64(0x0080_0000), u64(0))
    argument(b"unmap of what is not mapped", Status.NOT_MAPPED, CallNumber.UNMAP, OPEN_SPACE, OPEN_MEMORY)
    argument(b"protect of what is not mapped", Status.NOT_MAPPED, CallNumber.PROTECT, OPEN_SPACE, OPEN_MEMORY)
    argument(
        b"memory_derive past the end",
        Status.OUT_OF_RANGE,
        CallNumber.MEMORY_DERIVE,
        OPEN_MEMORY,
        u64(0),
        u64(1),
        u64(2),
    )


def attack_tasks() -> None:
    attack(b"task_configure", CallNumber.TASK_CONFIGURE, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_configure", CallNumber.TASK_CONFIGURE, u64(1), CapKind.ADDRESS_SPACE, OTHERS, OPEN_SELF)
    attack(b"task_supervise", CallNumber.TASK_SUPERVISE, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_supervise", CallNumber.TASK_SUPERVISE, u64(1), CapKind.ENDPOINT, MESSAGES, OPEN_SELF)
    attack(b"task_priority", CallNumber.TASK_PRIORITY, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_resume", CallNumber.TASK_RESUME, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_suspend", CallNumber.TASK_SUSPEND, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_read", CallNumber.TASK_READ, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_write", CallNumber.TASK_WRITE, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_end", CallNumber.TASK_END, u64(0), CapKind.TASK, OTHERS)
    attack(b"task_state", CallNumber.TASK_STATE, u64(0), CapKind.TASK, OTHERS)
    argument(b"task_priority above its own", Status.INSUFFICIENT_RIGHTS, CallNumber.TASK_PRIORITY, OPEN_SELF, u64(7))
    argument(b"task_priority 16", Status.BAD_ARGUMENT, CallNumber.TASK_PRIORITY, OPEN_SELF, u64(16))
    argument(b"task_read of register 34", Status.BAD_ARGUMENT, CallNumber.TASK_READ, OPEN_SELF, u64(34))
    argument(b"task_read of a task that runs", Status.BAD_STATE, CallNumber.TASK_READ, OPEN_SELF, u64(0))
    argument(b"task_write of a task that runs", Status.BAD_STATE, CallNumber.TASK_WRITE, OPEN_SELF, u64(0))
    argument(b"task_resume of a task that runs", Status.BAD_STATE, CallNumber.TASK_RESUME, OPEN_SELF, u64(0))
    argument(b"task_configure of a task that runs", Status.BAD_STATE, CallNumber.TASK_CONFIGURE, OPEN_SELF, OPEN_SPACE)


def attack_time() -> None:
    attack(b"clock_read", CallNumber.CLOCK_READ, u64(0), CapKind.CLOCK, OTHERS)
    attack(b"clock_arm", CallNumber.CLOCK_ARM, u64(0), CapKind.CLOCK, OTHERS)
    attack(b"clock_arm", CallNumber.CLOCK_ARM, u64(2), CapKind.NOTIFICATION, MESSAGES, OPEN_CLOCK)


def attack_interrupts() -> None:
    attack(b"interrupt_bind", CallNumber.INTERRUPT_BIND, u64(0), CapKind.INTERRUPT, OTHERS)
    attack(
        b"interrupt_bind", CallNumber.INTERRUPT_BIND, u64(1), CapKind.NOTIFICATION, MESSAGES, OPEN_INTERRUPT
    )
    attack(b"interrupt_ack", CallNumber.INTERRUPT_ACK, u64(0), CapKind.INTERRUPT, OTHERS)
    argument(
        b"interrupt_ack without ACK", Status.INSUFFICIENT_RIGHTS, CallNumber.INTERRUPT_ACK, OPEN_INTERRUPT, u64(0)
    )


@export
def main() -> u64:
    attack_capabilities()
    attack_messages()
    attack_objects()
    attack_memory()
    attack_tasks()
    attack_time()
    attack_interrupts()
    print_decimal(TALLY.attempts)
    print_bytes(b" attempts, ")
    print_decimal(TALLY.wrong)
    print_bytes(b" ended wrong\n")
    return TALLY.wrong
