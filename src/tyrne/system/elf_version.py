"""With which version of the interface an ELF was built, by its notes, and whether this kernel runs it.

Each object that knows the interface has a note of its own (tyrne.h), so a program may have several: it needs the newest
version of them, and all their kinds and rights. Without one it is of version 1.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.abi import KNOWN_KINDS, KNOWN_RIGHTS, VERSION
from tyrne.abi.version import NOTE_INTERFACE, NOTE_OWNER, UNSTATED
from tyrne.system.errors import RequestError

NOTE_START_PAGE: Final = 3
"""The type of the ELF note without content: the program reads its start page (tyrne.system.start_page)."""
_NOTE: Final = struct.Struct("<III")
_INTERFACE: Final = struct.Struct("<IIQ")
_OWNER: Final = NOTE_OWNER + b"\0"


@dataclass(frozen=True)
class Interface:
    """A version of the interface, and a bit for each of its kinds and rights."""

    version: int = UNSTATED
    kinds: int = 0
    rights: int = 0


def interface_of(path: Path, notes: Iterable[bytes]) -> Interface:
    """What a program needs of the interface; `notes` are the contents of its note segments."""
    found = Interface()
    for content in notes:
        for kind, words in _of_tyrne(content):
            if kind == NOTE_INTERFACE:
                if len(words) < _INTERFACE.size:
                    raise RequestError(f"{path}: its note of the interface's version is damaged; link it again")
                version, kinds, rights = _INTERFACE.unpack_from(words)
                found = Interface(max(found.version, version), found.kinds | kinds, found.rights | rights)
    return found


def asks_for_page(notes: Iterable[bytes]) -> bool:
    """Whether a program asks for a start page."""
    return any(kind == NOTE_START_PAGE for content in notes for kind, _ in _of_tyrne(content))


def check_interface(path: Path, needed: Interface) -> None:
    """RequestError for a program that needs what this kernel does not have."""
    ours = f"and this tyrne has version {VERSION}; run it with a newer tyrne, or build it anew with this one"
    if needed.version > VERSION:
        raise RequestError(f"{path}: built for version {needed.version} of the interface, {ours}")
    for what, bits in (("right", needed.rights & ~int(KNOWN_RIGHTS)), ("kind", needed.kinds & ~KNOWN_KINDS)):
        if bits:
            lowest = bits & -bits
            name = f"{lowest:#x}" if what == "right" else f"{lowest.bit_length() - 1}"
            raise RequestError(
                f"{path}: built for an interface with the {what} {name}, which this kernel lacks; "
                "run it with the tyrne that it was built with, or build it anew with this one"
            )


def _of_tyrne(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and content of each note of ours, up to where they are damaged."""
    at = 0
    while at + _NOTE.size <= len(content):
        name_size, size, kind = _NOTE.unpack_from(content, at)
        name = at + _NOTE.size
        start = name + (name_size + 3) // 4 * 4
        at = start + (size + 3) // 4 * 4
        if start + size > len(content):
            return
        if content[name : name + name_size] == _OWNER:
            yield kind, content[start : start + size]
