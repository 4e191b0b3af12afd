"""Rights: what a capability allows, and which of them mean something for a kind of object."""

from __future__ import annotations

from enum import IntFlag
from typing import Final

from tyrne.abi.kinds import CapKind
from tyrne.lang import u64


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
    ARM = 0x8_0000
    ACK = 0x10_0000
    LOCATE = 0x20_0000


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
        case CapKind.CLOCK: return FULL_CONTROL | Rights.READ | Rights.ARM
        case CapKind.INTERRUPT: return FULL_CONTROL | Rights.BIND | Rights.ACK


def rights_at_boot(kind: CapKind) -> Rights:
    """The same, and what only boot can give: to know where memory lies that was put there for a device."""
    return rights_over(kind) | Rights.LOCATE if kind is CapKind.MEMORY else rights_over(kind)


def rights_from_word(word: u64) -> Rights:
    """The rights that a word names; bits without a meaning are dropped."""
    return Rights(word & KNOWN_RIGHTS)


def includes(rights: Rights, needed: Rights) -> bool:
    """Whether every right of `needed` is in `rights`; the empty set is in every set."""
    return rights & needed == needed
