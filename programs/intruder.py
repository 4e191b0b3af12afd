"""Attacks the system call boundary: every attempt is one line, with the status that must come and the one that came.

Runs as the task of systems/intruder.toml, which says what the handles below name. The exit code is the number of
attempts that did not end as they must.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u8, u64
from tyrne.user import (
    NULL_HANDLE,
    CallNumber,
    Reply,
    Status,
    image_end,
    image_start,
    print_byte,
    print_bytes,
    print_hex,
    stack_start,
    system_call,
)

CONSOLE: Final = u64(0)
DOOR: Final = u64(1)
"""An endpoint, with the rights to send, to receive and to be transferred."""
DOOR_MUTE: Final = u64(2)
"""The same endpoint without any right."""
DOOR_SEND: Final = u64(3)
DOOR_RECV: Final = u64(4)
TOKEN: Final = u64(5)
"""Another endpoint, to be transferred."""

GENERATION_1: Final = u64(1 << 16)
KERNEL: Final = u64(0xFFFF_FFFF_4008_0000)
"""The first page of the kernel's code."""
PAGE: Final = u64(4096)
LABEL: Final = u64(0xC0FFEE)
HIGHEST: Final = u64(0xFFFF_FFFF_FFFF_FFFF)


class Tally:
    """The number of attempts that did not end as they must."""

    def __init__(self) -> None:
        self.wrong: u64 = u64(0)


TALLY: Final = Tally()


def send(handle: u64, transfer: u64) -> Reply:
    return system_call(u64(CallNumber.SEND.value), handle, LABEL, u64(1), u64(2), u64(3), transfer)


def recv(handle: u64) -> Reply:
    return system_call(u64(CallNumber.RECV.value), handle, u64(0), u64(0), u64(0), u64(0), u64(0))


def write(handle: u64, address: u64, length: u64) -> Reply:
    return system_call(u64(CallNumber.CONSOLE_WRITE.value), handle, address, length, u64(0), u64(0), u64(0))


def has_payload(reply: Reply) -> bool:
    return (reply.x1 | reply.x2 | reply.x3 | reply.x4 | reply.x5 | reply.x6 | reply.x7) != 0


def report(call: bytes, attempt: bytes, expected: Status, reply: Reply) -> None:
    """The line of one attempt. A refusal carries no payload."""
    right = reply.x0 == u64(expected.value) and (reply.x0 == 0 or not has_payload(reply))
    print_line(call, attempt, expected, reply, right)


def report_received(attempt: bytes, reply: Reply) -> None:
    """The line of a recv that must bring the message of `send`, whole."""
    whole = reply.x1 == 0 and reply.x2 == LABEL and reply.x3 == 1 and reply.x4 == 2 and reply.x5 == 3
    print_line(b"recv of ", attempt, Status.OK, reply, reply.x0 == 0 and whole)


def print_line(call: bytes, attempt: bytes, expected: Status, reply: Reply, right: bool) -> None:
    print_bytes(call)
    print_bytes(attempt)
    print_bytes(b": expected ")
    print_hex(u64(expected.value))
    print_bytes(b", got ")
    print_hex(reply.x0)
    if not right:
        print_bytes(b", WRONG")
        TALLY.wrong += 1
    print_byte(u8(0x0A))


def bad_number(attempt: bytes, number: u64) -> None:
    """A number that names no call, with arguments that would be good for every call."""
    reply = system_call(number, CONSOLE, image_start(), u64(0), u64(0), u64(0), NULL_HANDLE)
    report(b"call number ", attempt, Status.BAD_SYSCALL_NUMBER, reply)


def no_capability(attempt: bytes, handle: u64) -> None:
    """A handle that names no capability, in every place where a call takes a handle."""
    report(b"send to ", attempt, Status.STALE_HANDLE, send(handle, NULL_HANDLE))
    report(b"recv from ", attempt, Status.STALE_HANDLE, recv(handle))
    report(b"console_write to ", attempt, Status.INVALID_HANDLE, write(handle, image_start(), u64(0)))
    if handle != NULL_HANDLE:
        report(b"transfer of ", attempt, Status.INVALID_TRANSFER_CAP, send(DOOR, handle))


def bad_buffer(attempt: bytes, address: u64, length: u64) -> None:
    """A buffer that is not wholly in the memory of this program."""
    report(b"console_write of ", attempt, Status.FAULT_ADDRESS, write(CONSOLE, address, length))


def attack_numbers() -> None:
    bad_number(b"0", u64(0))
    bad_number(b"40", u64(40))
    bad_number(b"99", u64(99))
    bad_number(b"2^32 + 3, yield to a careless decoder", u64(0x1_0000_0003))
    bad_number(b"2^63 + 4, exit to a careless decoder", u64(0x8000_0000_0000_0004))
    bad_number(b"2^64 - 1", HIGHEST)


def attack_handles() -> None:
    no_capability(b"the null handle", NULL_HANDLE)
    no_capability(b"an empty slot", u64(63))
    no_capability(b"a slot past the table", u64(64))
    no_capability(b"slot 65535", u64(0xFFFF))
    no_capability(b"a forged generation", GENERATION_1 | DOOR)
    no_capability(b"the last generation", u64(0xFFFF_FFFF_0000) | DOOR)


