"""From a game that went wrong to a short one that goes wrong in the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tyrne.testing.lockstep.game import Game, replay
from tyrne.testing.lockstep.step import Step


def shrunk(game: Game, tries: int = 1000, counting: bool = False) -> Game:
    """Leave out as many steps as can be left out, then as many registers, in at most so many replays.

    A shorter game counts as wrong in the same way when its error is of the same class. `counting` is as in `replay`. A
    game in which nothing goes wrong stays as it is.
    """
    found = replay(game, counting)
    if found is None:
        return game
    kind = type(found)
    left = tries

    def still_wrong(steps: list[Step]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and type(replay(replace(game, steps=steps), counting)) is kind

    steps = without_pieces(game.steps, still_wrong)
    return replace(game, steps=_with_fewer_registers(steps, still_wrong))


def without_pieces(steps: list[Step], suffices: Callable[[list[Step]], bool]) -> list[Step]:
    """The steps that suffice: pieces of half the length are dropped, then of a quarter, and so on to single ones."""
    piece = len(steps) // 2
    while piece:
        at = 0
        while at < len(steps):
            shorter = steps[:at] + steps[at + piece :]
            if suffices(shorter):
                steps = shorter
            else:
                at += piece
        piece //= 2
    return steps


def _with_fewer_registers(steps: list[Step], still_wrong: Callable[[list[Step]], bool]) -> list[Step]:
    for at, step in enumerate(steps):
        for number in step.registers:
            rest = {key: value for key, value in steps[at].registers.items() if key != number}
            simpler = [*steps[:at], replace(steps[at], registers=rest), *steps[at + 1 :]]
            if still_wrong(simpler):
                steps = simpler
    return steps
