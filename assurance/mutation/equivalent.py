"""Mutants that behave as the kernel does, for every input: equivalent.toml lists them, each with its reason.

An entry names a check as it stands, in one function or several, and what it is changed to. It must match mutants that
exist, and none of them may have been noticed by a test.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assurance.mutation.mutant import Mutant

LIST: Final = Path(__file__).parent / "equivalent.toml"
FIELDS: Final = {"file", "function", "check", "changed", "reason"}


class EquivalentError(Exception):
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

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.file, self.function, self.check, self.changed)


def read(path: Path = LIST) -> dict[tuple[str, str, str, str], Equivalent]:
    """The entries by file, function, check and change. Raises EquivalentError."""
    text = path.read_text()
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[equivalent]]"]
    try:
        entries = tomllib.loads(text).get("equivalent", [])
    except tomllib.TOMLDecodeError as error:
        raise EquivalentError(f"{path}: {error}; mend the file") from None
    found: dict[tuple[str, str, str, str], Equivalent] = {}
    for line, entry in zip(lines, entries, strict=True):
        if set(entry) != FIELDS or not entry["reason"]:
            raise EquivalentError(f"{path}:{line}: an entry has exactly {', '.join(sorted(FIELDS))}")
        for function in _several(entry["function"]):
            for changed in _several(entry["changed"]):
                one = Equivalent(entry["file"], function, entry["check"], changed, entry["reason"], line)
                if one.key in found:
                    raise EquivalentError(f"{path}:{line}: listed twice; remove one of the entries")
                found[one.key] = one
    return found


def _several(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def key(mutant: Mutant) -> tuple[str, str, str, str]:
    return (mutant.file, mutant.function, mutant.check, mutant.changed)


def unmatched(entries: Iterable[Equivalent], mutants: Iterable[Mutant], path: Path = LIST) -> list[str]:
    """What is wrong with entries that name no mutant."""
    there = {key(mutant) for mutant in mutants}
    return [
        f"{path}:{entry.line}: no mutant of {entry.function} reads {entry.changed!r}; remove the entry or adapt it"
        for entry in entries
        if entry.key not in there
    ]
