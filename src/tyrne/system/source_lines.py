"""Which line of which function each instruction of a program comes from, as a table that is quick to ask."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tyrne.system.dwarf import Function, Row

INLINED: Final = 16
"""Calls inlined into each other of which a place tells."""
LIBRARY: Final = "tyrne/"
"""Where the files of the user library lie, as debug information has them."""
FOLDERS: Final = 4
"""The folder of a source, and those around it, in which its other files are looked for."""
LAST_LINE: Final = (1 << 32) - 1
_RUNTIME: Final = ("kp.h", "kp_machine.h", "unit.c")
"""What the compiler of Kernel Python writes or includes: nobody's source."""
_EXPORTED: Final = "k_"
"""What stands before the name of an exported function of Kernel Python."""


@dataclass(frozen=True)
class Place:
    """A line of a source, in a function. Where the compiler has put the function into another one, `caller` is the
    line that calls it. `file` and `function` are None, and `line` is 0, where that is not known."""

    file: str | None
    line: int
    function: str | None
    caller: Place | None = None

    @property
    def text(self) -> str:
        """`crasher.py:33 in main`, with the calls that are inlined: `…, called from crasher.py:40 in main`."""
        own = self.line_text if self.file else ""
        within = f"in {self.function}" if self.function else ""
        called = f", called from {self.caller.text}" if self.caller is not None else ""
        return " ".join(filter(None, (own, within))) + called

    @property
    def own(self) -> Place:
        """The innermost line that is not the user library's, as far as that is known."""
        place = self
        while place.caller is not None and (place.file or "").startswith(LIBRARY):
            place = place.caller
        return place

    @property
    def line_text(self) -> str:
        """`crasher.py:33`."""
        return f"{self.file}:{self.line}" if self.line else f"{self.file}"


Part = tuple[int, Place | None]
"""From an address on, up to the next part: a place, or nothing that is known."""


class SourceMap:
    """The places of a program's instructions."""

    def __init__(self, parts: Sequence[Part] = ()) -> None:
        self.parts: Final = tuple(parts)
        self._starts: Final = [start for start, _ in parts]

    def at(self, address: int) -> Place | None:
        """Where the instruction at an address comes from; None where nobody knows."""
        index = bisect_right(self._starts, address) - 1
        return None if index < 0 else self.parts[index][1]


def source_map(elf: bytes, code: Sequence[tuple[int, int]], name: Callable[[str], str] = str) -> SourceMap:
    """The map of the code in an ELF file, which lies from the first address of each pair up to the second.

    `name` says how a file's name is shown.
    """
    from tyrne.system.dwarf import read_debug, read_symbols  # here: most runs do without, and it is slow to import

    rows, functions = read_debug(elf)
    rows = sorted((row for row in rows if _within(row.start, code)), key=lambda row: row.start)
    ranges = [(start, end, f) for f in functions for start, end in f.ranges if start < end and _within(start, code)]
    named: dict[int, str] = {}
    for address, symbol in read_symbols(elf):
        if _within(address, code):
            named.setdefault(address, symbol)
    symbols = list(named.items())
    edges = {row.start for row in rows} | {row.end for row in rows} | {address for address, _ in symbols}
    edges |= {edge for start, end, _ in ranges for edge in (start, end)}
    starts = sorted(edge for edge in edges if _within(edge, code))
    places = _Places(name)
    parts: list[Part] = []
    around = _innermost(ranges, starts)
    row_at = symbol_at = -1
    for start in starts:
        while row_at + 1 < len(rows) and rows[row_at + 1].start <= start:
            row_at += 1
        while symbol_at + 1 < len(symbols) and symbols[symbol_at + 1][0] <= start:
            symbol_at += 1
        row = rows[row_at] if row_at >= 0 and start < rows[row_at].end else None
        label = symbols[symbol_at][1] if symbol_at >= 0 else None
        place = places.of(row, around[start], label)
        if not parts or parts[-1][1] != place:
            parts.append((start, place))
    parts += [(end, None) for _, end in code if not _within(end, code)]
    return SourceMap(sorted(parts, key=lambda part: part[0]))


def shown_beside(source: Path) -> Callable[[str], str]:
    """How the files of a program are shown: those that lie beside its source with the path by which that was named,
    others from the working directory if they are in it."""
    known: dict[str, str] = {}

    def show(name: str) -> str:
        if name not in known:
            known[name] = _shown(name, source)
        return known[name]

    return show


def _shown(name: str, source: Path) -> str:
    path = PurePosixPath(name)
    if path.is_absolute():
        return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name
    with suppress(OSError, ValueError):
        for folder in [] if ".." in path.parts else list(source.parents)[:FOLDERS]:
            if (folder / path).is_file():
                return str(folder / path)
    return name


def _within(address: int, code: Iterable[tuple[int, int]]) -> bool:
    return any(start <= address < end for start, end in code)


def _innermost(ranges: Sequence[tuple[int, int, Function]], starts: Sequence[int]) -> dict[int, Function | None]:
    """For each address the function that is around it, and inside all others that are: the last of them in order."""
    coming = sorted(range(len(ranges)), key=lambda number: ranges[number][0])
    open_: list[int] = []
    """Numbers of ranges, negative: the heap's first is the last."""
    found: dict[int, Function | None] = {}
    at = 0
    for start in starts:
        while at < len(coming) and ranges[coming[at]][0] <= start:
            heapq.heappush(open_, -coming[at])
            at += 1
        while open_ and ranges[-open_[0]][1] <= start:
            heapq.heappop(open_)
        found[start] = ranges[-open_[0]][2] if open_ else None
    return found


class _Places:
    """Makes the places of one program, each once."""

    def __init__(self, name: Callable[[str], str]) -> None:
        self._name = name

    def of(self, row: Row | None, function: Function | None, symbol: str | None) -> Place | None:
        """The innermost line that a person wrote, of the calls that are inlined around an instruction."""
        lines: list[tuple[str | None, int, str | None]] = []
        file, line = (row.file, row.line) if row is not None else (None, 0)
        while function is not None and len(lines) < INLINED:
            lines.append((file, line, function.name or symbol))
            file, line, function = function.call_file, function.call_line, function.caller
        lines = lines or [(file, line, symbol)]
        written = [item for item in lines if item[0] is not None and PurePosixPath(item[0]).name not in _RUNTIME]
        place = None
        for file, line, called in reversed(written or lines[-1:]):
            line = line if 0 <= line <= LAST_LINE else 0
            place = Place(None if file is None else self._name(file), line, _plain(called, file), place)
        return place if place is not None and (place.file or place.function) else None


def _plain(function: str | None, file: str | None) -> str | None:
    """The name of a function as its source has it."""
    python = file is not None and file.endswith(".py")
    return function.removeprefix(_EXPORTED) if function is not None and python else function
