"""Mutants that behave as the kernel does, for every input: equivalent.toml lists them, each with its reason.

An entry names a check as it stands, in one function or several, and what it is changed to; and where a function has
several checks that read alike, which of them, or else it is about all. It must match mutants that exist, and none of
them may have been noticed by a test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assurance.mutation.mutant import Mutant
from tyrne.system.errors import RequestError

LIST: Final = Path(__file__).parent / "equivalent.toml"
FIELDS: Final = {"file", "function", "check", "changed", "reason"}
WHICH: Final = "which"
"""A field that may be left out: of the checks that read alike, counted from 1."""
Key = tuple[str, str, str, str]


class EquivalentError(RequestError):
    """An entry is wrong: file:line: cause; mend."""


@dataclass(frozen=True)
class Equivalent:
    """One change of one check in one function, and why nothing can tell the difference."""

    file: str
    function: str
    check: str
    changed: str
    reason: str
    line: int
    """Of the entry, in equivalent.toml."""
    which: int | None = None
    """Of the checks that read alike, from 1; None for all of them."""

    @property
    def key(self) -> tuple[str, str, str, str, int | None]:
        return (self.file, self.function, self.check, self.changed, self.which)


class Equivalents:
    """The entries, found by mutant."""

    def __init__(self, entries: Iterable[Equivalent]) -> None:
        self._entries = {entry.key: entry for entry in entries}

    def __iter__(self) -> Iterator[Equivalent]:
        return iter(self._entries.values())

    def of(self, mutant: Mutant) -> Equivalent | None:
        """The entry that a mutant is listed by."""
        found = self._entries.get((*key(mutant), mutant.occurrence + 1))
        return found or self._entries.get((*key(mutant), None))


def read(path: Path = LIST) -> Equivalents:
    """The entries of a file. Raises EquivalentError."""
    text = path.read_text()
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[equivalent]]"]
    try:
        entries = tomllib.loads(text).get("equivalent", [])
    except tomllib.TOMLDecodeError as error:
        raise EquivalentError(f"{path}: {error}; mend the file") from None
    found: dict[tuple[str, str, str, str, int | None], Equivalent] = {}
    for line, entry in zip(lines, entries, strict=True):
        which = entry.pop(WHICH, None)
        if set(entry) != FIELDS or not entry["reason"] or not (which is None or isinstance(which, int)):
            raise EquivalentError(
                f"{path}:{line}: an entry has exactly {', '.join(sorted(FIELDS))}, and may have {WHICH}"
            )
        for function in _several(entry["function"]):
            for changed in _several(entry["changed"]):
                one = Equivalent(entry["file"], function, entry["check"], changed, entry["reason"], line, which)
                if one.key in found:
                    raise EquivalentError(f"{path}:{line}: listed twice; remove one of the entries")
                found[one.key] = one
    return Equivalents(found.values())


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def key(mutant: Mutant) -> Key:
    return (mutant.file, mutant.function, mutant.check, mutant.changed)


def unmatched(entries: Iterable[Equivalent], mutants: Iterable[Mutant], path: Path = LIST) -> list[str]:
    """What is wrong with entries that name no mutant."""
    there = {(*key(mutant), which) for mutant in mutants for which in (mutant.occurrence + 1, None)}
    return [
        f"{path}:{entry.line}: no mutant of {entry.function} reads {entry.changed!r}; remove the entry or adapt it"
        for entry in entries
        if entry.key not in there
    ]
