"""Positions of a run as one writes them, and the way there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tyrne.system.errors import RequestError
from tyrne.system.replay import Replay
from tyrne.system.transition import Transition

_TARGET: Final = re.compile(r"(?P<transition>-?\d{1,18})(\+(?P<more>\d{1,18}))?|(?P<begun>\d{1,18})i", re.ASCII)


@dataclass(frozen=True)
class Target:
    """So many instructions after a transition, which counts from the end below zero; after None: since the start."""

    transition: int | None
    instructions: int

    @property
    def text(self) -> str:
        return f"{self.instructions}i" if self.transition is None else f"{self.transition}+{self.instructions}"


def target_of(text: str, option: str) -> Target:
    """What an option says: `4`, `-1`, `4+120` or `2000i`; else RequestError."""
    found = _TARGET.fullmatch(text)
    if found is None:
        raise RequestError(f"{option} {text}: not a position; write 4 or -1, 4+120 or 2000i")
    if found["begun"] is not None:
        return Target(None, int(found["begun"]))
    return Target(int(found["transition"]), int(found["more"] or 0))


def move(
    replay: Replay, target: Target | None, option: str, passed: Callable[[Transition], None] = lambda made: None
) -> None:
    """Go to a position, or to the end; RequestError where there is none. Whole transitions on the way are told to
    `passed`. A limit of the replay may end it before."""
    if target is None or target.transition is not None:
        _go(replay, None if target is None else target.transition, option, passed)
    if target is None:
        return
    try:
        if target.transition is None:
            replay.to_instruction(target.instructions)
        elif target.instructions:
            replay.advance(target.instructions)
    except IndexError as error:
        raise RequestError(f"{option} {target.text}: {error}; give a smaller number") from None


def forward(replay: Replay) -> bool:
    """One instruction; where that traps, or an interrupt is due, the transition instead. Whether there was one."""
    here = replay.place
    replay.run_on(1)
    return replay.place != here


def backward(replay: Replay) -> None:
    """To the place from which `forward` would come here; IndexError at the start of the run. Where checkpoints are kept
    (`Replay.keep_checkpoints`), it takes some milliseconds, however long the run is."""
    position, inside = replay.place
    if inside:
        replay.go(position, inside - 1)
        return
    end = replay.instructions
    replay.back()
    made = end - replay.instructions
    if made:
        replay.go(position - 1, made - 1)
        replay.run_on(1)
        if replay.place != (position - 1, made):  # where the next one is that trapped, as it was fetched
            replay.go(position - 1, made - 1)


def _go(replay: Replay, position: int | None, option: str, passed: Callable[[Transition], None]) -> None:
    """To a position between two transitions, or to the end."""
    target = position
    if position is not None and position < 0:
        target = max(-1, replay.length + position)
    if target is not None and target >= 0 and (target, 0) < replay.place:
        replay.to(target)
    while replay.position != target and (made := replay.step()) is not None:
        passed(made)
    if target is not None and replay.position != target and not replay.limited:
        length = replay.length
        raise RequestError(
            f"{option} {position}: the run has {length} transitions; give a number from {-length} to {length}"
        )