def attack_kinds_and_rights() -> None:
    report(b"send to ", b"the console", Status.WRONG_OBJECT_KIND, send(CONSOLE, NULL_HANDLE))
    report(b"recv from ", b"the console", Status.WRONG_OBJECT_KIND, recv(CONSOLE))
    report(b"console_write to ", b"an endpoint", Status.WRONG_KIND, write(DOOR, image_start(), u64(0)))
    report(b"send to ", b"an endpoint without any right", Status.MISSING_RIGHT, send(DOOR_MUTE, NULL_HANDLE))
    report(b"send to ", b"an endpoint with RECV only", Status.MISSING_RIGHT, send(DOOR_RECV, NULL_HANDLE))
    report(b"recv from ", b"an endpoint without any right", Status.MISSING_RIGHT, recv(DOOR_MUTE))
    report(b"recv from ", b"an endpoint with SEND only", Status.MISSING_RIGHT, recv(DOOR_SEND))
    report(b"transfer of ", b"a capability without TRANSFER", Status.INVALID_TRANSFER_CAP, send(DOOR, DOOR_SEND))
    report(b"transfer of ", b"the console without TRANSFER", Status.INVALID_TRANSFER_CAP, send(DOOR, CONSOLE))


def attack_queue() -> None:
    """Nothing above left a message or a waiter behind; an endpoint holds one message."""
    report(b"send to ", b"an idle endpoint", Status.OK, send(DOOR_SEND, NULL_HANDLE))
    report(b"send to ", b"an endpoint with a message", Status.QUEUE_FULL, send(DOOR, NULL_HANDLE))
    report(b"transfer to ", b"an endpoint with a message", Status.QUEUE_FULL, send(DOOR, TOKEN))
    report_received(b"the message", recv(DOOR_RECV))
    report(b"recv from ", b"an idle endpoint", Status.OK, recv(DOOR))
    report(b"recv from ", b"an endpoint with a waiter", Status.OK, recv(DOOR))
    report(b"send to ", b"an endpoint with a waiter", Status.OK, send(DOOR, NULL_HANDLE))
    report_received(b"the delivered message", recv(DOOR))


def attack_stale() -> None:
    """A capability that left in a message cannot be used, until it comes back under a new handle."""
    report(b"transfer of ", b"the token", Status.OK, send(DOOR, TOKEN))
    report(b"send to ", b"the token, which left", Status.STALE_HANDLE, send(TOKEN, NULL_HANDLE))
    report(b"recv from ", b"the token, which left", Status.STALE_HANDLE, recv(TOKEN))
    received = recv(DOOR)
    report_received(b"the token", received)
    no_capability(b"the token's old handle", TOKEN)
    report(b"send to ", b"the token's new handle", Status.OK, send(received.x6, NULL_HANDLE))
    bits_above = u64(0xFFFF_0000_0000_0000)
    report(
        b"send to ", b"it again, with bits 48 to 63 set", Status.QUEUE_FULL, send(received.x6 | bits_above, NULL_HANDLE)
    )


def attack_buffers() -> None:
    guard = image_end()
    stack = stack_start()
    bad_buffer(b"the null pointer", u64(0), u64(1))
    bad_buffer(b"the byte below the program", image_start() - 1, u64(1))
    bad_buffer(b"the page above its data", guard, u64(1))
    bad_buffer(b"its data and the guard above", guard - 1, u64(2))
    bad_buffer(b"the guard and its stack", stack - 1, u64(2))
    bad_buffer(b"the byte above its stack", stack + PAGE, u64(1))
    bad_buffer(b"its stack and the byte above", stack + PAGE - 1, u64(2))
    bad_buffer(b"the kernel", KERNEL, u64(16))
    bad_buffer(b"the kernel at its physical address", KERNEL & 0xFFFF_FFFF, u64(16))
    bad_buffer(b"an address of 49 bits", u64(1 << 48) | image_start(), u64(1))
    bad_buffer(b"the highest byte", HIGHEST, u64(1))
    bad_buffer(b"a range that wraps to 0", HIGHEST, u64(2))
    bad_buffer(b"a range that wraps into the program", image_start() + 16, HIGHEST - 8)
    bad_buffer(b"2^32 bytes", image_start(), u64(1 << 32))
    bad_buffer(b"2^63 bytes", image_start(), u64(1 << 63))
    bad_buffer(b"2^64 - 1 bytes", image_start(), HIGHEST)
    long = write(CONSOLE, guard - 1, PAGE + 2)
    report(b"console_write of ", b"4098 bytes, from its data to its stack", Status.BAD_ARGUMENT, long)
    report(b"console_write of ", b"no byte at an odd address", Status.OK, write(CONSOLE, image_start() + 1, u64(0)))
    report(b"console_write of ", b"no byte of the kernel", Status.OK, write(CONSOLE, KERNEL, u64(0)))
    no_right = write(DOOR_MUTE, KERNEL, u64(16))
    report(b"console_write of ", b"the kernel to an endpoint", Status.WRONG_KIND, no_right)


@export
def main() -> u64:
    attack_numbers()
    attack_handles()
    attack_kinds_and_rights()
    attack_queue()
    attack_stale()
    attack_buffers()
    print_bytes(b"attempts that ended wrong: ")
    print_hex(TALLY.wrong)
    print_bytes(b"\n")
    return TALLY.wrong
