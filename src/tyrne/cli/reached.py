"""What `tyrne reach` shows: which authority may come to whom, and how; and whether a policy is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tyrne.cli.sheet import Item, Styled, Table
from tyrne.inspect.objects import FORMAT, Position
from tyrne.inspect.reach.answers import Reach, Way, channel_text
from tyrne.inspect.reach.effects import reachable
from tyrne.inspect.reach.facts import Thing, rights_text
from tyrne.inspect.reach.verdict import Violation
from tyrne.inspect.words import counted

WAYS = 5
"""Shown of one task to one thing: the nearest."""


def everything(reach: Reach, tasks: Sequence[Thing]) -> Iterator[Item]:
    """What may come to some tasks."""
    for task in tasks:
        held = reach.held(task)
        new = sum(rights != reach.now(task, thing) for thing, rights in held.items())
        of_them = f"{new or 'none'} of them with rights that it does not hold"
        what = f"may come to hold {counted(len(held), 'object')}, {of_them}" if held else "can never hold anything"
        yield Styled(f"{task.text} {what}", "bold")
        table = Table(("object", "holds", "may hold"))
        for thing, rights in held.items():
            now, later = reach.now(task, thing), rights_text(rights, thing.kind)
            before = rights_text(now, thing.kind) if now else ""
            style = "yellow" if now != rights else ""
            table.rows.append((thing.text, before, Styled("" if now == rights else later, style)))
        if held:
            yield table
        yield from _effects(reach, task)


def _effects(reach: Reach, task: Thing) -> Iterator[Item]:
    touched = [f"{thing.text} ({rights_text(rights, thing.kind)})" for thing, rights in reach.touched(task).items()]
    for what, names in (
        ("may touch", touched),
        ("may act as", [other.text for other in reachable(reach.effects.acts_as, task)]),
        ("its words may come to", [other.text for other in reach.words_come_to(task)]),
    ):
        if names:
            yield f"  {what} {', '.join(names)}"


def whose(reach: Reach, thing: Thing) -> Iterator[Item]:
    """Which tasks may come to a thing."""
    table = Table(("task", "may", "rights"))
    for task in reach.tasks:
        for way in list(reach.ways(task, thing))[:WAYS]:
            how = way.how if way.through is None else f"act as {way.through.text}"
            table.rows.append((task.text, how, rights_text(way.rights, thing.kind)))
    if table.rows:
        yield table
    else:
        yield f"no task can ever come to {thing.text}"


def between(reach: Reach, task: Thing, thing: Thing) -> Iterator[Item]:
    """How a task may come to a thing; if that is another task, also how its words may."""
    ways = list(reach.ways(task, thing))
    for way in ways[:WAYS]:
        yield Styled(way.text, "bold")
        yield from _steps(way.steps)
    if len(ways) > WAYS:
        yield f"and {len(ways) - WAYS} more ways"
    if not ways:
        yield f"{task.text} can never have {thing.text}"
    if thing.kind != "task" or thing == task:
        return
    channels = reach.words(task, thing)
    if channels is None:
        yield f"words of {task.text} can never come to {thing.text}"
        return
    yield Styled(f"words of {task.text} may come to {thing.text}", "bold")
    yield from _steps((*reach.steps(fact for each in channels for fact in each.premises), *map(channel_text, channels)))


def _steps(steps: Sequence[str]) -> Iterator[Item]:
    if not steps:
        yield "  from the start"
    yield from (f"  {number}. {step}" for number, step in enumerate(steps, 1))


def judged(policy: str, reach: Reach, found: Sequence[Violation], denials: int) -> Iterator[Item]:
    """Whether a policy is kept."""
    trusted = ", ".join(task.text for task in reach.tasks if task in reach.keepers)
    provided = f", if {trusted} gives nothing away" if trusted else ""
    for each in found:
        yield Styled(f"{each.place}: {each.what}{f' ({each.why})' if each.why else ''}", "red")
        yield from _steps(each.steps)
        yield f"  to mend it: {each.mend}"
    if found:
        yield f"{policy}: not kept, {counted(len(found), 'violation')}{provided}"
    else:
        yield f"{policy}: kept, {counted(denials, 'denial')}{provided}"


def data(
    reach: Reach, at: Position, tasks: Sequence[Thing], thing: Thing | None, found: Sequence[Violation] | None
) -> dict[str, Any]:
    """The same as data for JSON."""
    told: dict[str, Any] = {"format": FORMAT, "at": {"run": at.run, "transition": at.transition}}
    if found is not None:
        return told | {
            "trusted": [task.text for task in reach.tasks if task in reach.keepers],
            "violations": [
                {"place": v.place, "what": v.what, "why": v.why, "steps": list(v.steps), "mend": v.mend} for v in found
            ]
        }
    if thing is not None:
        told["object"] = thing.text
        told["ways"] = [_way(way) for task in tasks for way in reach.ways(task, thing)]
        if thing.kind == "task":
            told["words"] = [_words(reach, task, thing) for task in tasks if task != thing]
        return told
    return told | {"tasks": [_task(reach, task) for task in tasks]}


def _way(way: Way) -> dict[str, Any]:
    through = None if way.through is None else way.through.text
    return {
        "task": way.task.text, "how": way.how, "through": through, "rights": _rights(way.rights),
        "steps": list(way.steps),
    }  # fmt: skip


def _words(reach: Reach, source: Thing, target: Thing) -> dict[str, Any]:
    channels = reach.words(source, target)
    told = None if channels is None else list(map(channel_text, channels))
    return {"from": source.text, "to": target.text, "by": told}


def _task(reach: Reach, task: Thing) -> dict[str, Any]:
    return {
        "task": task.text,
        "holds": [
            {"object": thing.text, "now": _rights(reach.now(task, thing)), "rights": _rights(rights)}
            for thing, rights in reach.held(task).items()
        ],
        "touches": [
            {"object": thing.text, "rights": _rights(rights)} for thing, rights in reach.touched(task).items()
        ],
        "acts_as": [other.text for other in reachable(reach.effects.acts_as, task)],
        "words_to": [other.text for other in reach.words_come_to(task)],
    }


def _rights(rights: Any) -> list[str]:
    return [right.name or "" for right in rights]
