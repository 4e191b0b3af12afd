"""Random systems played in lock step until something differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from tyrne.testing.lockstep.pair import DisagreementError, Pair, PanicError, Step, UnfairError
from tyrne.testing.lockstep.player import Player
from tyrne.testing.lockstep.random_systems import random_manifest
from tyrne.testing.lockstep.tally import Tally

STEPS_A_SYSTEM: Final = 2000
"""At most, then another system starts."""
STEPS_A_COMPARISON: Final = 250
"""Between two comparisons of everything; registers and journal are compared at each step."""
STEPS_A_LOOK: Final = 50
"""Between two looks at whether the system is good for anything; and between two comparisons in a replay."""
WRONG: Final = (DisagreementError, PanicError, UnfairError)


@dataclass
class Game:
    """One system, and the steps that were made on it."""

    manifest: bytes
    debug_console: bool
    steps: list[Step] = field(default_factory=list)


class GameError(AssertionError):
    """A game has come to something that must not be; `cause` says what."""

    def __init__(self, seed: int, game: Game, cause: AssertionError) -> None:
        super().__init__(seed, game, cause)
        self.game: Final = game
        self._text: Final = f"seed {seed}, step {len(game.steps)}: {type(cause).__name__}: {cause}"

    def __str__(self) -> str:
        return self._text


def play(seed: int, steps: int = STEPS_A_SYSTEM, every: int = STEPS_A_COMPARISON) -> Tally:
    """Make at most `steps` steps on one random system."""
    random = Random(seed)
    game = Game(random_manifest(random), random.random() < 0.8)
    tally = Tally()
    tally.systems = 1
    try:
        pair = Pair(game.manifest, game.debug_console)
        player = Player(random, pair)
        while tally.steps < steps and not pair.stopped:
            step = player.next_step()
            game.steps.append(step)
            pair.take(step)
            tally.count(pair.records)
            if tally.steps % every == 0:
                pair.compare_all("comparison of everything")
            if tally.steps % STEPS_A_LOOK == 0 and not pair.stopped and player.is_at_its_end():
                break
        pair.compare_all("comparison of everything")
    except WRONG as cause:
        raise GameError(seed, game, cause) from cause
    return tally


def replay(game: Game) -> AssertionError | None:
    """The same steps again, everything compared every few of them and at the end; what goes wrong first."""
    try:
        pair = Pair(game.manifest, game.debug_console)
        for number, step in enumerate(game.steps, 1):
            if pair.stopped:
                break
            pair.take(step)
            if number % STEPS_A_LOOK == 0:
                pair.compare_all("comparison of everything")
        pair.compare_all("comparison of everything")
    except WRONG as cause:
        return cause
    return None
