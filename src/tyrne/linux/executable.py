"""A static Linux executable for AArch64, read from its program headers, and from its symbols where data lies in code.

The file is anybody's: what is read is within it, and costs time that grows with its size only.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

from tyrne.hal.aarch64.descriptors import USER_LIMIT
from tyrne.hal.pages import PAGE_SIZE
from tyrne.linux.errors import ExecutableError

PAGE: Final = int(PAGE_SIZE)
WORD: Final = 4
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE = 1, 2, 3, 4
_EXECUTE, _WRITE = 1, 2
_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_IDENTITY: Final = b"\x7fELF\x02\x01\x01"
_EXECUTABLE, _SHARED, _AARCH64 = 2, 3, 183
_SYMBOL_TABLE: Final = 2
_SECTION_EXECUTE: Final = 4
_HIGHEST: Final = int(USER_LIMIT) // 2
"""One past the highest address of a file's segments; what follows them has the other half."""


class Segment(NamedTuple):
    """A program header, in the order of its fields in the file."""

    type: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    alignment: int

    @property
    def writable(self) -> bool:
        return bool(self.flags & _WRITE)

    @property
    def executable(self) -> bool:
        return bool(self.flags & _EXECUTE)

    @property
    def end(self) -> int:
        """One past its last byte in memory."""
        return self.address + self.memory


@dataclass(frozen=True)
class Executable:
    """What a file is loaded from. Addresses are as in the file: one that is position-independent begins near 0."""

    data: bytes
    entry: int
    segments: tuple[Segment, ...]
    """Those that are loaded, in the order of their addresses, without overlap; none writable and executable."""
    position_independent: bool
    headers: int
    """The address of the program headers in memory; 0 if they are not there."""
    header_count: int
    data_in_code: tuple[tuple[int, int], ...]
    """From the first address up to the second, as mapping symbols ($d, $x) say it, in order."""

    def content(self, segment: Segment) -> bytes:
        """The bytes of a segment, without the zeros behind them."""
        return self.data[segment.offset : segment.offset + segment.size]


def program_headers(data: bytes) -> list[Segment]:
    """The program headers of an ELF for AArch64; none of anything else, or if they are not in the file."""
    if len(data) < _HEADER.size or not data.startswith(_IDENTITY):
        return []
    _, _, machine, _, _, start, _, _, _, size, count, _, _, _ = _HEADER.unpack_from(data)
    end = start + count * _SEGMENT.size
    if machine != _AARCH64 or size != _SEGMENT.size or end > len(data):
        return []
    return [Segment(*fields) for fields in _SEGMENT.iter_unpack(data[start:end])]


def read_executable(data: bytes) -> Executable:
    """The executable in the bytes of a file; ExecutableError says what is wrong with it."""
    headers = program_headers(data)
    if not headers:
        raise ExecutableError("no ELF for AArch64, or a damaged one", "build it for aarch64-linux, little-endian")
    _, kind, _, _, entry, table, *_ = _HEADER.unpack_from(data)
    if any(header.type == PT_INTERP for header in headers):
        raise ExecutableError("dynamically linked: it asks for a loader and libraries", "link it with -static")
    dynamic = any(header.type == PT_DYNAMIC for header in headers)
    if kind not in (_EXECUTABLE, _SHARED) or (kind == _SHARED and not dynamic):
        raise ExecutableError("not an executable", "link it with -static")
    segments = sorted((h for h in headers if h.type == PT_LOAD and h.memory), key=lambda h: h.address)
    _check_segments(data, segments)
    at = [h for h in segments if h.offset <= table and table + len(headers) * _SEGMENT.size <= h.offset + h.size]
    return Executable(
        data,
        entry,
        tuple(segments),
        kind == _SHARED,
        at[0].address + table - at[0].offset if at else 0,
        len(headers),
        _data_in_code(data, segments),
    )


def _check_segments(data: bytes, segments: Sequence[Segment]) -> None:
    if sum(segment.size for segment in segments) > len(data):
        raise ExecutableError("segments that overlap in the file, or are truncated", "link it again")
    if not any(segment.executable for segment in segments):
        raise ExecutableError("no executable segment", "link it again")
    end = 0
    for segment in segments:
        where = f"the segment at {segment.address:#x}"
        if segment.writable and segment.executable:
            raise ExecutableError(f"{where} is writable and executable", "separate code from data (drop -N / --omagic)")
        if segment.offset + segment.size > len(data):
            raise ExecutableError(f"{where} is truncated", "link it again")
        if segment.size > segment.memory:
            what = f"{where} has {segment.size} bytes in the file and {segment.memory} in memory"
            raise ExecutableError(what, "link it again, so that it has as many in memory or more")
        if segment.end > _HIGHEST:
            raise ExecutableError(f"{where} is outside the user addresses", f"link it below {_HIGHEST:#x}")
        if segment.address < end:
            raise ExecutableError(f"{where} overlaps another one", "link it again")
        end = segment.end


def _data_in_code(data: bytes, segments: Sequence[Segment]) -> tuple[tuple[int, int], ...]:
    """Where mapping symbols say that data lies, in the executable segments. A file without symbols has none."""
    marks: dict[int, bool] = {}
    for address, name in _symbols(data):
        if name.startswith((b"$d", b"$x")) and name[2:3] in (b"", b".", b"\0"):
            marks[address] = name.startswith(b"$d")
    found = [(place, following) for place, following in pairwise([*sorted(marks), _HIGHEST]) if marks[place]]
    code = [segment for segment in segments if segment.executable]
    return tuple((a, b) for a, b in found if any(segment.address <= a < segment.end for segment in code[:16]))


def _symbols(data: bytes) -> list[tuple[int, bytes]]:
    """Address and the first bytes of the name of each symbol in code, or in no section; none if their tables are not in
    the file."""
    *_, start, _, _, _, _, size, count, _ = _HEADER.unpack_from(data)
    end = start + count * _SECTION.size
    if size != _SECTION.size or end > len(data):
        return []
    sections = list(_SECTION.iter_unpack(data[start:end]))
    for _, kind, _, _, offset, length, link, _, _, entry in sections:
        if kind != _SYMBOL_TABLE or entry != _SYMBOL.size or link >= len(sections):
            continue
        _, _, _, _, names, names_length, *_ = sections[link]
        if offset + length > len(data) or names + names_length > len(data):
            return []
        table = _SYMBOL.iter_unpack(data[offset : offset + length // entry * entry])
        found = (s for s in table if s[0] < names_length and _is_code(sections, s[3]))
        return [(s[4], data[names + s[0] : names + s[0] + 3]) for s in found]
    return []


def _is_code(sections: Sequence[tuple[int, ...]], number: int) -> bool:
    """Whether the section of a symbol is executed; addresses in those that are not loaded all begin at 0."""
    return number >= len(sections) or bool(sections[number][2] & _SECTION_EXECUTE)
