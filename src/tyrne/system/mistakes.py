"""The mistakes of one file, collected, so that its author sees all of them at once and in the order of the lines."""

from __future__ import annotations

from pathlib import Path

from tyrne.system.errors import RequestError
from tyrne.system.places import Places

Where = tuple[str | int, ...]
"""Keys and indices that lead to a value of the file."""


class Mistakes:
    """Takes the mistakes that checks find. Each says the cause and the mend; where the value stands gives the line."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._places = Places(text)
        self._found: list[tuple[int, str]] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, where: Where, what: str) -> None:
        self._found.append((self._places.line(where), what))

    def place(self, where: Where) -> str:
        """ "file:line" of a value, for errors that are found later."""
        return f"{self._path}:{self._places.line(where)}"

    def failure(self) -> RequestError:
        return RequestError(*(f"{self._path}:{line}: {what}" for line, what in sorted(self._found)))
