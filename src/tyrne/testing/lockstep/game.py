"""A game: one system, and what its tasks do one after the other. As text it can be kept, read and played again."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from typing import Final

from tyrne.abi import VERSION
from tyrne.hal.interrupt import MOST_SEED
from tyrne.testing.lockstep.pair import DisagreementError, ForbiddenChangeError, PanicError, UnfairError, the_pair
from tyrne.testing.lockstep.step import Step

STEPS_A_LOOK: Final = 50
"""Between two comparisons of everything in a replay."""
WRONG: Final = (DisagreementError, PanicError, UnfairError, ForbiddenChangeError)
_DEBUG: Final = {True: "debug", False: "release"}


@dataclass
class Game:
    """One system, and the steps that were made on it."""

    manifest: bytes
    debug_console: bool
    """Whether the kernel is one that has console_write."""
    ticks: int = 0
    """The seed of ticks between the steps of the kernel's long work; 0: none comes."""
    steps: list[Step] = field(default_factory=list)

    def __str__(self) -> str:
        """A line with kernel, version of the interface, the ticks if there are any, and manifest (zlib, base64); then
        one for each step."""
        manifest = b64encode(zlib.compress(self.manifest, 9)).decode()
        ticks = f" ticks={self.ticks}" if self.ticks else ""
        return "\n".join([f"{_DEBUG[self.debug_console]} {VERSION}{ticks} {manifest}", *map(str, self.steps), ""])

    @classmethod
    def parse(cls, text: str) -> Game:
        """The game that `str` gave, of this version of the interface or an older one, whose steps mean the same; of one
        from before there were versions none is said. ValueError for anything else."""
        first, *steps = text.strip().splitlines() or [""]
        profile, _, rest = first.partition(" ")
        between, _, manifest = rest.rpartition(" ")
        version, told, ticks = between.partition(" ticks=")
        if profile not in _DEBUG.values():
            raise ValueError(f"no game: it begins with {first[:40]!r} and not with debug or release")
        if version and not version.isdecimal():
            raise ValueError(f"no game: {version[:40]!r} is no version of the interface")
        if version and int(version) > VERSION:
            raise ValueError(f"made with version {version} of the interface, and this tyrne has version {VERSION}")
        if told and not (ticks.isdecimal() and 0 < int(ticks) <= MOST_SEED):
            raise ValueError(f"no game: {ticks[:40]!r} is no seed of ticks from 1 to 2^63 - 1")
        try:
            unpacked = zlib.decompress(b64decode(manifest, validate=True))
        except (ValueError, zlib.error) as error:
            raise ValueError(f"no manifest: {error}") from None
        return cls(unpacked, profile == _DEBUG[True], int(ticks or 0), [Step.parse(line) for line in steps])


class GameError(AssertionError):
    """A game has come to something that must not be; `cause` says what."""

    def __init__(self, name: str, game: Game, cause: AssertionError) -> None:
        super().__init__(name, game, cause)
        self.name: Final = name
        """Which game it was."""
        self.game: Final = game
        self.cause: Final = cause

    def __str__(self) -> str:
        return f"{self.name}, step {len(self.game.steps)}: {type(self.cause).__name__}: {self.cause}"


def replay(game: Game, counting: bool = False) -> AssertionError | None:
    """The same steps again, everything compared every few of them and at the end; what goes wrong first.

    With `counting` on the compiled kernel that counts its edges, which is compiled a little differently.
    """
    pair = the_pair(game.debug_console, counting)
    try:
        pair.start(game.manifest, game.ticks)
        for number, step in enumerate(game.steps, 1):
            if pair.stopped:
                break
            pair.take(step)
            if number % STEPS_A_LOOK == 0:
                pair.compare_all()
        pair.compare_all()
    except WRONG as cause:
        return cause
    return None
