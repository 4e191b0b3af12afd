"""From all games that a campaign has kept to a few short ones that reach the same edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tyrne.testing.lockstep.corpus import Entry
from tyrne.testing.lockstep.coverage import Meter, bits
from tyrne.testing.lockstep.game import WRONG, Game
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.shrinking import without_pieces
from tyrne.testing.lockstep.step import Step

TRIES: Final = 150
"""Replays by which one game is made shorter."""


def smallest(entries: Sequence[Entry]) -> list[Game]:
    """The games: each takes in as much as possible that those before it leave out, and then loses what it can.

    What stands for paths alone is left out from the start.
    """
    worth = (entry for entry in entries if max(entry.features) >= 0)
    games = [Game(entry.manifest, True, entry.ticks, list(entry.steps)) for entry in worth]
    left = [(edges_of(game), game) for game in games]
    chosen: list[Game] = []
    covered = 0
    while left:
        left = [(rest, game) for edges, game in left if (rest := edges & ~covered)]
        if not left:
            break
        edges, game = max(left, key=lambda item: (item[0].bit_count(), -len(item[1].steps)))
        short = _shortened(game, edges)
        covered |= edges_of(short)
        chosen.append(short)
    return chosen


def edges_of(game: Game) -> int:
    """The edges that a game reaches, as bits by their numbers, boot included; none where the kernels do not agree."""
    pair = the_pair(True, counting=True)
    meter = Meter(pair.library)
    meter.clear()
    found = 0
    try:
        pair.start(game.manifest, game.ticks, compare=False)
        found |= meter.take()
        for step in game.steps:
            if pair.stopped:
                break
            pair.take(step)
            found |= meter.take()
        pair.compare_all()
    except WRONG:
        return 0
    return bits(meter.edges_of(found))


def _shortened(game: Game, needed: int) -> Game:
    """The same game with pieces left out, as long as it reaches what is needed of it."""
    left = TRIES

    def suffices(steps: list[Step]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and not needed & ~edges_of(replace(game, steps=steps))

    return replace(game, steps=without_pieces(game.steps, suffices))
