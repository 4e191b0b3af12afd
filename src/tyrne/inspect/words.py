"""Sentences about what is inspected, and names that are fit to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tyrne.system.names import Names
from tyrne.system.outline import count as counted
from tyrne.system.printable import printable

__all__ = ["NAME", "TEXT", "clean", "clean_names", "counted", "deadline_words", "how_words", "of_kind"]

TEXT: Final = 200
"""Characters of a path, a function or a sentence."""
NAME: Final = 64
"""Characters of a name; a description's have 32 bytes, a damaged report's any number."""
OBJECTS: Final = 64
"""Of one kind that have a name: more than a kernel holds."""


def clean(text: str, most: int = NAME) -> str:
    """Text of others on one line of bounded length, with escapes."""
    shown = printable(text[:most])
    return shown if len(shown) <= most and len(text) <= most else f"{shown[: most - 1]}…"


def clean_names(names: Names) -> Names:
    """The same names, fit to be shown, different within one kind."""
    kinds = (names.tasks, names.endpoints, names.notifications, names.memory)
    return Names(*(_different([clean(name) for name in kind[:OBJECTS]]) for kind in kinds))


def _different(names: Sequence[str]) -> tuple[str, ...]:
    """A description has no name twice; a damaged report may."""
    return tuple(name if name not in names[:i] else f"{name} ({i})" for i, name in enumerate(names))


def of_kind(kind: str, name: str) -> str:
    """An object with what it is: `endpoint door`. One that the description does not name says so already:
    `endpoint 3`."""
    return f"{kind} {name.removeprefix(f'{kind} ')}"


def deadline_words(at: int, notification: str | None, bits: int) -> str:
    """What happens at a time."""
    what = "its wait ends" if notification is None else f"{bits:#x} is signalled to {notification}"
    return f"{what} at {at:,} ns"


def how_words(place: str, how: str, giver: str | None, transition: int | None) -> str:
    """How a capability came to where it is."""
    if how == "answer" and giver is not None:
        since = "" if transition is None else f", since transition {transition}"
        return f"may answer {giver}{since}"
    when = "" if transition is None else f" at transition {transition}"
    source = "" if giver is None else f" {_PREPOSITIONS.get(how, 'from')} {giver}"
    if place != "table":
        return f"{_PLACES[place]}{source}{when}"
    return f"{_HOW.get(how, how)}{source}{when}"


_PLACES: Final = {
    "message": "travels in a message",
    "home": "the space that it lives in",
    "supervisor": "hears of its faults and its end",
    "origin": "stands for the object",
    "kernel": "kept by the kernel",
}
_HOW: Final = {"answer": "may answer", "description": "from the description", "later": "since after the start"}
_PREPOSITIONS: Final = {"moved": "here by", "made": "by"}
