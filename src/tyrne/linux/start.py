"""What a Linux program starts with, and the words by which its library finds it (c/linux.h, struct linux_start)."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tyrne.abi.handles import NULL_HANDLE
from tyrne.linux.errors import ExecutableError

DEFAULT_HEAP_PAGES: Final = 1024
"""4 MiB."""
HEAP_TABLES: Final = 64
"""Frames for the page tables of a heap, besides its pages."""
HEAP_PIECES: Final = 24
"""Regions that a heap is made of, at most (c/room.c)."""
HEAP_CAPS: Final = 2
"""Capabilities by which it is made."""
STACK_PAGES: Final = 64
"""256 KiB: the start of glibc alone takes more than a page."""
STRINGS: Final = 4096
"""Arguments and variables together."""
STRING_BYTES: Final = 128 << 10
STACK_TOP: Final = 0xF000_0000_0000
"""Where the stack of a program ends. Below it is a guard, and all addresses from there down to the program are for its
heap; above it descriptions may map what they like."""
GUARD: Final = 1 << 20
"""Bytes, at least."""
OUT: Final = 0xFFFF_0000_0000
"""Where a program has the memory in which its library leaves what it changed: above whatever it is linked for."""
OUT_BYTES: Final = 2 << 20
"""At least of that; and at most:"""
MOST_OUT_BYTES: Final = 64 << 20
KEEPER, FIRST = "keeper", "first"
"""What a program with threads holds: an endpoint, and one notification for each."""
THREAD_STACK: Final = 16 << 10
"""Of the library, for each of several threads."""
WORDS: Final = struct.Struct("<30Q")


@dataclass(frozen=True)
class HeapRoom:
    """How a program makes its memory: the words of the capabilities over its quota and its address space, and how many
    regions it may make. Without any it has none."""

    quota: int = int(NULL_HANDLE)
    space: int = int(NULL_HANDLE)
    pieces: int = 0
    pages: int = 0
    """Of memory, for a keeper, who makes it for a program with threads."""


NO_ROOM: Final = HeapRoom()


@dataclass(frozen=True)
class Start:
    """What a program is given. `handles` are the words of its capabilities by their names."""

    name: str
    """The first argument, and the path by which it was started."""
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    heap_pages: int = DEFAULT_HEAP_PAGES
    stack_pages: int = STACK_PAGES
    handles: tuple[tuple[str, int], ...] = ()
    archive: bytes = b""
    """Of the files that it finds, as archive.py packs them."""
    input: bytes = b""
    """What it reads from standard input."""
    out_pages: int = 0
    """Of the memory at OUT; 0 if it has none."""
    threads: int = 1
    """How many it may have at once. With more than one it holds a capability named KEEPER, and so many in a row, of
    which the first is named FIRST."""
    room: HeapRoom = NO_ROOM


@dataclass(frozen=True)
class Addresses:
    """Where the parts of a program lie."""

    entry: int
    headers: int
    header_count: int
    heap: int
    heap_end: int
    strings: int
    archive: int
    input: int
    stacks: int
    """Of the library, for each of several threads; 0 if there is one."""


def out_pages(heap_pages: int | None) -> int:
    """The pages at OUT of a program with such a heap, in which all that it writes to its files lies: as many, in whole
    blocks."""
    wanted = DEFAULT_HEAP_PAGES if heap_pages is None else heap_pages
    least, most = OUT_BYTES // 4096, MOST_OUT_BYTES // 4096
    return min(max(least, wanted + -wanted % least), most)


def string_bytes(start: Start) -> bytes:
    """The strings of a start, one behind the other; ExecutableError if they are too many, or have a zero inside."""
    variables = [f"{name}={value}" for name, value in start.environment]
    texts = [start.name, *start.arguments, *variables, start.name]
    strings = [os.fsencode(text) for text in texts]
    if len(strings) > STRINGS or sum(map(len, strings)) > STRING_BYTES:
        limit = f"{STRINGS} strings and {STRING_BYTES} bytes"
        raise ExecutableError("too many arguments and variables", f"give it at most {limit} of them")
    if any(b"\0" in string for string in strings):
        raise ExecutableError("an argument or variable with a zero byte", "leave it out")
    return b"\0".join(strings) + b"\0"


def start_words(start: Start, at: Addresses, program: bytes) -> bytes:
    """The words of a start. The seed follows from the program and what it is given: the same on every machine."""
    handles = dict(start.handles)
    seed = hashlib.sha256(hashlib.sha256(program).digest() + string_bytes(start)).digest()
    return WORDS.pack(*_words(start, at, handles), *struct.unpack("<4Q", seed))


def _words(start: Start, at: Addresses, handles: dict[str, int]) -> Sequence[int]:
    null = int(NULL_HANDLE)
    return (
        at.entry,
        at.heap,
        at.heap_end,
        at.headers,
        at.header_count,
        start.stack_pages * 4096,
        handles.get("console", null),
        handles.get("clock", null),
        handles.get("quiet", null),
        1 + len(start.arguments),
        len(start.environment),
        at.strings,
        at.archive,
        len(start.archive),
        at.input,
        len(start.input),
        OUT if start.out_pages else 0,
        start.out_pages * 4096,
        start.threads,
        handles[KEEPER] if start.threads > 1 else null,
        handles[FIRST] if start.threads > 1 else null,
        at.stacks,
        start.heap_pages,
        start.room.pieces,
        start.room.quota,
        start.room.space,
    )
