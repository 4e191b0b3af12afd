"""The state of places in CPython, kept to be brought back: a kernel that starts again costs less than a new one."""

from __future__ import annotations

from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Final

from tyrne.lang import Array


class Saved:
    """What all places that one place contains or refers to were like at the time.

    `without` and what only it leads to are left out. No place comes or goes later, so every one of them is known.
    """

    def __init__(self, place: object, without: object) -> None:
        self._fields: Final[list[tuple[Any, list[tuple[str, Any]]]]] = []
        self._arrays: Final[list[tuple[list[Any], list[Any]]]] = []
        names: dict[type, list[str]] = {}
        met = {id(place), id(without)}
        waiting: list[Any] = [place]
        while waiting:
            thing = waiting.pop()
            if isinstance(thing, Array):
                parts = list(thing._items)
                self._arrays.append((thing._items, parts))
            else:
                # One instance of a class tells the names: `vars` makes the attributes of an instance slower
                kind = type(thing)
                if kind not in names:
                    names[kind] = list(vars(thing))
                fields = [(name, getattr(thing, name)) for name in names[kind]]
                self._fields.append((thing, fields))
                parts = [value for _, value in fields]
            for part in parts:
                if id(part) not in met and not _is_value(part):
                    met.add(id(part))
                    waiting.append(part)

    def restore(self) -> None:
        """Put every place back into that state."""
        for items, kept in self._arrays:
            items[:] = kept
        for thing, fields in self._fields:
            for name, value in fields:
                setattr(thing, name, value)


def _is_value(thing: Any) -> bool:
    """Whether it cannot change."""
    return thing is None or isinstance(thing, (int, bytes, str, Enum)) or is_dataclass(thing)
