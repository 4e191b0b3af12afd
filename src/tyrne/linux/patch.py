"""From a Linux executable to a program of four segments: its code and constants, its data, the library OS, and the
library's data. The heap has the addresses behind them.

Each `svc #0` of the code becomes a branch to a trampoline of its own, which calls the library and branches back. What
looks like one and is data by the symbols of the file stays as it is, and is told of. Who jumps into it makes a system
call of Tyrne's with the capabilities of the task, as every program may: the library guards nothing.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tyrne.hal.image import MAX_SEGMENTS
from tyrne.hal.pages import BLOCK_SIZE
from tyrne.linux.errors import ExecutableError
from tyrne.linux.executable import PAGE, PT_LOAD, WORD, Executable, Segment, read_executable
from tyrne.linux.library import Library, moved, read_library
from tyrne.linux.start import GUARD, STACK_TOP, THREAD_STACK, Addresses, Start, start_words, string_bytes

SVC: Final = bytes.fromhex("010000d4")
"""`svc #0`."""
INDEPENDENT_BASE: Final = 0x0040_0000
"""Where a position-independent program is put."""
CALLS: Final = 1 << 16
"""Places that are patched, at most: far more than any program has."""
MEMORY: Final = 80 << 20
"""Bytes that code and constants may take, and likewise data, gaps included."""
_BLOCK: Final = int(BLOCK_SIZE)
_REACH: Final = 1 << 27
"""How far a branch leads."""
SAVE, RESTORE = bytes.fromhex("fd7bb7a9"), bytes.fromhex("fd7bc9a8")
"""`stp x29, x30, [sp, #-144]!` and back: what lies up to 128 bytes below the stack stays there, for Go's `clone`."""
TRAMPOLINE: Final = 16
"""Bytes; `c/handlers.c` looks for them below the library."""
_OWN_SEGMENTS: Final = 2
_ALIGNED: Final = 16
"""Bytes: where the parts of what a program is given begin."""


@dataclass(frozen=True)
class Patched:
    """A program for the loader."""

    elf: bytes
    base: int
    """What was added to the addresses of the file."""
    calls: int
    """Places that were patched."""
    left: tuple[int, ...]
    """Addresses in the file of what looks like a system call and was left as it is."""
    functions: tuple[tuple[int, str], ...]
    """Where those of the library begin, in order."""


@dataclass(frozen=True)
class _Part:
    """Bytes from an address on, then zeros up to `memory` of them."""

    address: int
    flags: int
    content: bytes
    memory: int

    @property
    def end(self) -> int:
        return self.address + self.memory


def patch(data: bytes, start: Start) -> Patched:
    """The program that a Linux executable becomes; ExecutableError says why it cannot."""
    executable = read_executable(data)
    library = read_library()
    base = INDEPENDENT_BASE - executable.segments[0].address // PAGE * PAGE if executable.position_independent else 0
    own = list(_merged(executable, base))
    sites, left = _sites(executable)
    trampolines = _above(own[-1].end)
    code_at = _above(trampolines + TRAMPOLINE * len(sites))
    entry = code_at + library.symbols["linux_entry" if start.threads == 1 else "linux_entry_of_threads"]
    stubs = bytearray()
    for index, site in enumerate(sites):
        here = trampolines + TRAMPOLINE * index
        stubs += SAVE + _branch(here + 4, entry, link=True) + RESTORE + _branch(here + 12, site + base + WORD)
    contents = [bytearray(part.content) for part in own]
    for index, site in enumerate(sites):
        part = next(i for i, each in enumerate(own) if each.address <= site + base < each.end)
        offset = site + base - own[part].address
        contents[part][offset : offset + WORD] = _branch(site + base, trampolines + TRAMPOLINE * index)
    own = [replace(part, content=bytes(content)) for part, content in zip(own, contents, strict=True)]
    parts = [*own, *_library_parts(library, executable, start, base, trampolines, bytes(stubs), code_at)]
    functions = tuple((code_at + at, name) for at, name in library.functions)
    return Patched(_elf(parts, code_at + library.symbols["linux_begin"]), base, len(sites), left, functions)


