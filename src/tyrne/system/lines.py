"""Addresses in the kernel as lines of its Python: the line table of its ELF, which the compiler fills from `#line`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

_EXCEPTION: Final = re.compile(rb"!! tyrne panic: (?:exception|IRQ|FIQ|SError) .*? pc=([0-9a-f]{16})", re.DOTALL)
"""The head of a report on a CPU exception. Reports on failed checks name their line themselves."""


def line_of_panic(kernel: Path, report: bytes) -> str | None:
    """`file:line` of the instruction that a panic report is about; None when it says so itself, or nobody knows."""
    found = _EXCEPTION.search(report)
    return None if found is None else python_line(kernel, int(found[1], 16))


def python_line(kernel: Path, address: int) -> str | None:
    """`file:line` that an instruction of a linked kernel was compiled from."""
    from elftools.elf.elffile import ELFFile

    with kernel.open("rb") as stream:
        elf = ELFFile(stream)
        if not elf.has_dwarf_info():
            return None
        debug = elf.get_dwarf_info()
        for unit in debug.iter_CUs():
            program = debug.line_program_for_CU(unit)
            before = None
            for entry in [] if program is None else program.get_entries():
                state = entry.state
                if state is None:
                    continue
                if before is not None and before.address <= address < state.address:
                    return f"{_file_name(program, before.file)}:{before.line}"
                before = None if state.end_sequence else state
    return None


def _file_name(program: Any, number: int) -> str:
    """The file of a row. Files and folders are counted from 0 since DWARF 5, from 1 (0 being none) before."""
    first = 0 if program["version"] >= 5 else 1
    entry = program["file_entry"][number - first]
    name = Path(entry.name.decode(errors="backslashreplace"))
    if entry.dir_index >= first:
        name = Path(program["include_directory"][entry.dir_index - first].decode(errors="backslashreplace")) / name
    return name.as_posix()
