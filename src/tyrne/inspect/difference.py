"""Two runs side by side: the first transition in which they differ, and how the systems stand then.

Two transitions are the same when the same task has done the same and got the same answers, as `Transition.text` tells
it. So runs of two versions of a program are the same up to the first call that differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tyrne.inspect.data import to_data
from tyrne.inspect.look import look_at_replay
from tyrne.inspect.objects import Inspection, Position
from tyrne.inspect.words import TEXT, clean, of_kind
from tyrne.system.replay import Replay
from tyrne.system.transition import Transition

_LABELS: Final = {
    "tasks": ("task", "name"),
    "capabilities": ("", "handle"),
    "endpoints": ("endpoint", "name"),
    "notifications": ("notification", "name"),
    "spaces": ("space", "name"),
    "regions": ("memory", "name"),
    "quotas": ("quota", "name"),
    "interrupts": ("interrupt", "line"),
}
"""By the fields of an inspection: what an object is, and which field has its name. A capability is called by its holder
and its handle."""
_NOT_COMPARED: Final = frozenset({"number", "parent", "capability", "last_calls", "transition"})
"""Numbers that shift with what stands before; and what the transitions tell."""

_IMPLIED: Final = ("kernel", "origin", "home")
"""Places of capabilities that come and go with an object."""


@dataclass(frozen=True)
class Change:
    """A thing in which two systems differ; None where one does not have it."""

    what: str
    one: str | None
    other: str | None


@dataclass(frozen=True)
class Comparison:
    """Two runs, which did the same for so many transitions. `made` is what each did next, None for one that was over;
    of runs that are the same to their ends, or were compared at one position, it is None of both. `changes` is how
    they stand after it."""

    same_for: int
    made: tuple[str | None, str | None]
    at: tuple[Position, Position]
    changes: tuple[Change, ...]

    @property
    def same(self) -> bool:
        return not self.changes and self.made[0] == self.made[1]


def compare_runs(one: Replay, other: Replay) -> Comparison:
    """Let two runs go on from their starts to the first transition in which they differ, or to their ends."""
    while True:
        made = one.step(), other.step()
        texts = _text(one, made[0]), _text(other, made[1])
        if texts[0] != texts[1] or made[0] is None:
            same_for = min(one.position - (made[0] is not None), other.position - (made[1] is not None))
            return _compare(one, other, same_for, texts)


def compare_positions(one: Replay, other: Replay) -> Comparison:
    """How two runs stand where they are."""
    return _compare(one, other, min(one.position, other.position), (None, None))


def _compare(one: Replay, other: Replay, same_for: int, made: tuple[str | None, str | None]) -> Comparison:
    seen = look_at_replay(one), look_at_replay(other)
    return Comparison(same_for, made, (seen[0].at, seen[1].at), tuple(changes(*seen)))


def _text(replay: Replay, made: Transition | None) -> str | None:
    return None if made is None else clean(made.text(replay.task_name), TEXT)


def changes(one: Inspection, other: Inspection) -> Iterator[Change]:
    """In what two systems differ: objects that only one has, and fields of those that both have."""
    parts = _parts(one), _parts(other)
    for what in dict.fromkeys([*parts[0], *parts[1]]):
        first, second = parts[0].get(what), parts[1].get(what)
        if first is None or second is None:
            yield Change(what, *("there" if part is not None else None for part in (first, second)))
            continue
        for field in first:
            if first[field] != second[field]:
                yield Change(f"{what}: {field.replace('_', ' ')}", _shown(first[field]), _shown(second[field]))


def _parts(seen: Inspection) -> dict[str, dict[str, Any]]:
    """The objects by what they are called, with what is compared of them."""
    data, found = to_data(seen), {}
    for part, (kind, field) in _LABELS.items():
        for each in data[part]:
            place = each.get("place", "table")
            if place in _IMPLIED:
                continue
            what = "" if place == "table" else f"{place} of {each['holder']}"
            name = of_kind(kind, str(each[field])) if kind else f"{each['holder']} {each[field]}"
            found[what or name] = {key: value for key, value in each.items() if key not in _NOT_COMPARED}
    return found


def _shown(value: Any) -> str:
    """A value in short: a line of a source as such, a list by what is in it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return clean("; ".join(map(_shown, value)) or "none", TEXT)
    return "none" if value is None else clean(str(value), TEXT)
