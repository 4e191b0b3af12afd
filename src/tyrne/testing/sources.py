"""What a test may name as a system: a description in a file or in Python, programs, or a system in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tyrne.system.described import SystemDescription
from tyrne.system.description import describe
from tyrne.system.manifest import System
from tyrne.system.names import Names
from tyrne.system.select import load_system, select

Source = str | Path | Sequence[str | Path] | Mapping[str, Any] | SystemDescription | System
"""A `.toml` file; one program or several, each of which becomes a task with the console at handle word 0; the tables
and keys of a description as Python data; a description that has been read; or a system whose programs are loaded."""


def read_source(source: Source, folder: Path | None = None) -> tuple[System, Names]:
    """The system that a source means, its programs built and loaded. Relative paths start at `folder`, by default the
    working directory. RequestError says what is wrong, at its line or its keys."""
    base = Path() if folder is None else folder
    match source:
        case System():
            return source, source.names
        case SystemDescription():
            description = source
        case Mapping():
            description = describe(_plain(source), base)
        case str() | Path():
            description = select([base / source])
        case _:
            description = select([base / path for path in source])
    system = load_system(description)
    return system, system.names


def _plain(value: Any) -> Any:
    """Data as TOML would give it: a path is a string, a tuple an array."""
    match value:
        case Mapping():
            return {key: _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case Path():
            return str(value)
    return value
