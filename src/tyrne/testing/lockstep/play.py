"""Random systems played in lock step until something differs."""

from __future__ import annotations

from random import Random
from typing import Final

from tyrne.testing.lockstep.game import WRONG, Game, GameError
from tyrne.testing.lockstep.pair import the_pair
from tyrne.testing.lockstep.player import Player
from tyrne.testing.lockstep.random_systems import random_manifest, random_ticks
from tyrne.testing.lockstep.tally import Tally

STEPS_A_SYSTEM: Final = 2000
"""At most, then another system starts."""
STEPS_A_COMPARISON: Final = 250
"""Between two comparisons of everything; registers and journal are compared at each step."""
STEPS_A_LOOK: Final = 50
"""Between two looks at whether the system is good for anything."""
WITH_CONSOLE: Final = 0.8
"""The share of systems on a kernel that has console_write."""


def play(seed: int, steps: int = STEPS_A_SYSTEM, every: int = STEPS_A_COMPARISON) -> Tally:
    """Make at most `steps` steps on one random system."""
    random = Random(seed)
    game = Game(random_manifest(random), random.random() < WITH_CONSOLE, random_ticks(random))
    tally = Tally()
    tally.systems = 1
    pair = the_pair(game.debug_console)
    try:
        pair.start(game.manifest, game.ticks)
        player = Player(random, pair)
        while tally.steps < steps and not pair.stopped:
            step = player.next_step()
            game.steps.append(step)
            pair.take(step)
            tally.count(pair.records, pair.work)
            if tally.steps % every == 0:
                pair.compare_all()
            if tally.steps % STEPS_A_LOOK == 0 and not pair.stopped and player.is_at_its_end():
                break
        pair.compare_all()
    except WRONG as cause:
        raise GameError(f"seed {seed}", game, cause) from cause
    return tally
