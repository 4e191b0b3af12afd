"""Files of the host that somebody else names, read by one function: it never waits, and never reads without end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class NoFileError(OSError):
    """There is something by that name, and it is no regular file: a folder, a pipe, a device, a socket."""


def read_file(path: Path | str, most: int, follow: bool = True) -> bytes:
    """What a regular file holds, but no more than `most` + 1 bytes: whoever gets more than `most` says that it is too
    large. OSError says in its `strerror` why there is nothing to read; NoFileError for what is no file, which is not
    opened: to open a pipe may wait for ever, and to open a device may do something. A link leads on if `follow`, else
    it is refused."""
    _check(os.stat(path, follow_symlinks=follow), path)
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as file:
        _check(os.fstat(descriptor), path)  # it may have become something else meanwhile
        content: bytes | None = file.read(most + 1)
    if content is None:  # of a file of the system's, in which there is nothing yet
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
    return content


def _check(status: os.stat_result, path: Path | str) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    if stat.S_ISDIR(status.st_mode):
        raise NoFileError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise NoFileError(errno.EINVAL, "Is no file", str(path))
