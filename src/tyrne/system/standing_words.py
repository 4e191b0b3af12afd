"""Where a task stands that has not ended, in words: what it waits for, by the names of the description."""

from __future__ import annotations

from typing import Final

from tyrne.abi import CapKind, TaskState
from tyrne.hal.board import Standing
from tyrne.system.names import Names, called

_S, _K = TaskState, CapKind
WAITS: Final[dict[tuple[int, int], str]] = {
    (_S.SENDING.value, _K.ENDPOINT.value): "waits for a receiver at endpoint {name}",
    (_S.RECEIVING.value, _K.ENDPOINT.value): "waits for a message at endpoint {name}",
    (_S.RECEIVING.value, _K.NOTIFICATION.value): "waits for signals of notification {name}",
    (_S.CALLING.value, _K.TASK.value): "waits for an answer from {name}",
    (_S.CALLING.value, 0): "waits for an answer from whoever takes its reply capability",
    (_S.SUSPENDED.value, 0): "is suspended",
    (_S.INACTIVE.value, 0): "was never started",
}
"""By the state, and the kind of what is waited for."""


def waits(standing: Standing, names: Names) -> str | None:
    """What a task waits for; None for one that could run."""
    kind, number = int(standing.kind), int(standing.index)
    words = WAITS.get((int(standing.state), kind))
    return None if words is None else words.format(name=_name(kind, number, int(standing.generation), names))


def _name(kind: int, number: int, generation: int, names: Names) -> str:
    """What the description calls an object; its number if a task has made it."""
    if kind == CapKind.TASK.value:
        return names.task(number)
    known = names.endpoints if kind == CapKind.ENDPOINT.value else names.notifications
    return called(known, number, generation)
