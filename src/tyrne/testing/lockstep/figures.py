"""The figures of a campaign: as data for the scorecard, and as lines to read. No time and no place is in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from tyrne.abi import CallNumber, Status
from tyrne.compiler.build.edges import Edge
from tyrne.system import kernel_source
from tyrne.testing.lockstep.campaign import Reached
from tyrne.testing.lockstep.counted_work import KINDS
from tyrne.testing.lockstep.coverage import BUCKETS, counts, members
from tyrne.testing.lockstep.workers import Work

COMMAND: Final = "make fuzz-calls"
NO_CALL: Final = "no such call"
"""What stands for the numbers of no call."""


def figures(work: Work, reached: Reached, edges: Sequence[Edge], found: str | None) -> dict[str, Any]:
    """What was asked for, what was done, what was reached; `found` says what went wrong, None for nothing.

    Calls and steps are those that both kernels took: `replayed` led unchanged to where a kept game was, and counts
    apart. A call counts once it is answered, or has ended its task; a step is any trap.
    """
    never = never_reached(reached, edges)
    total = sum(map(counts, edges))
    unguided = "" if work.guided else " --unguided"
    return {
        "command": f'{COMMAND} ARGS="--calls {work.calls} --seed {work.seed} --workers {work.workers}{unguided}"',
        "kernel": kernel_source.digest(),
        "guided": work.guided,
        "calls": reached.tally.calls.total(),
        "steps": reached.tally.steps,
        "replayed": {"calls": reached.replayed.calls.total(), "steps": reached.replayed.steps},
        "systems": reached.tally.systems,
        "edges": {"covered": total - len(never), "total": total},
        "never": [{"place": place(edge), "function": edge.function} for edge in never],
        "paths": len(reached.paths),
        "corpus": reached.corpus,
        "found": found,
        "statuses": statuses(reached),
        "events": dict(sorted(reached.tally.events.items())),
        "work": long_work(reached),
    }


def long_work(reached: Reached) -> dict[str, dict[str, int]]:
    """By kind how many steps of long work there were, and after how many another task went on before the rest."""
    work = reached.tally.work
    return {kind: {"steps": work.steps[kind], "preempted": work.preempted[kind]} for kind in KINDS}


def statuses(reached: Reached) -> dict[str, dict[str, int]]:
    """How often each call ended in each status; calls of numbers that there are not stand together."""
    names = {number.value: number.name.lower() for number in CallNumber}
    found: dict[str, dict[str, int]] = {name: {} for name in [*names.values(), NO_CALL]}
    for (number, status), n in sorted(reached.tally.calls.items()):
        own, name = found[names.get(number, NO_CALL)], Status(status).name
        own[name] = own.get(name, 0) + n
    return found


def never_reached(reached: Reached, edges: Sequence[Edge]) -> list[Edge]:
    """The edges that count and were not taken, by their places."""
    taken = {feature // BUCKETS for feature in members(reached.features, len(edges))}
    return sorted(edge for number, edge in enumerate(edges) if counts(edge) and number not in taken)


def place(edge: Edge) -> str:
    return f"src/{edge.file}:{edge.line}"


def lines(reached: Reached, edges: Sequence[Edge]) -> list[str]:
    """The same to read: statuses by call, then how much of the kernel was reached, and what was not."""
    never = never_reached(reached, edges)
    total = sum(map(counts, edges))
    found = reached.tally.lines()
    found.append(f"{reached.replayed.calls.total()} calls more led back to {reached.corpus} games that were kept")
    found.append(f"edges of the kernel: {total - len(never)} of {total}, on {len(reached.paths)} paths; never taken:")
    places = Counter(f"{place(edge)}: {edge.function}" for edge in never)
    found += [f"    {text}{f' ({n} edges)' if n > 1 else ''}" for text, n in places.items()]
    return found
