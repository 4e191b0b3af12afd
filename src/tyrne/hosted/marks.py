"""How much of what only grows there was at a moment: a mark is a length, and what came later is kept apart."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, Final

Mark = Any
"""A length; of a dict, the marks of what it holds by their keys; of anything else the value itself."""


class Growth:
    """Lists and bytearrays that only grow, and what a run that repeats puts into them is the same each time.

    So what each held at a mark is the beginning of the longest that it ever was.
    """

    def __init__(self) -> None:
        self._longest: Final[dict[tuple[object, ...], Any]] = {}

    def put_back(self, fields: MutableMapping[Any, Any], marks: Mark, path: tuple[object, ...] = ()) -> None:
        """Let all that `fields` names be as it was when `mark(fields)` was made, earlier or later than now. What can
        change stays the same object, where it is there."""
        found = {key: self._at(fields.get(key), mark, (*path, key)) for key, mark in marks.items()}
        if fields.keys() != found.keys():
            for key, held in fields.items():
                self._remember((*path, key), held)
            fields.clear()
        for key, held in found.items():
            fields[key] = held

    def _at(self, held: Any, mark: Mark, path: tuple[object, ...]) -> Any:
        self._remember(path, held)
        longest = self._longest.get(path)
        if isinstance(mark, dict):
            held = {} if held is None else held
            self.put_back(held, mark, path)
            return held
        if longest is None:
            return mark
        held = type(longest)() if held is None else held
        del held[mark:]
        held.extend(longest[len(held) : mark])
        return held

    def _remember(self, path: tuple[object, ...], held: Any) -> None:
        if isinstance(held, (list, bytearray)):
            longest = self._longest.setdefault(path, type(held)())
            longest.extend(held[len(longest) :])


def mark(held: Any) -> Mark:
    """The mark of what is held now."""
    if isinstance(held, (list, bytearray)):
        return len(held)
    if isinstance(held, dict):
        return {key: mark(value) for key, value in held.items()}
    return held
