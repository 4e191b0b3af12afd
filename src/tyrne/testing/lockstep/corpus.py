"""The games that are worth going on from: for each feature a short one that has reached it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Final

from tyrne.compiler.build.cache import digest
from tyrne.system.errors import RequestError
from tyrne.testing.lockstep.coverage import Feature
from tyrne.testing.lockstep.game import Game
from tyrne.testing.lockstep.step import Step

SUFFIX: Final = ".game"
MOST_ENTRIES: Final = 2000
"""Beyond that, those go whose features most games reach."""
START_COST: Final = 20
"""What the start of a system costs, in steps."""
SHORTER: Final = 0.6
"""How much shorter a game must be to take the place of another."""


@dataclass(eq=False)
class Entry:
    """A game whose last step reached something first, and the features that it stands for."""

    manifest: bytes
    ticks: int
    """The seed of the game's ticks, as in `Game`."""
    steps: Sequence[Step]
    features: set[Feature] = field(default_factory=set)


class Corpus:
    """Entries by feature. What few games reach, and what is soon reached again, is chosen often."""

    def __init__(self) -> None:
        self._best: Final[dict[Feature, Entry]] = {}
        self._games: Final[dict[Feature, int]] = {}
        """How many games have reached each feature."""
        self._entries: list[Entry] = []
        self._sums: list[float] = []
        """Of the weights of the entries, up to each of them; empty when they have to be weighed anew."""

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Sequence[Entry]:
        return self._entries

    def add(self, game: Game, first: Iterable[tuple[int, Iterable[Feature]]]) -> None:
        """Take in a game; `first` gives the features by the number of steps after which they were first reached."""
        for length, features in first:
            gained = set()
            for feature in features:
                games = self._games[feature] = self._games.get(feature, 0) + 1
                best = self._best.get(feature)
                if games == 1 or (best is not None and length < SHORTER * len(best.steps)):
                    gained.add(feature)
            if gained:
                self._keep(Entry(game.manifest, game.ticks, tuple(game.steps[:length]), gained))
        if len(self._entries) > MOST_ENTRIES:
            self._drop_half()

    def choose(self, random: Random) -> Entry:
        """An entry, the more likely the fewer games have reached what it stands for, and the fewer steps it takes."""
        if len(self._sums) != len(self._entries) or random.random() < 0.01:
            self._weigh()
        return random.choices(self._entries, cum_weights=self._sums)[0]

    def _keep(self, entry: Entry) -> None:
        emptied = set()
        for feature in entry.features:
            before = self._best.get(feature)
            if before is not None:
                before.features.discard(feature)
                if not before.features:
                    emptied.add(id(before))
            self._best[feature] = entry
        if emptied:
            self._entries = [kept for kept in self._entries if id(kept) not in emptied]
        self._entries.append(entry)
        self._sums = []

    def _weigh(self) -> None:
        self._sums = list(accumulate(map(self._weight, self._entries)))

    def _weight(self, entry: Entry) -> float:
        return max(1 / self._games[feature] for feature in entry.features) / (START_COST + len(entry.steps))

    def _drop_half(self) -> None:
        """Forget the lighter half of those that stand for paths alone; an edge or a bucket is never forgotten."""
        paths = sorted((entry for entry in self._entries if max(entry.features) < 0), key=self._weight)
        dropped = {id(entry) for entry in paths[: len(paths) // 2]}
        for entry in paths[: len(paths) // 2]:
            for feature in entry.features:
                del self._best[feature]
        self._entries = [entry for entry in self._entries if id(entry) not in dropped]
        self._sums = []


def save(game: Game, folder: Path) -> Path:
    """Write a game under a name that its content gives."""
    text = str(game)
    path = folder / f"{digest([text])[:16]}{SUFFIX}"
    path.write_text(text)
    return path


def load(folder: Path) -> list[Game]:
    """All games of a folder, by their names; RequestError where there is no such folder, or one cannot be read."""
    if not folder.is_dir():
        raise RequestError(f"{folder}: there is no such folder; name one with {SUFFIX} files")
    games = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            games.append(Game.parse(path.read_text()))
        except ValueError as error:
            raise RequestError(f"{path}: {error}; remove the file or write it anew") from None
    return games
