"""Maps of programs' instructions to their sources, as they stand in a report: it can be read where no program is.

    {"tasks": [0, 1, 1, null], "programs": ["…", "…"]}

`tasks` says for each task of the description whose map is its own. A map is base64 of compressed JSON: `files` and
`functions` are names; a place is [file, line, function, caller], each an index or -1, the caller a place before it; a
part is [address, place], and reaches up to the next one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from tyrne.system.packed import pack, unpack
from tyrne.system.source_lines import INLINED, LAST_LINE, Place, SourceMap

TABLE_BYTES: Final = 4 << 20
"""Of all maps of a report, uncompressed. Maps that would be larger are left out."""
_NONE: Final = -1
_LAST_ADDRESS: Final = (1 << 64) - 1


class BadTableError(Exception):
    """What is wrong with the maps of a report."""


def to_json(maps: Sequence[SourceMap]) -> dict[str, Any]:
    """The maps of the tasks, in their order."""
    programs: list[str] = []
    known: dict[int, int | None] = {}
    left = TABLE_BYTES
    for source in maps:
        if id(source) in known:
            continue
        content = json.dumps(_table(source), separators=(",", ":")).encode() if source.parts else b""
        fits = 0 < len(content) <= left
        known[id(source)] = len(programs) if fits else None
        if fits:
            left -= len(content)
            programs.append(pack(content))
    return {"tasks": [known[id(source)] for source in maps], "programs": programs}


def _table(source: SourceMap) -> dict[str, Any]:
    files: dict[str, int] = {}
    functions: dict[str, int] = {}
    places: dict[Place, int] = {}
    rows: list[tuple[int, int, int, int]] = []

    def number(place: Place | None) -> int:
        if place is None:
            return _NONE
        if place not in places:
            caller = number(place.caller)
            file = _NONE if place.file is None else files.setdefault(place.file, len(files))
            function = _NONE if place.function is None else functions.setdefault(place.function, len(functions))
            rows.append((file, place.line, function, caller))
            places[place] = len(rows) - 1
        return places[place]

    parts = [(start, number(place)) for start, place in source.parts]
    return {"files": list(files), "functions": list(functions), "places": rows, "parts": parts}


def from_json(data: object, tasks: int) -> list[SourceMap]:
    """The maps of so many tasks; BadTableError says what is wrong with them."""
    none = SourceMap()
    if data is None:
        return [none] * tasks
    if not isinstance(data, dict):
        raise BadTableError("lines is not an object")
    programs, of_tasks = data.get("programs"), data.get("tasks")
    if not isinstance(programs, list) or not isinstance(of_tasks, list) or len(of_tasks) != tasks:
        raise BadTableError("lines has no list of programs, or none that names one for each task")
    maps = []
    left = TABLE_BYTES
    for text in programs:
        content = _unpacked(text, left)
        left -= len(content)
        maps.append(_map(content))
    numbers = [number if number is None else _index(number, len(maps)) for number in of_tasks]
    return [none if number is None else maps[number] for number in numbers]


def _unpacked(text: object, limit: int) -> bytes:
    if not isinstance(text, str):
        raise BadTableError("lines has a program that is not a string")
    try:
        return unpack(text, limit)
    except ValueError as error:
        raise BadTableError(f"lines is {error}") from None


def _map(content: bytes) -> SourceMap:
    try:
        table = json.loads(content)
        files, functions = (_names(table[key]) for key in ("files", "functions"))
        places: list[Place] = []
        depths: list[int] = []
        for file, line, function, caller in table["places"]:
            around = None if caller == _NONE else _index(caller, len(places))
            depth = 0 if around is None else depths[around] + 1
            if depth > INLINED:
                raise BadTableError("lines has more calls inside each other than there are")
            depths.append(depth)
            places.append(
                Place(
                    None if file == _NONE else files[_index(file, len(files))],
                    _index(line, LAST_LINE + 1),
                    None if function == _NONE else functions[_index(function, len(functions))],
                    None if around is None else places[around],
                )
            )
        parts = [
            (_index(start, _LAST_ADDRESS + 1), None if place == _NONE else places[_index(place, len(places))])
            for start, place in table["parts"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BadTableError("lines is damaged") from None
    if [start for start, _ in parts] != sorted(start for start, _ in parts):
        raise BadTableError("lines is not in the order of its addresses")
    return SourceMap(parts)


def _names(data: object) -> list[str]:
    if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
        raise TypeError
    return data


def _index(value: object, end: int) -> int:
    """A number from 0 up to an end."""
    if type(value) is not int or not 0 <= value < end:
        raise BadTableError("lines has a number out of its range")
    return value
