"""From all games that a campaign has kept to a few short ones that reach the same edges as often in a trap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tyrne.testing.lockstep.corpus import Entry
from tyrne.testing.lockstep.coverage import Meter
from tyrne.testing.lockstep.game import WRONG, Game
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.step import Step

TRIES: Final = 80
"""Replays by which one game is made shorter."""


def smallest(entries: Sequence[Entry]) -> list[Game]:
    """The games: each takes in as much as possible that those before it leave out, and then loses what it can."""
    games = [Game(entry.manifest, True, list(entry.steps)) for entry in entries]
    left = [(features_of(game), game) for game in games]
    chosen: list[Game] = []
    covered = 0
    while left:
        left = [(rest, game) for features, game in left if (rest := features & ~covered)]
        if not left:
            break
        features, game = max(left, key=lambda item: (item[0].bit_count(), -len(item[1].steps)))
        short = _shortened(game, features)
        covered |= features_of(short)
        chosen.append(short)
    return chosen


def features_of(game: Game) -> int:
    """What a game reaches, boot included; nothing where the kernels do not agree."""
    pair = the_pair(True, counting=True)
    meter = Meter(pair.library)
    meter.clear()
    found = 0
    try:
        pair.start(game.manifest, compare=False)
        found |= meter.take()
        for step in game.steps:
            if pair.stopped:
                break
            pair.take(step)
            found |= meter.take()
        pair.compare_all()
    except WRONG:
        return 0
    return found


def _shortened(game: Game, needed: int) -> Game:
    """The same game with pieces left out, as long as it reaches what is needed of it."""
    steps: list[Step] = game.steps
    tries = TRIES
    piece = len(steps) // 2
    while piece and tries:
        at = 0
        while at < len(steps) and tries:
            shorter = steps[:at] + steps[at + piece :]
            tries -= 1
            if needed & ~features_of(Game(game.manifest, True, shorter)):
                at += piece
            else:
                steps = shorter
        piece //= 2
    return Game(game.manifest, True, steps)
