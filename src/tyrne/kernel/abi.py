"""The vocabulary of the system call interface: statuses, rights, kinds, handle words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final

from tyrne.lang import u16, u32, u64


class Status(Enum):
    """x0 when a system call returns. Four blocks: the call itself, 0x100 capabilities, 0x200 messages, 0x300 memory."""

    OK = 0x0
    BAD_SYSCALL_NUMBER = 0x1
    BAD_ARGUMENT = 0x2
    FAULT_ADDRESS = 0x3
    BAD_STATE = 0x4
    """The object is in a state in which this cannot be done."""
    CAPS_EXHAUSTED = 0x101
    INVALID_HANDLE = 0x102
    WIDENED_RIGHTS = 0x103
    INSUFFICIENT_RIGHTS = 0x104
    DERIVATION_TOO_DEEP = 0x105
    HAS_CHILDREN = 0x106
    WRONG_KIND = 0x107
    QUOTA_EXCEEDED = 0x108
    STALE_HANDLE = 0x201
    WRONG_OBJECT_KIND = 0x202
    MISSING_RIGHT = 0x203
    QUEUE_FULL = 0x204
    INVALID_TRANSFER_CAP = 0x205
    RECEIVER_TABLE_FULL = 0x206
    PENDING_AFTER_RESUME = 0x207
    ABORTED = 0x208
    """The wait is over without what was waited for: an object, partner or capability is gone, or it was called off."""
    ALREADY_MAPPED = 0x301
    NOT_MAPPED = 0x302
    MISALIGNED_ADDRESS = 0x303
    OUT_OF_FRAMES = 0x304
    INVALID_FLAGS = 0x305
    BLOCK_MAPPED = 0x306
    OUT_OF_RANGE = 0x307


class SendOutcome(Enum):
    """What became of a message that was accepted: x1 of `send`."""

    DELIVERED = 0
    """A receiver was registered, or waited."""
    ENQUEUED = 1


class CapKind(Enum):
    """The kinds of object that a capability can name; also what `create` makes, and what a quota counts."""

    DEBUG_CONSOLE = 1
    ENDPOINT = 2
    NOTIFICATION = 3
    TASK = 4
    ADDRESS_SPACE = 5
    MEMORY = 6
    QUOTA = 7
    REPLY = 8


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
    WAIT = 0x100
    READ = 0x200
    WRITE = 0x400
    EXECUTE = 0x800
    MAP = 0x1000
    BIND = 0x2000
    CREATE = 0x4000
    CONFIGURE = 0x8000
    CONTROL = 0x1_0000
    INSPECT = 0x2_0000
    MODIFY = 0x4_0000


KNOWN_RIGHTS: Final = u64(sum(Rights))
FULL_CONTROL: Final = Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER
"""All rights over a capability itself."""


def rights_over(kind: CapKind) -> Rights:
    """The rights that mean something for a kind of object: what its maker gets."""
    match kind:
        case CapKind.DEBUG_CONSOLE: return FULL_CONTROL | Rights.CONSOLE_WRITE
        case CapKind.ENDPOINT: return FULL_CONTROL | Rights.SEND | Rights.RECV
        case CapKind.NOTIFICATION: return FULL_CONTROL | Rights.NOTIFY | Rights.WAIT
        case CapKind.TASK: return FULL_CONTROL | Rights.CONFIGURE | Rights.CONTROL | Rights.INSPECT | Rights.MODIFY
        case CapKind.ADDRESS_SPACE: return FULL_CONTROL | Rights.MAP | Rights.BIND
        case CapKind.MEMORY: return FULL_CONTROL | Rights.READ | Rights.WRITE | Rights.EXECUTE
        case CapKind.QUOTA: return FULL_CONTROL | Rights.CREATE
        case CapKind.REPLY: return Rights.TRANSFER


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
SIGNAL_BADGE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
"""The badge that stands for signals: word 0 of the message is the bits. No capability can have it."""


class Notice(Enum):
    """The label of what the kernel tells a supervisor. The badge is that of the supervisor's endpoint."""

    EXITED = 0
    """Word 0 is the exit code. No answer is awaited."""
    FAULTED = 1
    """Words 0 to 2 are ESR_EL1, FAR_EL1 (0 where the class has none) and ELR_EL1. An answer resumes the task."""


class TaskState(Enum):
    """Where a task is in its life: x1 of `task_state`."""

    INACTIVE = 0
    """Made, perhaps configured; `task_resume` starts it."""
    READY = 1
    """Running, or in the queue to run."""
    SENDING = 2
    RECEIVING = 3
    CALLING = 4
    """Its call, or its fault, awaits an answer."""
    SUSPENDED = 5
    EXITED = 6
    FAULTED = 7


def pack_handle(handle: CapHandle) -> u64:
    """The word that names a handle: generation in bits 16 to 47, index in bits 0 to 15."""
    return u64(handle.generation) << 16 | u64(handle.index)


def unpack_handle(word: u64) -> CapHandle:
    """The handle that a word names. Bits 48 to 63 are ignored; only a lookup says whether it is valid."""
    return CapHandle(u16(word & 0xFFFF), u32((word >> 16) & 0xFFFF_FFFF))
