"""The system call interface as data: numbers, statuses, rights, handle words. Everything else derives from here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final

from tyrne.lang import u16, u32, u64


class CallNumber(Enum):
    """x8 of a system call. 0 is reserved and always invalid."""

    SEND = 1
    RECV = 2
    TASK_YIELD = 3
    TASK_EXIT = 4
    CONSOLE_WRITE = 5
    """Only kernels with a debug console have it."""


@dataclass(frozen=True)
class CallLayout:
    """What a call takes in x0 and the registers after it, and gives in x1 and those after it when its status is Ok."""

    number: CallNumber
    purpose: str
    arguments: tuple[str, ...]
    results: tuple[str, ...]
    authority: str


CALLS: Final = (
    CallLayout(
        CallNumber.SEND,
        "offer a message, and a capability with it, to an endpoint",
        ("endpoint", "label", "word 0", "word 1", "word 2", "capability to transfer, or null"),
        ("0 delivered to a receiver, 1 enqueued",),
        "endpoint with SEND; TRANSFER on what is transferred",
    ),
    CallLayout(
        CallNumber.RECV,
        "take the message of an endpoint, or register as its receiver",
        ("endpoint",),
        ("0 received, 1 pending: then the others are 0", "label", "word 0", "word 1", "word 2", "capability, or null"),
        "endpoint with RECV",
    ),
    CallLayout(CallNumber.TASK_YIELD, "let the other ready tasks run", (), (), "none: the task's own time"),
    CallLayout(CallNumber.TASK_EXIT, "end the task; does not return", ("exit code",), (), "none: the task's own life"),
    CallLayout(
        CallNumber.CONSOLE_WRITE,
        "write bytes to the debug console: all of them, or none and an error; at most 4096",
        ("console", "address of the bytes", "number of bytes"),
        ("number of bytes",),
        "debug console with CONSOLE_WRITE; only in kernels that have one",
    ),
)


def decode_call_number(word: u64, debug_console: bool) -> CallNumber | None:
    """The call that x8 names; None for a number that this kernel does not have."""
    match word:
        case 1:
            return CallNumber.SEND
        case 2:
            return CallNumber.RECV
        case 3:
            return CallNumber.TASK_YIELD
        case 4:
            return CallNumber.TASK_EXIT
        case 5 if debug_console:
            return CallNumber.CONSOLE_WRITE
    return None


class Status(Enum):
    """x0 when a system call returns. Three blocks: the call itself, 0x100 capabilities, 0x200 messages."""

    OK = 0x0
    BAD_SYSCALL_NUMBER = 0x1
    BAD_ARGUMENT = 0x2
    FAULT_ADDRESS = 0x3
    CAPS_EXHAUSTED = 0x101
    INVALID_HANDLE = 0x102
    WIDENED_RIGHTS = 0x103
    INSUFFICIENT_RIGHTS = 0x104
    DERIVATION_TOO_DEEP = 0x105
    HAS_CHILDREN = 0x106
    WRONG_KIND = 0x107
    STALE_HANDLE = 0x201
    WRONG_OBJECT_KIND = 0x202
    MISSING_RIGHT = 0x203
    QUEUE_FULL = 0x204
    INVALID_TRANSFER_CAP = 0x205
    RECEIVER_TABLE_FULL = 0x206
    PENDING_AFTER_RESUME = 0x207


class CapError(Enum):
    """Why an operation on a capability table was refused."""

    CAPS_EXHAUSTED = 1
    INVALID_HANDLE = 2
    WIDENED_RIGHTS = 3
    INSUFFICIENT_RIGHTS = 4
    DERIVATION_TOO_DEEP = 5
    HAS_CHILDREN = 6
    WRONG_KIND = 7


class IpcError(Enum):
    """Why a message operation was refused."""

    STALE_HANDLE = 1
    WRONG_OBJECT_KIND = 2
    MISSING_RIGHT = 3
    QUEUE_FULL = 4
    INVALID_TRANSFER_CAP = 5
    RECEIVER_TABLE_FULL = 6
    PENDING_AFTER_RESUME = 7


def status_of(error: CapError | IpcError) -> u64:
    """The status word of a refusal: its block, then its code."""
    match error:
        case CapError():
            return u64(0x100) | u64(error.value)
        case IpcError():
            return u64(0x200) | u64(error.value)


class SendOutcome(Enum):
    """What became of a message that was accepted: x1 of `send`."""

    DELIVERED = 0
    """A receiver was registered."""
    ENQUEUED = 1


class Rights(IntFlag):
    """What a capability allows. The first four govern the capability itself, the others its object."""

    NONE = 0x00
    DUPLICATE = 0x01
    DERIVE = 0x02
    REVOKE = 0x04
    TRANSFER = 0x08
    SEND = 0x10
    RECV = 0x20
    NOTIFY = 0x40
    CONSOLE_WRITE = 0x80


KNOWN_RIGHTS: Final = u64(0xFF)


def rights_from_word(word: u64) -> Rights:
    """The rights that a word names; bits without a meaning are dropped."""
    return Rights(word & KNOWN_RIGHTS)


def includes(rights: Rights, needed: Rights) -> bool:
    """Whether every right of `needed` is in `rights`; the empty set is in every set."""
    return rights & needed == needed


@dataclass(frozen=True)
class CapHandle:
    """Names a slot of one capability table, as it was filled at one time."""

    index: u16
    generation: u32


NULL_HANDLE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
"""The handle word that means "no capability"; no packed handle equals it."""


def pack_handle(handle: CapHandle) -> u64:
    """The word that names a handle: generation in bits 16 to 47, index in bits 0 to 15."""
    return u64(handle.generation) << 16 | u64(handle.index)


def unpack_handle(word: u64) -> CapHandle:
    """The handle that a word names. Bits 48 to 63 are ignored; only a lookup says whether it is valid."""
    return CapHandle(u16(word & 0xFFFF), u32((word >> 16) & 0xFFFF_FFFF))


def pack_optional_handle(handle: CapHandle | None) -> u64:
    """The word that names a handle; the null handle for None."""
    return NULL_HANDLE if handle is None else pack_handle(handle)


def unpack_optional_handle(word: u64) -> CapHandle | None:
    """The handle that a word names; None for the null handle."""
    return None if word == NULL_HANDLE else unpack_handle(word)
