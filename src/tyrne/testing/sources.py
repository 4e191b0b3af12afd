"""What a test may name as a system: a description in a file or in Python, programs, or a system in hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyrne.system.description import SystemDescription, describe
from tyrne.system.manifest import System
from tyrne.system.select import load_system, select

Source = str | Path | Sequence[str | Path] | Mapping[str, Any] | SystemDescription | System
"""A `.toml` file; one program or several, each of which becomes a task with the console at handle word 0; the tables
and keys of a description as Python data; a description that has been read; or a system whose programs are loaded."""


@dataclass(frozen=True)
class Names:
    """What the description calls its objects, each kind in the order of the kernel's numbers."""

    tasks: tuple[str, ...]
    endpoints: tuple[str, ...] = ()
    notifications: tuple[str, ...] = ()
    memory: tuple[str, ...] = ()

    def task(self, number: int) -> str:
        """The name of a task by its number; one that was made while the system ran is `task N`."""
        return self.tasks[number] if number < len(self.tasks) else f"task {number}"

    def number(self, task: str) -> int:
        """The number of a task by its name; a KeyError names those there are."""
        if task in self.tasks:
            return self.tasks.index(task)
        word, _, number = task.partition(" ")
        if word == "task" and number.isdecimal():
            return int(number)
        raise KeyError(f"no task {task!r}; the tasks are {', '.join(self.tasks)}")


def read_source(source: Source, folder: Path | None = None) -> tuple[System, Names]:
    """The system that a source means, its programs built and loaded. Relative paths start at `folder`, by default the
    working directory. RequestError says what is wrong, at its line or its keys."""
    base = Path() if folder is None else folder
    match source:
        case System():
            memory = tuple(region.name for region in source.memory)
            return source, Names(tuple(task.name for task in source.tasks), memory=memory)
        case SystemDescription():
            description = source
        case Mapping():
            description = describe(_plain(source), base)
        case str() | Path():
            description = select([base / source])
        case _:
            description = select([base / path for path in source])
    tasks = tuple(task.name for task in description.tasks)
    memory = tuple(region.name for region in description.memory)
    return load_system(description), Names(tasks, description.endpoints, description.notifications, memory)


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
