"""What the counters of a host library count: for each edge its function and its line of Python.

clang counts how often control comes to each basic block that its other counts do not imply. Its table of addresses has
an entry for each counter, in their order. A block that calls a function of failed checks (kp.h) is the edge of a check
that failed: which those are, the relocations of the object tell, since each function is a section.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection
from elftools.elf.sections import SymbolTableSection

COUNTING_FLAGS: Final = (
    "-fsanitize-coverage=inline-8bit-counters,pc-table",
    "-fno-inline",  # an edge of the source is one edge, wherever its function is called
    "-fno-unroll-loops",  # and in whichever round of a loop
)
ADDRESSES: Final = "__sancov_pcs"
FAILURES: Final = re.compile(r"kp_(panic|overflow|index|division|assertion|narrowing|unreachable|machine)(\.|$)")
_ENTRY_BYTES: Final = 16
"""Address and flags."""


@dataclass(frozen=True, order=True)
class Edge:
    """Where control can come to. `file` is relative to the folder above `tyrne`; `line` is 0 where no line is known."""

    file: str
    line: int
    function: str
    """Its name in C."""
    fails: bool
    """Whether a check has failed that comes to it."""


def read_edges(linked: Path, compiled: Path) -> list[Edge]:
    """The edges of a library by their counters, from the library and the one object that it was linked from."""
    with linked.open("rb") as stream, compiled.open("rb") as object_stream:
        elf = ELFFile(stream)
        functions = sorted(_functions(elf))
        starts = [start for start, _ in functions]
        at = [(functions[bisect_right(starts, address) - 1], address) for address in _addresses(elf)]
        blocks: dict[str, list[int]] = {}
        for (start, name), address in at:
            blocks.setdefault(name, []).append(address - start)
        failing = {
            (name, own[bisect_right(own, offset) - 1])
            for name, offset in _calls_of_failures(ELFFile(object_stream))
            if (own := sorted(blocks.get(name, ()))) and offset >= own[0]
        }
        lines = _Lines(elf)
        return [
            Edge(*lines.place(address), name, (name, address - start) in failing) for (start, name), address in at
        ]


def _functions(elf: ELFFile) -> Iterator[tuple[int, str]]:
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    for symbol in symbols.iter_symbols():
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF":
            yield symbol["st_value"], symbol.name


def _addresses(elf: ELFFile) -> list[int]:
    """The table of addresses, whose entries the loader would relocate."""
    table: Any = elf.get_section_by_name(ADDRESSES)
    first, count = table["sh_addr"], table["sh_size"] // _ENTRY_BYTES
    found = [0] * count
    relocations = elf.get_section_by_name(".rela.dyn")
    exported = elf.get_section_by_name(".dynsym")
    assert isinstance(relocations, RelocationSection) and isinstance(exported, SymbolTableSection)
    for relocation in relocations.iter_relocations():
        index, part = divmod(relocation["r_offset"] - first, _ENTRY_BYTES)
        if 0 <= index < count and part == 0:
            base = exported.get_symbol(relocation["r_info_sym"])["st_value"]  # 0 for the symbol of number 0
            found[index] = base + relocation["r_addend"]
    assert all(found), "an edge without an address"
    return found


def _calls_of_failures(elf: ELFFile) -> Iterator[tuple[str, int]]:
    """Function and offset of each call of a failed check."""
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    names = {
        symbol["st_shndx"]: symbol.name
        for symbol in symbols.iter_symbols()
        if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF"
    }
    for section in elf.iter_sections():
        if isinstance(section, RelocationSection) and section["sh_info"] in names:
            for relocation in section.iter_relocations():
                target = symbols.get_symbol(relocation["r_info_sym"])
                if FAILURES.match(names.get(target["st_shndx"], target.name)):
                    yield names[section["sh_info"]], relocation["r_offset"]


class _Lines:
    """The line table: file and line by address."""

    def __init__(self, elf: ELFFile) -> None:
        rows: list[tuple[int, bool, str, int]] = []
        debug: Any = elf.get_dwarf_info()
        for unit in debug.iter_CUs():
            program = debug.line_program_for_CU(unit)
            assert program["version"] >= 5, "tables of files that count from 0"
            folders = [name.decode() for name in program["include_directory"]]
            names = [f"{folders[entry.dir_index]}/{entry.name.decode()}" for entry in program["file_entry"]]
            names = [name.removeprefix(".").removeprefix("/") for name in names]
            for entry in program.get_entries():
                state = entry.state
                if state is not None:
                    rows.append((state.address, not state.end_sequence, names[state.file], state.line))
        rows.sort(key=lambda row: row[:2])
        self._rows = rows
        self._starts: Final = [row[0] for row in rows]

    def place(self, address: int) -> tuple[str, int]:
        """The first line that is known from an address on, within its function."""
        at = bisect_right(self._starts, address) - 1
        while at >= 0 and self._rows[at][1] and self._rows[at][3] == 0:
            at += 1
        _, inside, file, line = self._rows[at]
        return (file, line) if at >= 0 and inside else ("", 0)

