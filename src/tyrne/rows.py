"""Tables that have a row for each member of an enumeration, and say which row they lack: by file, line and table.

Only for tables of tools and tests: in a function of Kernel Python such a table is a `match`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

K = TypeVar("K", bound=Enum)
V = TypeVar("V")


class MissingRowError(LookupError):
    """A table has no row for what it is asked about. The message is one line, with the place and the mend."""


def missing(file: str, line: int, table: str, row: Enum) -> str:
    """How every table says that it lacks a row."""
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{line}: {table} has no row for {type(row).__name__}.{row.name}; add one"


def check_rows(file: str, table: str, present: Iterable[object], wanted: Iterable[Enum]) -> None:
    """AssertionError with a line for each wanted row that a table lacks, which is defined in a file."""
    rows = set(present)
    lacking = [row for row in wanted if row not in rows]
    if lacking:
        text = Path(file).read_text().splitlines()
        line = next((i for i, code in enumerate(text, 1) if re.match(rf"{table}\b", code)), 1)
        raise AssertionError("\n".join(missing(file, line, table, row) for row in lacking))


class Rows(dict[K, V]):
    """A table by the members of an enumeration. A row that it lacks is an error when it is looked up."""

    def __init__(self, table: str, wanted: Iterable[K], rows: Mapping[K, V]) -> None:
        """`table` is its name, `wanted` are those that it is to have a row for. It stands where it is made."""
        super().__init__(rows)
        self._table = table
        self._wanted = tuple(wanted)
        frame = sys._getframe(1)
        self._file, self._line = frame.f_code.co_filename, frame.f_lineno

    def __missing__(self, row: K) -> V:
        raise MissingRowError(missing(self._file, self._line, self._table, row))

    def lacking(self) -> Iterator[str]:
        """A line for each row that is missing."""
        for row in self._wanted:
            if row not in self:
                yield missing(self._file, self._line, self._table, row)
