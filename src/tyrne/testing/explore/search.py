"""Breadth-first search through all states of a model, level by level, each state once.

    report = explore(model, Serial())
    assert report.exhausted and report.violation is None

A violation's trace is a shortest one, counting actions: a level is finished before the next is begun, also when only so
many states were to be expanded, and of several violations in one level the first in order is taken. What is found does
not depend on the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tyrne.testing.explore.canonical import Key
from tyrne.testing.explore.checkpoint import Checkpoint
from tyrne.testing.explore.engine import Chunk, Engine
from tyrne.testing.explore.expansion import Expansion, Stepper, Trace, Violation
from tyrne.testing.explore.model import Model
from tyrne.testing.explore.progress import Progress

SMALLEST_CHUNK, LARGEST_CHUNK = 8, 400
"""States that a worker is given at once: enough for their traces to share most of their steps."""


@dataclass
class Report:
    """What a search has come to."""

    model: Model
    states: int
    """Distinct ones that were reached, the first one among them."""
    progress: Progress
    exhausted: bool
    """Whether every state was expanded: what holds of them holds of everything that the alphabet can lead to."""
    violation: Violation | None


Watch = Callable[[Progress, int], None]
"""Told now and then how far it is, and how many distinct states are known."""


def chunks(frontier: list[Trace], workers: int) -> Iterator[Chunk]:
    """A level in pieces of neighbours, several for each worker."""
    size = max(SMALLEST_CHUNK, min(LARGEST_CHUNK, len(frontier) // (4 * workers) + 1))
    return (frontier[start : start + size] for start in range(0, len(frontier), size))


def explore(
    model: Model,
    engine: Engine,
    *,
    checkpoint: Checkpoint | None = None,
    max_states: int | None = None,
    watch: Watch = lambda progress, states: None,
) -> Report:
    """Search until there is nothing new, a violation is found, or so many states have been expanded.

    With a checkpoint it goes on behind the last level that was finished.
    """
    progress = Progress()
    seen: set[Key] = set()
    stored = None if checkpoint is None else checkpoint.load(model)
    if stored is None:
        seen.add(Stepper(model).canonical.key())
    else:
        progress, seen = stored
    violation: Violation | None = None
    while progress.frontier and violation is None:
        rest: list[Trace] = []
        if max_states is not None:
            room = max(0, max_states - progress.expanded)
            progress.frontier, rest = progress.frontier[:room], progress.frontier[room:]
        violation, following, new = _level(model, engine, progress, seen, watch)
        if violation is not None and rest:  # in what is left of the level there may be one that is nearer, or before it
            progress.frontier = rest
            other, _, _ = _level(model, engine, progress, seen, watch)
            violation = _first([violation, *([] if other is None else [other])])
        progress.frontier = sorted([*rest, *following])
        if rest:
            break
        progress.depth += 1
        if checkpoint is not None and violation is None:
            checkpoint.save(model, progress, seen, new)
        watch(progress, len(seen))
    exhausted = not progress.frontier and violation is None
    return Report(model, len(seen), progress, exhausted, violation)


def _level(
    model: Model, engine: Engine, progress: Progress, seen: set[Key], watch: Watch
) -> tuple[Violation | None, list[Trace], list[Key]]:
    """Expand every state of the frontier: a violation, the states that follow, and their keys."""
    violations: list[Violation] = []
    following: dict[Key, Trace] = {}
    for result in engine.run(model, chunks(progress.frontier, engine.workers)):
        _count(progress, result)
        if result.violation is not None:
            violations.append(result.violation)
        for key, trace in result.found:
            if key not in seen:
                old = following.get(key)
                if old is None or trace < old:
                    following[key] = trace
        watch(progress, len(seen) + len(following))
    seen.update(following)
    return _first(violations), list(following.values()), list(following)


def _first(violations: Iterable[Violation]) -> Violation | None:
    """The one with the shortest trace, and of these the first in order."""
    return min(violations, key=lambda violation: (len(violation.trace), violation.trace), default=None)


def _count(progress: Progress, result: Expansion) -> None:
    progress.expanded += result.states
    progress.transitions += result.transitions
    progress.refusals += result.refusals
    progress.met.update(result.met)
