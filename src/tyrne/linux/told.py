"""What the library of a Linux program tells who watches: which call it refused, of which path, and how (c/dispatch.c).

It tells that by a call of Tyrne that no kernel has, so every machine records it, and it gives nothing to who makes it.
Any task may make such calls: what they say is what the program says.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from tyrne.linux.calls import CALLS, MOST_TOLD, TOLD, TOLD_OTHER
from tyrne.linux.numbers import NAMES

ERRORS: Final = {
    1: "EPERM", 2: "ENOENT", 3: "ESRCH", 4: "EINTR", 5: "EIO", 9: "EBADF", 10: "ECHILD", 11: "EAGAIN", 12: "ENOMEM",
    13: "EACCES", 14: "EFAULT", 16: "EBUSY", 17: "EEXIST", 19: "ENODEV", 20: "ENOTDIR", 21: "EISDIR", 22: "EINVAL",
    23: "ENFILE", 24: "EMFILE", 25: "ENOTTY", 27: "EFBIG", 28: "ENOSPC", 29: "ESPIPE", 30: "EROFS", 32: "EPIPE",
    34: "ERANGE", 36: "ENAMETOOLONG", 38: "ENOSYS", 39: "ENOTEMPTY", 40: "ELOOP", 88: "ENOTSOCK", 97: "EAFNOSUPPORT",
    110: "ETIMEDOUT",
}  # fmt: skip
"""Those that the library answers (c/linux.h)."""
_ANSWERED: Final = frozenset(call.name for call in CALLS)
WANTS: Final = {
    ("brk", "ENOMEM"): "its heap is used up; heap_pages of its [[task]] makes it larger",
    ("clone", "EAGAIN"): "it wants more threads; threads of its [[task]] says how many it may have",
}
"""Refusals by which a program wants more than it was given, and what to do about that."""


def is_told(number: int) -> bool:
    """Whether a call of Tyrne with this number tells of one of Linux."""
    return TOLD <= number <= TOLD | TOLD_OTHER


def linux_name(number: int) -> str:
    """The name of the call that is told of."""
    return NAMES.get(number - TOLD, "unknown call")


def error_name(arguments: Sequence[int]) -> str | None:
    """How the call was refused; None where more of its path is to come."""
    return ERRORS.get(arguments[0], f"error {arguments[0]}") if arguments[0] else None


def piece(arguments: Sequence[int]) -> bytes:
    """The part of its path that is told; a path ends at the first zero."""
    return struct.pack("<5Q", *arguments[1:6]).partition(b"\0")[0]


def is_cut(path: bytes) -> bool:
    """Whether a path may go on behind what was told of it."""
    return len(path) >= MOST_TOLD


def remark(name: str, error: str) -> str | None:
    """What who runs a program is told of a refusal without being asked: that the library lacks something, or that
    the program wants more than it was given."""
    if error == "ENOSYS" and (name not in _ANSWERED or name == "clone"):
        return f"{name} is not supported; docs/linux.md has the calls that are"
    return WANTS.get((name, error))
