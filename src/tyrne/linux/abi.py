"""For which system an ELF was built. Its notes say so, or who names it: nobody guesses.

A note of Tyrne's decides; then those that say Linux: the ABI tag of glibc, Android's, and the mark of the GNU tools in
the header (EI_OSABI), which they set for what only Linux has. Many files have none: musl's do not say.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import Enum
from typing import Final

from tyrne.linux.executable import PT_LOAD, PT_NOTE, WORD, Segment, program_headers


class Abi(Enum):
    """A system that programs are built for."""

    TYRNE = "tyrne"
    LINUX = "linux"


_NOTE: Final = struct.Struct("<III")
_TYRNE: Final = b"Tyrne\0"
_GNU, _GNU_ABI_TAG, _GNU_LINUX = b"GNU\0", 1, 0
_ANDROID, _ANDROID_ABI = b"Android\0", 1
_OSABI_AT, _OSABI_LINUX = 7, 3
_EXIT_GROUP: Final = (b"\xc8\x0b\x80\x52", b"\xc8\x0b\x80\xd2")
"""`mov w8, #94` and `mov x8, #94`: the number of a call that Linux has, and Tyrne has not."""


def stated_abi(data: bytes) -> Abi | None:
    """What an ELF says of itself; None where it says nothing, or is damaged."""
    found = None
    for owner, kind, words in _notes(data):
        if owner == _TYRNE:
            return Abi.TYRNE
        gnu = (owner, kind) == (_GNU, _GNU_ABI_TAG) and words[:4] == _GNU_LINUX.to_bytes(4, "little")
        if gnu or (owner, kind) == (_ANDROID, _ANDROID_ABI):
            found = Abi.LINUX
    if found is None and data[_OSABI_AT : _OSABI_AT + 1] == bytes([_OSABI_LINUX]):
        return Abi.LINUX
    return found


def is_for_linux(data: bytes, said: str | None) -> bool:
    """Whether an ELF runs as a program of Linux, if who runs it says what it is, or nothing."""
    return (stated_abi(data) or said) in (Abi.LINUX, Abi.LINUX.value)


def looks_like_linux(data: bytes) -> bool:
    """Whether the code of an ELF calls what only Linux has: a hint for who has not said what it is."""
    left = len(data)
    for header in program_headers(data):
        if header.type == PT_LOAD and header.executable and header.size <= left:
            left -= header.size
            code = data[header.offset : header.offset + header.size]
            for word in _EXIT_GROUP:
                at = code.find(word)
                while at >= 0 and (header.address + at) % WORD:
                    at = code.find(word, at + 1)
                if at >= 0:
                    return True
    return False


def _notes(data: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Owner, type and content of each note, as far as they fit into the file beside each other."""
    left = len(data)
    for header in program_headers(data):
        if header.type == PT_NOTE and header.size <= left:
            left -= header.size
            yield from _in_segment(data, header)


def _in_segment(data: bytes, header: Segment) -> Iterator[tuple[bytes, int, bytes]]:
    content = data[header.offset : header.offset + header.size]
    at = 0
    while at + _NOTE.size <= len(content):
        name_size, size, kind = _NOTE.unpack_from(content, at)
        name = at + _NOTE.size
        start = name + (name_size + 3) // 4 * 4
        at = start + (size + 3) // 4 * 4
        if start + size > len(content):
            return
        yield content[name : name + name_size], kind, content[start : start + size]
