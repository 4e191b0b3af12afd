"""Whose memory an address is in: that of a task that lives, or of one that has ended, as it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tyrne.inspect.objects import Task
from tyrne.inspect.ui.at import At
from tyrne.inspect.ui.reader import Reader
from tyrne.inspect.ui.writes import physical
from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay


@dataclass(frozen=True)
class Memory:
    """A word of RAM, until when it was that of an address; `before` says before what that was, if it is over."""

    place: int
    until: At
    before: str = ""


def memory_of(replay: Replay, reader: Reader, here: At, tasks: Sequence[Task], address: int) -> Memory:
    """The word that one of some tasks has at an address, or the last of them that has ended had. The replay, which
    stands at `here`, moves. RequestError where there is none, or where tasks that live have different ones."""
    places: dict[int, str] = {}
    reason = None
    living = [task for task in tasks if task.state not in ("exited", "ending")]
    for task in living:
        try:
            places.setdefault(physical(replay, task.number, address), task.name)
        except RequestError as error:
            reason = error
    if len(places) > 1:
        raise RequestError(f"choose a task: {' and '.join(places.values())} have different memory at {address:#x}")
    if places:
        return Memory(next(iter(places)), here)
    ended = reader.ended(here.transition)
    names = {task.number: task.name for task in tasks if task not in living}
    for number in sorted(names.keys() & ended.keys(), key=lambda number: -ended[number]):
        until = reader.trap(ended[number])
        replay.go(until.transition, until.inside)
        try:
            place = physical(replay, number, address)
        except RequestError as error:
            reason = error
        else:
            return Memory(place, until, f" before {names[number]} ended, in {ended[number]}")
    raise reason or RequestError(f"nothing is mapped at {address:#x}")
