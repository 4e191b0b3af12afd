"""Statuses: what a system call says first when it returns."""

from __future__ import annotations

from enum import Enum


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
    BEING_REVOKED = 0x109
    """The capability, or one that it was derived from, is being revoked, or its holder has ended."""
    STALE_HANDLE = 0x201
    WRONG_OBJECT_KIND = 0x202
    MISSING_RIGHT = 0x203
    QUEUE_FULL = 0x204
    INVALID_TRANSFER_CAP = 0x205
    RECEIVER_TABLE_FULL = 0x206
    PENDING_AFTER_RESUME = 0x207
    ABORTED = 0x208
    """The wait is over without what was waited for: an object, partner or capability is gone, or it was called off."""
    TIMED_OUT = 0x209
    """The wait is over because the deadline has come that was set for it."""
    ALREADY_MAPPED = 0x301
    NOT_MAPPED = 0x302
    MISALIGNED_ADDRESS = 0x303
    OUT_OF_FRAMES = 0x304
    INVALID_FLAGS = 0x305
    BLOCK_MAPPED = 0x306
    OUT_OF_RANGE = 0x307
