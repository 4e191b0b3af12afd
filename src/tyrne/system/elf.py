"""Programs in ELF: static AArch64 executables, checked segment by segment before anything is mapped."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.constants import P_FLAGS
from elftools.elf.elffile import ELFFile

from tyrne.system import limits
from tyrne.system.elf_start import start_warning
from tyrne.system.elf_version import asks_for_page, check_interface, interface_of
from tyrne.system.errors import RequestError
from tyrne.system.merging import LOADED, merged
from tyrne.system.program import Program, Segment, too_large

_HEADER_CHECKS: Final[tuple[tuple[str, str, str], ...]] = (
    ("EI_CLASS", "ELFCLASS64", "not a 64-bit ELF"),
    ("EI_DATA", "ELFDATA2LSB", "not a little-endian ELF"),
    ("e_machine", "EM_AARCH64", "an ELF for another machine"),
)

_HIGHEST_END: Final = limits.USER_VA_LIMIT - limits.STACK_PAGES * limits.PAGE - limits.STACK_GUARD
"""Up to here a program may reach: guard and stack follow it."""


_PROGRAM_HEADER: Final = struct.Struct("<IIQQQQQQ")
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_NOTE, _PT_TLS = 1, 2, 3, 4, 7
_SECTION_HEADER: Final = 64


class _Header(NamedTuple):
    """A program header, in the order of its fields in the file."""

    type: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    alignment: int


def load_elf(path: Path, data: bytes) -> Program:
    """The program in the bytes of an ELF file; RequestError says what is wrong with it.

    A segment that begins inside a page is mapped from the start of that page, with zeros before its first byte.
    """
    try:
        return _Loader(path, data).load()
    except (ELFError, ConstructError, UnicodeDecodeError, ValueError, OverflowError, KeyError, AttributeError):
        raise RequestError(f"{path}: a damaged or truncated ELF; link it again") from None


class _Loader:
    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data
        self._elf: Any = ELFFile(io.BytesIO(data))

    def load(self) -> Program:
        self._check_header()
        headers = self._program_headers()
        if any(h.type in (_PT_INTERP, _PT_DYNAMIC) for h in headers):
            raise self._wrong("dynamically linked", "link with -static -no-pie")
        check_interface(self._path, interface_of(self._path, self._notes(headers)))
        loads = [h for h in headers if h.type == _PT_LOAD and h.memory]
        if not 1 <= len(loads) <= LOADED:
            raise self._wrong(f"{len(loads)} loaded segments", f"link it into 1 to {LOADED}")
        if len(loads) > limits.SEGMENTS and sum(h.size for h in loads) > len(self._data):
            raise self._wrong(f"{len(loads)} segments that overlap in the file, or are truncated", "link it again")
        segments = sorted((self._segment(h) for h in loads), key=lambda segment: segment.address)
        for below, above in itertools.pairwise(segments):
            if below.end > above.address:
                what = f"the segments at {below.address:#x} and {above.address:#x} overlap or share a page"
                raise self._wrong(what, "link with -z separate-loadable-segments -z max-page-size=4096")
        found = self._few(segments)
        memory = sum(segment.end - segment.address for segment in found)
        if memory > limits.PROGRAM_BYTES:
            raise too_large(self._path, memory)
        entry = int(self._elf.header.e_entry)
        if wrong := _entry_error(entry, segments):
            raise self._wrong(f"the entry {entry:#x} {wrong}", "set it with -e SYMBOL")
        warnings = self._warnings(headers)
        asks = asks_for_page(self._notes(headers))
        return Program(entry, found, found[-1].end + limits.STACK_GUARD, warnings, asks_for_page=asks)

    def _few(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """No more than the kernel loads: of some, neighbours become one."""
        found = merged(segments, limits.SEGMENTS)
        if len(found) > limits.SEGMENTS:
            left = f", and {len(found)} when neighbours become one" if len(found) < len(segments) else ""
            what = f"{len(segments)} loaded segments{left}; the one at {found[limits.SEGMENTS].address:#x} is too many"
            mend = f"link it into {limits.SEGMENTS}, with all that is written to behind all that is not"
            raise self._wrong(what, mend)
        return found

    def _warnings(self, headers: Sequence[_Header]) -> tuple[str, ...]:
        """What its author should know, as far as the headers say it."""
        header = self._elf.header
        start, size, count = int(header.e_shoff), int(header.e_shentsize), int(header.e_shnum)
        sections = self._data[start : start + count * _SECTION_HEADER] if size == _SECTION_HEADER else b""
        thread_locals = any(h.type == _PT_TLS and h.memory for h in headers)
        warning = start_warning(self._path, sections, self._notes(headers), thread_locals)
        return () if warning is None else (warning,)

    def _notes(self, headers: Sequence[_Header]) -> Iterator[bytes]:
        """The contents of the note segments, as far as all of them fit into the file beside each other."""
        left = len(self._data)
        for header in headers:
            if header.type == _PT_NOTE and header.size <= left:
                left -= header.size
                yield self._data[header.offset : header.offset + header.size]

    def _check_header(self) -> None:
        header = self._elf.header
        for field, wanted, what in _HEADER_CHECKS:
            found = header.e_ident[field] if field.startswith("EI_") else header[field]
            if found != wanted:
                raise self._wrong(f"{what} ({found})", "build it for AArch64, little-endian (aarch64-none-elf)")
        if header.e_type != "ET_EXEC":
            raise self._wrong(f"not an executable ({header.e_type})", "link it with -static -no-pie")

    def _program_headers(self) -> list[_Header]:
        """Read one after another: the library looks through all sections for each dynamic segment, and goes by counts
        and sizes that the file only claims."""
        header = self._elf.header
        start, size, count = int(header.e_phoff), int(header.e_phentsize), int(header.e_phnum)
        end = start + count * _PROGRAM_HEADER.size
        if count and (size != _PROGRAM_HEADER.size or end > len(self._data)):
            raise self._wrong("a damaged or truncated ELF", "link it again")
        return [_Header(*fields) for fields in _PROGRAM_HEADER.iter_unpack(self._data[start:end])]

    def _segment(self, header: _Header) -> Segment:
        flags, address, offset = header.flags, header.address, header.offset
        size, memory = header.size, header.memory
        if flags & P_FLAGS.PF_W and flags & P_FLAGS.PF_X:
            what = f"the segment at {address:#x} is writable and executable"
            raise self._wrong(what, "separate code from data (drop -N / --omagic, and W+X from the linker script)")
        if not flags & (P_FLAGS.PF_R | P_FLAGS.PF_W | P_FLAGS.PF_X):
            raise self._wrong(f"the segment at {address:#x} allows no access", "remove it or give it flags")
        if offset + size > len(self._data):
            raise self._wrong(f"the segment at {address:#x} is truncated", "link it again")
        if size > memory:
            what = f"the segment at {address:#x} has {size} bytes in the file and {memory} in memory"
            raise self._wrong(what, "link it again, so that it has as many in memory or more")
        inside = address % limits.PAGE
        if address < limits.PAGE or address + memory > _HIGHEST_END:
            what = f"the segment at {address:#x} is outside the user addresses"
            raise self._wrong(what, f"link it above {limits.PAGE:#x} and well below {limits.USER_VA_LIMIT:#x}")
        if inside + memory > limits.PROGRAM_BYTES:
            raise too_large(self._path, inside + memory)
        content = bytes(inside) + self._data[offset : offset + size]
        return Segment(
            address - inside,
            writable=bool(flags & P_FLAGS.PF_W),
            executable=bool(flags & P_FLAGS.PF_X),
            data=content if size else b"",
            memory=inside + memory,
        )

    def _wrong(self, what: str, mend: str) -> RequestError:
        return RequestError(f"{self._path}: {what}; {mend}")


def _entry_error(entry: int, segments: Sequence[Segment]) -> str | None:
    """What is wrong with the address where a program begins; None if nothing is."""
    inside = [each for each in segments if each.executable and 0 <= entry - each.address < each.memory]
    if not inside:
        return "is in no executable segment"
    if entry >= inside[0].address + len(inside[0].data):
        return "is among the zeros behind the code"
    return "is no multiple of 4" if entry % 4 else None
