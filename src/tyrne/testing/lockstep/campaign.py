"""Fuzzing guided by coverage: games go on from games that reached something, or begin on a new random system.

Everything is drawn from one seed, so that a campaign of one worker can be repeated call by call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tyrne.testing.lockstep.corpus import Corpus
from tyrne.testing.lockstep.coverage import Feature, Meter, members, path_of
from tyrne.testing.lockstep.game import WRONG, Game, GameError
from tyrne.testing.lockstep.pair import Pair, the_pair
from tyrne.testing.lockstep.play import STEPS_A_COMPARISON, STEPS_A_LOOK, STEPS_A_SYSTEM
from tyrne.testing.lockstep.player import Player
from tyrne.testing.lockstep.random_systems import random_manifest, random_ticks
from tyrne.testing.lockstep.step import Step
from tyrne.testing.lockstep.tally import Tally
from tyrne.testing.lockstep.variation import varied

Firsts = list[tuple[int, list[Feature]]]
"""The features that a game has come to, each once, by the number of steps until then."""

NEW_SYSTEMS: Final = 0.5
"""The share of games that begin on a new system; without guidance it is all of them."""
RELEASE_KERNELS: Final = 0.15
"""The share of new systems on a kernel without console_write, whose edges nobody counts."""
OTHER_TICKS: Final = 0.1
"""The share of games that go on from another one whose ticks come elsewhere."""
MORE_STEPS: Final = (300, 1000, 2000)
"""How many steps go on from those of the corpus."""


@dataclass
class Reached:
    """What a campaign, or several, have done until now."""

    tally: Tally
    """Of steps that were taken anew."""
    replayed: Tally
    """Of steps that only led back to where a kept game was, unchanged."""
    features: int
    """The edges and buckets, as bits."""
    paths: set[Feature]
    """The ways of going through the kernel in one trap."""
    corpus: int
    """How many games are kept."""

    def add(self, other: Reached) -> None:
        self.tally.add(other.tally)
        self.replayed.add(other.replayed)
        self.features |= other.features
        self.paths |= other.paths
        self.corpus += other.corpus


class Campaign:
    """One game after the other. What goes wrong raises GameError."""

    def __init__(self, seed: int, guided: bool = True, known: Iterable[Game] = ()) -> None:
        """`known` are games to begin with; those on release kernels are left out."""
        self._random: Final = Random(seed)
        self._seed: Final = seed
        self._guided: Final = guided
        self._pair: Final = the_pair(True, counting=True)
        self.meter: Final = Meter(self._pair.library)
        self.corpus: Final = Corpus()
        self.features = 0
        self.paths: Final[set[Feature]] = set()
        self.tally: Final = Tally()
        self.replayed: Final = Tally()
        self._games = 0
        self._known: Final = [game for game in known if game.debug_console]

    def reached(self) -> Reached:
        return Reached(self.tally, self.replayed, self.features, self.paths, len(self.corpus))

    def play_until(self, calls: int) -> None:
        """Whole games until so many calls have been made anew."""
        while self.tally.calls.total() < calls:
            self.play()

    def play(self) -> None:
        """One more game."""
        random = self._random
        self._games += 1
        if self._known:
            game = self._known.pop()
            self._go(game, game.steps, len(game.steps), 0, True)
        elif not self._guided or not len(self.corpus) or random.random() < NEW_SYSTEMS:
            game = Game(random_manifest(random), random.random() >= RELEASE_KERNELS, random_ticks(random))
            self._go(game, (), 0, STEPS_A_SYSTEM, True)
        else:
            entry = self.corpus.choose(random)
            planned = varied(random, entry.steps, self.corpus.choose(random).steps)
            same = next((i for i, pair in enumerate(zip(planned, entry.steps, strict=False)) if pair[0] is not pair[1]),
                        min(len(planned), len(entry.steps)))  # fmt: skip
            ticks = entry.ticks
            if random.random() < OTHER_TICKS:
                ticks, same = random_ticks(random), 0
            self._go(Game(entry.manifest, True, ticks), planned, same, random.choice(MORE_STEPS), False)

    def _go(self, game: Game, planned: Sequence[Step], same: int, more: int, is_new: bool) -> None:
        """Play the planned steps, of which the first `same` are known to agree, then random ones. What is known to boot
        alike need not be compared then."""
        pair = self._pair if game.debug_console else the_pair(False)
        made: list[Step] = []
        firsts: Firsts = []
        try:
            self.meter.clear()
            pair.start(game.manifest, game.ticks, compare=is_new)
            firsts = self._steps(pair, made, planned, same, more)
            pair.compare_all()
            self.features |= self.meter.take()
        except WRONG as cause:
            name = f"seed {self._seed}, game {self._games}"
            raise GameError(name, replace(game, steps=made), cause) from cause
        if game.debug_console:
            self.corpus.add(replace(game, steps=made), firsts)

    def _steps(self, pair: Pair, made: list[Step], planned: Sequence[Step], same: int, more: int) -> Firsts:
        """Make the steps; returns the features that are new in this game, by the number of steps until then."""
        counting = pair is self._pair
        meter, seen, edges = self.meter, 0, len(self.meter.edges)
        paths: set[Feature] = set()
        firsts: Firsts = []
        player = Player(self._random, pair)
        last = len(planned) + more
        self.features |= meter.take()  # of boot, which no step leads to
        for number in range(1, last + 1):
            if pair.stopped:
                break
            if number <= len(planned):
                step = planned[number - 1]
                player.follow(step)
            else:
                step = player.next_step()
            made.append(step)
            pair.take(step)
            (self.replayed if number <= same else self.tally).count(pair.records, pair.work)
            if counting:
                taken = meter.take()
                path = path_of(taken)
                if path not in paths:
                    paths.add(path)
                    fresh = taken & ~seen
                    seen |= fresh
                    firsts.append((number, [path, *members(fresh, edges)]))
            if number % STEPS_A_COMPARISON == 0:
                pair.compare_all()
            if number % STEPS_A_LOOK == 0 and number > same and not pair.stopped and player.is_at_its_end():
                break
        self.tally.systems += 1
        self.features |= seen
        self.paths.update(paths)
        return firsts
