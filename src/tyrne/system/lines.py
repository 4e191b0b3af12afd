"""Addresses in the kernel as lines of its Python: the line table of its ELF, which the compiler fills from `#line`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_EXCEPTION: Final = re.compile(rb"!! tyrne panic: (?:exception|IRQ|FIQ|SError) .*? pc=([0-9a-f]{16})", re.DOTALL)
"""The head of a report on a CPU exception. Reports on failed checks name their line themselves."""


def line_of_panic(kernel: Path, report: bytes) -> str | None:
    """`file:line` of the instruction that a panic report is about; None when it says so itself, or nobody knows."""
    found = _EXCEPTION.search(report)
    return None if found is None else python_line(kernel, int(found[1], 16))


def python_line(kernel: Path, address: int) -> str | None:
    """`file:line` that an instruction of a linked kernel was compiled from."""
    from tyrne.system.dwarf import read_rows  # here: only after a panic, and it is slow to import

    rows = read_rows(kernel.read_bytes())
    return next((f"{row.file}:{row.line}" for row in rows if row.start <= address < row.end), None)
