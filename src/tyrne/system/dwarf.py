"""Debug information of ELF files, read within bounds: the lines and functions that instructions come from.

The files are anybody's. What is read costs a bounded number of bytes, whatever the tables say, and whatever is wrong
with one of them means that its part is not known: never an error.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from elftools.dwarf.die import DIE
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

LINE_BYTES: Final = 256 << 10
"""Of the line table: that of some 700 KiB of code. Each byte may be a row, and costs 20 µs."""
BYTES: Final = 24 << 20
"""What may be read of all tables, a byte that is read twice counted twice: some seconds."""
ENTRY_BYTES: Final = 64
"""What each entry of the tree costs beside its own bytes, of which it need have but one."""
SYMBOLS: Final = 1 << 16
"""Of a table with more none is read: each costs some 30 µs, and no program that fits has as many."""
LEB_BYTES: Final = 64
"""Of one number of variable length: more would cost the square of it."""
UNITS: Final = 4096
NAME_BYTES: Final = 512
"""Of a name that is shown."""
_ALL: Final = 1 << 62
_HOPS: Final = 4
"""From an inlined function to its abstract instance, and on to its declaration."""


@dataclass(frozen=True)
class Row:
    """The instructions from `start` up to `end` come from a line; `file` is None where the table has no such file."""

    start: int
    end: int
    file: str | None
    line: int


@dataclass(frozen=True)
class Function:
    """A function, or a place where one was inlined into `caller`: for a call in a line of a file."""

    name: str | None
    ranges: tuple[tuple[int, int], ...]
    caller: Function | None
    call_file: str | None
    call_line: int


class TooMuchError(Exception):
    """The tables say more than is read."""


class _Meter:
    """How many bytes may still be read."""

    def __init__(self, left: int) -> None:
        self.left = left


class _Metered(io.BytesIO):
    """Bytes whose reader cannot go on for ever."""

    def __init__(self, content: bytes, meter: _Meter) -> None:
        super().__init__(content)
        self._meter = meter
        self._run = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._run = self._run + 1 if len(data) == 1 and data[0] & 0x80 else 0
        self.charge(1 + len(data))
        return data

    def charge(self, amount: int) -> None:
        """Count so many bytes as read; TooMuchError when there were too many."""
        self._meter.left -= amount
        if self._meter.left < 0 or self._run > LEB_BYTES:
            raise TooMuchError

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._run = 0
        return super().seek(offset, whence)


def read_debug(elf: bytes) -> tuple[list[Row], list[Function]]:
    """The rows and functions of a file, as far as they can be known. A function comes after the one it is inlined
    into."""
    rows: list[Row] = []
    functions: list[Function] = []
    with suppress(Exception):  # a library reads what may be made to mislead it: all that it raises means one thing
        for unit in units(elf, BYTES, LINE_BYTES):
            rows += unit.rows()
            functions += unit.functions()
    return rows, functions


def read_rows(elf: bytes) -> Iterator[Row]:
    """The rows of a file of our own making, of any size, as they are asked for."""
    for unit in units(elf, _ALL, _ALL):
        yield from unit.rows()


def read_symbols(elf: bytes) -> list[tuple[int, str]]:
    """The names that the symbol table gives to places, in the order of their addresses."""
    found: list[tuple[int, str]] = []
    with suppress(Exception):  # as above
        table = _open(elf).get_section_by_name(".symtab")
        for symbol in table.iter_symbols() if table.num_symbols() <= SYMBOLS else ():
            placed = symbol["st_info"]["type"] in ("STT_FUNC", "STT_NOTYPE") and symbol["st_shndx"] != "SHN_UNDEF"
            if placed and symbol.name and not symbol.name.startswith("$"):
                found.append((int(symbol["st_value"]), str(symbol.name)[:NAME_BYTES]))
    return sorted(found)


def _open(elf: bytes) -> Any:
    return ELFFile(_Metered(elf, _Meter(BYTES + 4 * len(elf))))


def units(elf: bytes, limit: int, line_limit: int) -> Iterator[Unit]:
    """The compilation units of a file. What is compressed, or in another file, is not there."""
    file = _open(elf)
    for section in file.iter_sections():
        if section.name.startswith(".zdebug") or section["sh_flags"] & SH_FLAGS.SHF_COMPRESSED:
            return
        if section.name == ".debug_line" and section["sh_size"] > line_limit:
            return
    debug = file.get_dwarf_info(relocate_dwarf_sections=False, follow_links=False)
    meter = _Meter(limit)
    for name, section in vars(debug).items():
        if name.endswith("_sec") and section is not None:
            setattr(debug, name, section._replace(stream=_Metered(section.stream.getvalue(), meter)))
    for number, unit in enumerate(debug.iter_CUs()):
        if number == UNITS:
            return
        yield Unit(debug, unit)


class Unit:
    """One compilation unit and its line table."""

    def __init__(self, debug: Any, unit: Any) -> None:
        self._debug = debug
        self._unit = unit
        self._top = unit.get_top_DIE()
        self._program = debug.line_program_for_CU(unit)
        self._files = _file_names(self._program, _text(_value(self._top, "DW_AT_comp_dir", b"")))

    def rows(self) -> Iterator[Row]:
        """What a compiler says to come from no line (0) comes from the line before, as far as a reader is concerned."""
        before = place = None
        for entry in [] if self._program is None else self._program.get_entries():
            state = entry.state
            if state is None:
                continue
            if before is not None:
                place = before if before.line or place is None else place
                if before.address < state.address:
                    yield Row(before.address, state.address, self._file(place.file), place.line)
            before = None if state.end_sequence else state
            place = None if state.end_sequence else place

    def functions(self) -> Iterator[Function]:
        """The entries of the unit in their order, which is that of the tree; no link between them is followed, so they
        have no cycles and an end."""
        names: dict[int, tuple[Any, int | None]] = {}
        found: list[tuple[DIE, int | None]] = []
        """Each with the place of the one around it."""
        around: list[int | None] = [None]
        for entry in self.entries():
            if entry.is_null():
                around.pop()
                if not around:
                    break
                continue
            here = around[-1]
            if entry.tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                origin = entry.attributes.get("DW_AT_abstract_origin") or entry.attributes.get("DW_AT_specification")
                names[entry.offset] = _value(entry, "DW_AT_name", None), origin and self.target(origin)
                found.append((entry, here))
                here = len(found) - 1
            if entry.has_children:
                around.append(here)
        functions: list[Function] = []
        for entry, caller in found:
            functions.append(
                Function(
                    _name(entry.offset, names),
                    self._ranges(entry),
                    None if caller is None or entry.tag == "DW_TAG_subprogram" else functions[caller],
                    self._file(_value(entry, "DW_AT_call_file", -1)),
                    int(_value(entry, "DW_AT_call_line", 0)),
                )
            )
        yield from functions

    def entries(self) -> Iterator[DIE]:
        """The entries behind the first one, in the order in which they stand; one that is null ends the children of
        another."""
        stream = self._debug.debug_info_sec.stream
        at, end = self._top.offset + self._top.size, self._unit.cu_offset + self._unit.size
        while at < end:
            stream.charge(ENTRY_BYTES)
            entry = DIE(self._unit, stream, at)
            at += entry.size
            yield entry

    def address(self, index: int) -> int:
        """What the table of addresses has at an index."""
        return int(self._debug.get_addr(self._unit, index))

    def target(self, attribute: Any) -> int:
        """Where a reference points to in the section."""
        return int(attribute.value) + (0 if attribute.form == "DW_FORM_ref_addr" else int(self._unit.cu_offset))

    def _ranges(self, entry: DIE) -> tuple[tuple[int, int], ...]:
        low, high = entry.attributes.get("DW_AT_low_pc"), entry.attributes.get("DW_AT_high_pc")
        if low is not None and high is not None:
            start, end = int(low.value), int(high.value)
            return ((start, end if high.form == "DW_FORM_addr" else start + end),)
        ranges = entry.attributes.get("DW_AT_ranges")
        if ranges is None:
            return ()
        base = _value(self._top, "DW_AT_low_pc", 0)
        found = []
        for item in self._debug.range_lists().get_range_list_at_offset(ranges.value, self._unit):
            if isinstance(item, BaseAddressEntry):
                base = item.base_address
            else:
                start = 0 if item.is_absolute else int(base)
                found.append((start + int(item.begin_offset), start + int(item.end_offset)))
        return tuple(found)

    def _file(self, number: int) -> str | None:
        return self._files.get(number)


def _file_names(program: Any, base: str) -> dict[int, str]:
    """The files of a line table by their numbers. Files and folders are counted from 0 since DWARF 5, from 1 (folder 0
    being that of the compilation) before."""
    if program is None:
        return {}
    first = 0 if program["version"] >= 5 else 1
    folders = [base] * first + [_text(folder) for folder in program["include_directory"]]
    found = {}
    for number, entry in enumerate(program["file_entry"], first):
        folder = folders[entry.dir_index] if entry.dir_index < len(folders) else ""
        found[number] = (PurePosixPath(base) / folder / _text(entry.name)).as_posix()
    return found


def _name(offset: int, names: dict[int, tuple[Any, int | None]]) -> str | None:
    """The name of a function, or of the one that it is an instance of."""
    at: int | None = offset
    for _ in range(_HOPS):
        name, at = names.get(at, (None, None)) if at is not None else (None, None)
        if name is not None:
            return _text(name)
    return None


def _value(entry: Any, attribute: str, other: Any) -> Any:
    found = entry.attributes.get(attribute)
    return other if found is None else found.value


def _text(name: bytes) -> str:
    return name[:NAME_BYTES].decode(errors="backslashreplace")
