"""The mistakes of one description, collected: its author sees all of them at once and in the order of the lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.system.places import Places

MOST: Final = 50
"""Mistakes beyond these are counted, not shown."""

Where = tuple[str | int, ...]
"""Keys and indices that lead to a value of the description."""


class Mistakes:
    """Takes the mistakes that checks find. Each says the cause and the mend; where the value stands gives the line.

    A description that was made in Python has no text: its values are named by their keys.
    """

    def __init__(self, path: Path, text: str | None) -> None:
        self._path = path
        self._places = None if text is None else Places(text)
        self._found: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, where: Where, what: str) -> None:
        line = 0 if self._places is None else self._places.line(where)
        self._found.append((line, f"{self.place(where)}: {what}"))

    def place(self, where: Where) -> str:
        """ "file:line" or "name:keys" of a value, for errors that are found later."""
        if self._places is not None:
            return f"{self._path}:{self._places.line(where)}"
        keys = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
        return f"{self._path}:{keys.removeprefix('.')}"

    def failure(self) -> RequestError:
        lines = [what for _, what in sorted(self._found)]
        more = [f"{self._path}: {len(lines) - MOST} more mistakes; mend the first ones"] if len(lines) > MOST else []
        return RequestError(*lines[:MOST], *more)