def _library_parts(
    library: Library, executable: Executable, start: Start, base: int, trampolines: int, stubs: bytes, code_at: int
) -> Iterator[_Part]:
    """The trampolines with the library's code, and its data."""
    code, data = moved(library, code_at)
    yield _Part(trampolines, 5, stubs.ljust(code_at - trampolines, b"\0") + code, code_at - trampolines + len(code))
    data_at = code_at + library.data_at
    places = []
    for content in (string_bytes(start), start.archive, start.input):
        data += bytes(-len(data) % _ALIGNED)
        places.append(data_at + len(data))
        data += content
    strings, archive, given = places
    stacks = _above(data_at + len(data))
    end = stacks + THREAD_STACK * start.threads if start.threads > 1 else data_at + len(data)
    heap = -(-end // _BLOCK) * _BLOCK
    at = Addresses(
        executable.entry + base,
        executable.headers + base if executable.headers else 0,
        executable.header_count,
        heap,
        (STACK_TOP - start.stack_pages * PAGE - GUARD) // _BLOCK * _BLOCK,
        strings,
        archive,
        given,
        stacks if start.threads > 1 else 0,
    )
    words = start_words(start, at, executable.data)
    offset = library.symbols["linux_start"] - library.data_at
    data[offset : offset + len(words)] = words
    yield _Part(data_at, 6, bytes(data), end - data_at)


def _merged(executable: Executable, base: int) -> Iterator[_Part]:
    """The segments with those that follow each other and are written, or not, made one. Constants among code can be
    executed then, which gives a program nothing that it could not do."""
    groups: list[list[Segment]] = []
    for segment in executable.segments:
        if groups and groups[-1][0].writable == segment.writable:
            groups[-1].append(segment)
        else:
            groups.append([segment])
    if len(groups) > MAX_SEGMENTS - _OWN_SEGMENTS:
        what = f"code and data change places {len(groups) - 1} times in its addresses"
        raise ExecutableError(what, "link it with code and constants first, then all data")
    for group in groups:
        first, last = group[0].address // PAGE * PAGE, group[-1].end
        if last - first > MEMORY:
            raise ExecutableError(f"{last - first} bytes from {first:#x} on", f"link it into {MEMORY} or fewer")
        content = bytearray()
        for segment in group:
            if segment.size:
                content += bytes(segment.address - first - len(content))
                content += executable.content(segment)
        yield _Part(first + base, 6 if group[0].writable else 5, bytes(content), last - first)


def _sites(executable: Executable) -> tuple[list[int], tuple[int, ...]]:
    """Where the code calls Linux, and where only something in it looks so."""
    starts = [first for first, _ in executable.data_in_code]
    sites: list[int] = []
    left: list[int] = []
    for segment in executable.segments:
        if not segment.executable:
            continue
        content = executable.content(segment)
        at = content.find(SVC)
        while at >= 0:
            address = segment.address + at
            if address % WORD == 0:
                before = bisect_right(starts, address) - 1
                is_data = before >= 0 and address < executable.data_in_code[before][1]
                (left if is_data else sites).append(address)
            at = content.find(SVC, at + 1)
    if len(sites) + len(left) > CALLS:
        raise ExecutableError(f"more than {CALLS} system calls in its code", "it is no program of Linux")
    return sites, tuple(left)


def _branch(here: int, there: int, link: bool = False) -> bytes:
    distance = there - here
    if not -_REACH <= distance < _REACH:
        mend = f"link them into fewer than {_REACH} bytes, gaps included"
        raise ExecutableError("its segments reach further than a branch leads", mend)
    return struct.pack("<I", (0x94000000 if link else 0x14000000) | (distance // WORD & 0x3FFFFFF))


def _above(address: int) -> int:
    return -(-address // PAGE) * PAGE


def _elf(parts: Sequence[_Part], entry: int) -> bytes:
    """An ELF that is loaded from the parts."""
    header = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1".ljust(16, b"\0"), 2, 183, 1, entry, 64, 0, 0, 64, 56, len(parts), 0, 0, 0
    )
    table, body = b"", bytearray()
    begin = _above(len(header) + 56 * len(parts))
    for part in parts:
        offset = begin + len(body)
        sizes = (part.address, part.address, len(part.content), part.memory, PAGE)
        table += struct.pack("<IIQQQQQQ", PT_LOAD, part.flags, offset, *sizes)
        body += part.content.ljust(_above(len(part.content)), b"\0")
    return (header + table).ljust(begin, b"\0") + body
