"""Many random systems, one after the other: what came about, whether `reach` denied it, and how much it denies.

Of systems that are walked through by chance nothing can be said about what never comes about. Of tiny ones every
state is looked at: there it can.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from tyrne.testing.reach.exhaust import MOST_STATES, exhaust
from tyrne.testing.reach.systems import random_system, tiny_system
from tyrne.testing.reach.walk import STEPS, walk
from tyrne.testing.reach.watch import Watch

Progress = Callable[[int], None]
"""Told how many systems are done."""


@dataclass
class Figures:
    """What a campaign has come to."""

    systems: int = 0
    steps: int = 0
    facts: int = 0
    """That came about, each counted once for a system: what is held, offered, mapped and so on."""
    told: int = 0
    """Words that came from one task to another."""
    tiny: int = 0
    """Systems of which every state was looked at."""
    left_out: int = 0
    """Tiny systems with too many states."""
    states: int = 0
    """Of all tiny systems, those that were left out too."""
    never: int = 0
    """Rights over objects that somebody holds at the start, and answers, that a task of these never holds."""
    denied: int = 0
    """Of these, what `reach` denies."""

    @property
    def share(self) -> float:
        """Of what is never held, how much is denied."""
        return self.denied / self.never if self.never else 1.0

    def data(self) -> dict[str, Any]:
        return asdict(self) | {"share": round(self.share, 4)}


@dataclass(frozen=True)
class Found:
    """What came about although it is denied, and in which system."""

    name: str
    what: tuple[str, ...]


def walk_through(seed: int, steps: int = STEPS, without: frozenset[str] = frozenset()) -> Watch:
    """The walk through the random system of a seed."""
    random = Random(seed)
    return walk(random_system(random), random, steps, without)


def campaign(
    figures: Figures,
    systems: range,
    tiny: range,
    without: frozenset[str] = frozenset(),
    progress: Progress = lambda done: None,
    most: int = MOST_STATES,
) -> Found | None:
    """Systems by their seeds, added to figures; the first in which something is wrong ends it. Tiny ones with more than
    `most` states are left out of what is never held."""
    for done, seed in enumerate(systems, 1):
        watch = walk_through(seed, without=without)
        figures.systems += 1
        figures.steps += watch.steps
        figures.facts += watch.facts
        figures.told += watch.told
        if watch.wrong:
            return Found(f"system {seed}", tuple(watch.wrong))
        progress(done)
    for done, seed in enumerate(tiny, len(systems) + 1):
        seen = exhaust(tiny_system(Random(seed)), most, without)
        if seen.watch.wrong:
            return Found(f"tiny system {seed}", tuple(seen.watch.wrong))
        figures.states += seen.states
        if seen.exhausted:
            never = seen.watch.contested() - seen.watch.held
            figures.tiny += 1
            figures.never += len(never)
            figures.denied += sum(map(seen.watch.denied, never))
        else:
            figures.left_out += 1
        progress(done)
    return None
