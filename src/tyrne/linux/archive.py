"""A folder as the archive in which a program of Linux finds its files: cpio's format "newc", which c/archive.c reads.

The same folder gives the same bytes, whoever packs it and when: entries are sorted, are nobody's, and have no times.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tyrne.host_file import read_file
from tyrne.linux.errors import ExecutableError

ARCHIVE_BYTES: Final = 64 << 20
"""An archive, whoever made it."""
ENTRIES: Final = 1 << 16
MAGIC: Final = b"070701"
_MAGICS: Final = (MAGIC, b"070702")
HEAD_BYTES: Final = 110
HEAD: Final = re.compile(
    rb"07070[12].{8}([0-9A-Fa-f]{8}).{32}([0-9A-Fa-f]{8}).{32}([0-9A-Fa-f]{8}).{8}", re.DOTALL
)
"""Mode, and the sizes of content and name."""
TRAILER: Final = b"TRAILER!!!"


def read_archive(path: Path) -> bytes:
    """The archive of a folder, or in a file; ExecutableError says why there is none, OSError what cannot be read."""
    if path.is_dir():
        return pack(path)
    content = read_file(path, ARCHIVE_BYTES)
    if len(content) > ARCHIVE_BYTES:
        raise ExecutableError(f"larger than {ARCHIVE_BYTES} bytes, the limit for files", "leave some out")
    if not content.startswith(_MAGICS):
        raise ExecutableError("neither a folder nor an archive", "name a folder, or make one with: cpio -o -H newc")
    return content


def pack(folder: Path) -> bytes:
    """The archive of a folder. Links are kept as links: what they lead to is not read."""
    packed = bytearray()
    for number, (name, status) in enumerate(_entries(folder), 1):
        path = folder / os.fsdecode(name)
        if number > ENTRIES:
            raise ExecutableError(f"more than {ENTRIES} files", "leave some out")
        if stat.S_ISREG(status.st_mode):
            content = _content(path)
        elif stat.S_ISLNK(status.st_mode):
            content = os.fsencode(os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            content = b""
        else:
            raise ExecutableError(f"{path}: neither a file, a folder nor a link", "leave it out")
        packed += entry(name, status.st_mode, content, number)
        if len(packed) > ARCHIVE_BYTES:
            raise ExecutableError(f"larger than {ARCHIVE_BYTES} bytes, the limit for files", "leave some out")
    return bytes(packed + entry(TRAILER, 0, b"", 0))


def entry(name: bytes, mode: int, content: bytes, number: int) -> bytes:
    """One entry of an archive, padded to words of four bytes."""
    fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
    head = MAGIC + b"".join(b"%08X" % field for field in fields) + name + b"\0"
    return _padded(head) + _padded(content)


def count_files(archive: bytes) -> tuple[int, int]:
    """How many files an archive has, and how many bytes they have, up to its end, or to where it is damaged."""
    at = files = size = 0
    while head := HEAD.match(archive, at):
        mode, length, name = (int(field, 16) for field in head.groups())
        content = at + up_to_word(HEAD_BYTES + name)
        if archive.startswith(TRAILER + b"\0", at + HEAD_BYTES) or content + length > len(archive):
            break
        if stat.S_ISREG(mode):
            files, size = files + 1, size + length
        at = content + up_to_word(length)
    return files, size


def _padded(data: bytes) -> bytes:
    return data + bytes(up_to_word(len(data)) - len(data))


def up_to_word(length: int) -> int:
    """The length, or the next larger one that is a multiple of four."""
    return length + -length % 4


def _entries(folder: Path) -> Iterator[tuple[bytes, os.stat_result]]:
    """What lies in a folder, each folder before what is in it, by name."""
    waiting = [b""]
    while waiting:
        above = waiting.pop()
        with os.scandir(os.path.join(os.fsencode(folder), above)) as found:
            names = sorted(each.name for each in found)
        folders = []
        for name in names:
            path = os.path.join(above, name)
            status = os.lstat(os.path.join(os.fsencode(folder), path))
            yield path, status
            if stat.S_ISDIR(status.st_mode):
                folders.append(path)
        waiting += reversed(folders)


def _content(path: Path) -> bytes:
    """The bytes of a file, which is not followed if it has become a link meanwhile."""
    content = read_file(path, ARCHIVE_BYTES, follow=False)
    if len(content) > ARCHIVE_BYTES:
        raise ExecutableError(f"{path}: larger than {ARCHIVE_BYTES} bytes, the limit for files", "leave it out")
    return content
