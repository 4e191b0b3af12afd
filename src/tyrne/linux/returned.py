"""What a program has left of its files when the run is over: the archive that c/out.c makes of what it has changed.

It lies in memory that the program writes as it likes, so it may be anything. What is read lies within it, takes time
that grows with its size only, and names files below one folder, or is refused.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.linux.archive import ENTRIES, HEAD, HEAD_BYTES, TRAILER, up_to_word

DEEPEST: Final = 64
"""Names of one path."""
NAME_BYTES: Final = 255
PATH_BYTES: Final = 4095
"""As Linux has it. Of a longer one nothing is kept but its beginning; of those in c/tree.h their directory is named."""
SHOWN: Final = 64
"""Bytes of that."""
_REMOVED: Final = stat.S_IFCHR
"""The mode that says so: a character device without permissions, as file systems of layers have it."""
_HAS_LONG: Final = stat.S_IFCHR | 1
"""The mode of a directory with something whose path is too long."""
_WORDS: Final = struct.Struct("<2Q")


@dataclass(frozen=True)
class Entry:
    """A file, a folder, or what was removed: its `names` from the folder of all on, none of which leads up. Or
    `refused` says why not."""

    name: str
    is_folder: bool
    executable: bool
    content: bytes
    refused: str = ""
    is_removed: bool = False
    """Whether it is the name of what the program was given and has removed, and nothing else."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.name.split("/"))


@dataclass(frozen=True)
class Returned:
    """What was left. `left_out` nodes of the program's tree did not fit. `damaged`: the entries are those before what
    is no archive. `more` stand behind the first ENTRIES, and are none of them."""

    entries: tuple[Entry, ...]
    left_out: int
    damaged: bool
    more: int = 0


def read_returned(memory: bytes) -> Returned | None:
    """What lies in the memory; None where its program has left nothing, not even an empty archive."""
    length, left_out = _WORDS.unpack_from(memory)
    if not length:
        return None
    archive = memory[_WORDS.size : _WORDS.size + length]
    entries: list[Entry] = []
    more = 0
    for found in _entries(archive):
        if found is None:
            return Returned(tuple(entries), left_out, False, more)
        if len(entries) < ENTRIES:
            entries.append(_entry(*found))
        else:
            more += 1
    return Returned(tuple(entries), left_out, True, more)


def _entries(archive: bytes) -> Iterator[tuple[bytes, int, bytes] | None]:
    """Name, mode and content of each entry, up to where no other begins; None for the trailer, with which a whole
    archive ends."""
    at = 0
    while head := HEAD.match(archive, at):
        mode, length, name_length = (int(field, 16) for field in head.groups())
        name_end = at + HEAD_BYTES + name_length
        content = at + up_to_word(HEAD_BYTES + name_length)
        if name_length == 0 or content + length > len(archive) or archive[name_end - 1] != 0:
            return
        name = archive[at + HEAD_BYTES : name_end - 1]
        if name == TRAILER:
            yield None
            return
        yield name, mode, archive[content : content + length]
        at = up_to_word(content + length)


def _entry(name: bytes, mode: int, content: bytes) -> Entry:
    if len(name) > PATH_BYTES or mode == _HAS_LONG:
        text = name[:SHOWN].decode(errors="backslashreplace") + "…"
        return Entry(text, False, False, b"", f"a path of more than {PATH_BYTES} bytes")
    text = name.decode(errors="backslashreplace")
    is_folder = stat.S_ISDIR(mode)
    refused = _why_not(name, text, mode)
    return Entry(text, is_folder, bool(mode & 0o100), content, refused, mode == _REMOVED)


def _why_not(name: bytes, text: str, mode: int) -> str:
    """Why an entry is refused; "" for one that is not."""
    names = text.split("/")
    if stat.S_ISLNK(mode):
        return "a link"
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and mode != _REMOVED:
        return "neither a file nor a folder"
    if name.startswith(b"/") or ".." in names:
        return "it leads out of the folder"
    if "" in names or "." in names:
        return "its path is none"
    if not text.isprintable() or text.encode(errors="replace") != name:
        return "its name is not printable UTF-8"
    if len(names) > DEEPEST:
        return f"more than {DEEPEST} deep"
    if any(len(each.encode()) > NAME_BYTES for each in names):
        return f"a name of more than {NAME_BYTES} bytes"
    return ""
