"""The part of an inspection that is about one task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tyrne.inspect.objects import Inspection
from tyrne.system.errors import RequestError
from tyrne.system.similar import meant


def known_task(seen: Inspection, name: str) -> str:
    """The name of a task that is there; RequestError for another, with those there are."""
    return known_name([task.name for task in seen.tasks], name)


def known_name(names: Sequence[str], name: str) -> str:
    """One of the names of tasks; RequestError for another, with those there are."""
    if name in names:
        return name
    mend = meant(name, names) or f"; the tasks are {', '.join(names) or 'none'}"
    raise RequestError(f'no task "{name}" there{mend}')


def restricted(seen: Inspection, task: str) -> Inspection:
    """What a task holds and where it lives, and of the rest all. Capabilities keep their numbers in the whole tree."""
    spaces = tuple(space for space in seen.spaces if task in space.tasks)
    return replace(seen, capabilities=tuple(seen.held_by(task)), spaces=spaces)
