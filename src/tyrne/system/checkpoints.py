"""Checkpoints of a run that is repeated: from where to go on, instead of from its start, and which of them to keep.

Distances are in instructions of tasks, of which a transition of the kernel counts as TRANSITION: it takes the host
about as long. A way of SPACING takes some 20 ms.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final, NamedTuple

from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.saved import SavedMachine, Saver
from tyrne.kernel.task import Task

BUDGET: Final = 256 << 20
"""Bytes of the host's memory, about, that the checkpoints of a run take at most; two are kept whatever they take."""
TRANSITION: Final = 10_000
SPACING: Final = 2_500_000
"""From a checkpoint to the next, where there is memory for all, but for one transition: a step back repeats no more."""


class Place(NamedTuple):
    """So many instructions after a transition. Places are in the order of the run."""

    transition: int
    inside: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a run that goes on. `instructions` have begun, `task` runs next."""

    place: Place
    instructions: int
    task: Task | None
    machine: SavedMachine

    @property
    def distance(self) -> int:
        """From the start of the run."""
        return distance(self.place, self.instructions)


def distance(place: Place, instructions: int) -> int:
    """How far a place is from the start of the run, which began so many instructions until there."""
    return place.transition * TRANSITION + instructions


class Checkpoints:
    """Those of one machine, in the order of the run. The first is its start, and stays."""

    def __init__(
        self,
        machine: HostedMachine,
        changing: Sequence[object],
        growing: Sequence[object],
        budget: int = BUDGET,
        spacing: int = SPACING,
    ) -> None:
        """`changing` and `growing`: objects whose state goes with the machine's (tyrne.hosted.saved)."""
        self.spacing: Final = spacing
        self.budget: Final = budget
        self.taken = 0
        """Bytes, about."""
        self._saver: Final = Saver(machine, changing, growing)
        self._kept: Final[list[Checkpoint]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def before(self, place: Place) -> Checkpoint:
        """The last one that is not behind a place."""
        return self._kept[bisect_right(self._kept, place, key=attrgetter("place")) - 1]

    def before_instruction(self, instructions: int) -> Checkpoint:
        """The last one where no more instructions than so many have begun."""
        return self._kept[bisect_right(self._kept, instructions, key=attrgetter("instructions")) - 1]

    def save(self, place: Place, instructions: int, task: Task | None) -> Checkpoint:
        """Make one, if there is none at this place, which is where the machine is. Others may go for it."""
        kept = self._kept
        at = bisect_left(kept, place, key=attrgetter("place"))
        if at < len(kept) and kept[at].place == place:
            return kept[at]
        state = self._saver.save(kept[at - 1].machine if at else None)
        made = Checkpoint(place, instructions, task, state)
        kept.insert(at, made)
        self.taken += self._size(at)
        while self.taken > self.budget and len(kept) > 2:
            self._forget_one(made)
        return made

    def restore(self, checkpoint: Checkpoint) -> None:
        """Let the machine be there."""
        self._saver.restore(checkpoint.machine)

    def _size(self, at: int) -> int:
        """What one takes that its neighbours do not have."""
        near = [self._kept[i].machine for i in (at - 1, at + 1) if 0 <= i < len(self._kept)]
        return self._kept[at].machine.size(*near)

    def _forget_one(self, made: Checkpoint) -> None:
        """Forget the one that is missed least: the gap that it leaves is small, or it is far from the one that was just
        `made`. So they are the sparser the farther they are from where one looks."""
        kept, here = self._kept, made.distance
        places = [checkpoint.distance for checkpoint in kept]
        places.append(places[-1] + self.spacing)

        def loss(at: int) -> float:
            return (places[at + 1] - places[at - 1]) / (abs(places[at] - here) + self.spacing)

        at = min((i for i in range(1, len(kept)) if kept[i] is not made), key=loss)
        self.taken -= self._size(at)
        del kept[at]
