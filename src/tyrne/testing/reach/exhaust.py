"""Every state of a model, to see what authority is ever held there: nothing is left to chance, as it is in a walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.testing.explore.alphabet import Call, perform
from tyrne.testing.explore.expansion import Stepper
from tyrne.testing.explore.model import Model
from tyrne.testing.reach.watch import Watch

MOST_STATES: Final = 1000


@dataclass(frozen=True)
class Seen:
    """What was watched in all states; `exhausted` unless there are more of them than were to be looked at."""

    watch: Watch
    states: int
    exhausted: bool


def exhaust(model: Model, most: int = MOST_STATES, without: frozenset[str] = frozenset()) -> Seen:
    """Every state that the calls of a model lead to, until there are too many, or something is wrong."""
    stepper = Stepper(model)
    kernel, snapshot = stepper.kernel, stepper.snapshot
    watch = Watch(kernel, without)
    known = {stepper.canonical.key()}
    frontier = [stepper.first]
    while frontier and len(known) <= most and not watch.wrong:
        state = frontier.pop()
        snapshot.restore(state)
        for action in stepper.actions():
            if isinstance(action, Call) and action.refused:
                continue
            stepper.board.forget()
            perform(kernel, action)
            after = snapshot.save()
            if after != state:
                key = stepper.canonical.key()
                if key not in known:
                    known.add(key)
                    frontier.append(after)
                    watch.meaning.forget()
                    watch.look()
                snapshot.restore(state, after)
    return Seen(watch, len(known), not frontier and not watch.wrong)
