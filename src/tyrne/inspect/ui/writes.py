"""Which write made a word of memory what it is.

A run is made again. The word is compared after each transition, and then between the instructions before the one that
changed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tyrne.inspect import page_tables
from tyrne.kernel.authority import live_space
from tyrne.lang import Trap
from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay

WORD: Final = 8
"""Bytes."""


@dataclass(frozen=True)
class Written:
    """A word was changed from `before` to `after`: by the instruction of `task` that comes next at this position; where
    `task` is None in the transition before it, by the kernel or a device."""

    transition: int
    inside: int
    task: int | None
    before: int
    after: int


def physical(replay: Replay, task: int, address: int) -> int:
    """Where a word of a task's memory lies, as its tables say now; RequestError where nothing is mapped, or no RAM."""
    kernel = replay.kernel
    found = next((t for t, lives in zip(kernel.tasks.items, kernel.tasks.occupied, strict=True)
                  if lives and int(t.number) == task), None)  # fmt: skip
    space = None if found is None else live_space(found)
    place = None if space is None else page_tables.physical(kernel.board, int(space.root), address)
    if address % WORD:
        raise RequestError(f"{address:#x} is no address of a word; write a multiple of {WORD}")
    if place is None:
        raise RequestError(f"nothing is mapped at {address:#x}")
    try:
        kernel.board.get(place, WORD)
    except Trap:  # there is no RAM
        raise RequestError(f"at {address:#x} are registers of a device") from None
    return place


def last_write(replay: Replay, place: int, transition: int, inside: int) -> Written | None:
    """The last change of a word before a position; None if nothing has changed it. The replay moves."""

    def word() -> int:
        return int.from_bytes(replay.kernel.board.get(place, WORD), "little")

    replay.to(0)
    changed: tuple[int, int, int] | None = None
    """The position before, how many instructions there are from there to the next trap, and the word."""
    value = word()
    while replay.position < transition:
        position, begun = replay.position, replay.instructions
        if replay.step() is None:
            break
        if word() != value:
            changed = position, max(0, replay.instructions - begun - 1), value
            value = word()
    replay.go(transition, inside)
    if word() != value:
        changed = transition, inside, value
    return None if changed is None else _within(replay, word, *changed)


def _within(replay: Replay, word: Callable[[], int], position: int, instructions: int, before: int) -> Written:
    """The instruction after a position that changed a word, if it was one of so many, by halves."""
    replay.go(position, instructions)
    after, task = word(), replay.next_task
    if after == before or task is None:
        replay.to(position + 1)
        return Written(position + 1, 0, None, before, word())
    low, high = 0, instructions
    while high - low > 1:
        middle = (low + high) // 2
        replay.go(position, middle)
        low, high = (low, middle) if word() == after else (middle, high)
    replay.go(position, low)
    return Written(position, low, int(task.number), word(), after)
