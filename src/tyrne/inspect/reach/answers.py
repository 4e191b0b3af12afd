"""What `reach` answers: which authority may come to a task, by which steps, and where its words may come.

    reach = reach_of(replay.kernel, replay.explainer.names)
    for way in reach.ways(reach.find("client", "task"), reach.find("disk.registers")):
        print(way.text, *way.steps, sep="\n  ")
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tyrne.abi import Rights
from tyrne.inspect.reach.concrete import Meaning
from tyrne.inspect.reach.effects import Channel, Effects, path, reachable
from tyrne.inspect.reach.facts import Acts, Fact, Holds, Mapped, Offered, Thing, Touches, rights_text
from tyrne.inspect.reach.follow import Following
from tyrne.inspect.reach.rules import RULES, START
from tyrne.inspect.words import clean_names
from tyrne.kernel.kernel import Kernel
from tyrne.system.errors import RequestError
from tyrne.system.names import Names
from tyrne.system.similar import meant

STEPS: Final = 40
"""Of one explanation."""


@dataclass(frozen=True)
class Way:
    """A way for a task to have authority over a thing. `how` is `hold`, `touch` for memory that is mapped where it
    lives, or `act as`: then `through` is who holds or touches it."""

    how: str
    task: Thing
    thing: Thing
    rights: Rights
    steps: tuple[str, ...]
    """How it comes about, in order; empty for what is so at the start."""
    facts: tuple[Fact, ...]
    through: Thing | None = None

    @property
    def text(self) -> str:
        """`client may hold endpoint door, SEND`."""
        what = f"{self.thing.text}, {rights_text(self.rights, self.thing.kind)}"
        if self.through is not None:
            return f"{self.task.text} may act as {self.through.text}, which may have {what}"
        return f"{self.task.text} may {self.how} {what}"


class Reach:
    """What may come about from one state of a kernel."""

    def __init__(self, meaning: Meaning, keepers: frozenset[Thing] = frozenset()) -> None:
        """`keepers` are tasks that are trusted to give no capability to others."""
        start = list(meaning.facts())
        self.following: Final = Following(start, meaning.payers(), keepers=keepers)
        self.keepers: Final = keepers
        self._meaning: Final = meaning
        self.effects: Final = Effects(self.following)
        self.tasks: Final = list(dict.fromkeys([*meaning.tasks(), *self.following.tasks()]))
        """Those of the start, then those that may be made."""
        self._now: Final[dict[Thing, dict[Thing, Rights]]] = {}
        for fact in start:
            if isinstance(fact, Holds):
                held = self._now.setdefault(fact.task, {})
                held[fact.authority.thing] = held.get(fact.authority.thing, Rights.NONE) | fact.authority.rights
        self.things: Final = _things(meaning, self.following)

    def trusting(self, keepers: frozenset[Thing]) -> Reach:
        """The same, if some tasks give no capability to others. One as which another may act is not trusted."""
        found = Reach(self._meaning, keepers) if keepers else self
        lost = {other for task in found.tasks if task not in keepers for other in found.effects.acts_as.get(task, {})}
        return found if not keepers & lost else self.trusting(keepers - lost)

    def find(self, name: str, kind: str | None = None) -> Thing:
        """The thing of a name, `table` or `endpoint table`; RequestError if there is none, or are several. A task's
        space and quota have its name, so they are meant only with their kind."""
        known = [thing for thing in self.things if kind is None or thing.kind == kind]
        found = [thing for thing in known if thing.text == name]
        if not found:
            of_that_name = [thing for thing in known if thing.name == name and not thing.made]
            found = [thing for thing in of_that_name if thing.kind not in _NAMED_ALIKE]
        if len(found) > 1:
            raise RequestError(f'"{name}" may be any of these: {", ".join(thing.text for thing in found)}; write one')
        if not found:
            names = [thing.name for thing in known if not thing.made]
            mend = meant(name, names) or f"; there are {', '.join(thing.text for thing in known[:STEPS])}"
            raise RequestError(f'no {kind or "object"} "{name}" there{mend}')
        return found[0]

    def now(self, task: Thing, thing: Thing) -> Rights:
        """What a task holds at the start over a thing."""
        return self._now.get(task, {}).get(thing, Rights.NONE)

    def held(self, task: Thing) -> dict[Thing, Rights]:
        """All that a task may come to hold; of several capabilities the rights together."""
        found = {}
        for thing in self.things:
            facts = self.following.held.get(task, {}).get(thing, [])
            if facts:
                found[thing] = _together(fact.authority.rights for fact in facts)
        return found

    def touched(self, task: Thing) -> dict[Thing, Rights]:
        """The memory that the program of a task may come to read, write or execute."""
        found: dict[Thing, Rights] = {}
        for fact in self.following.facts:
            if isinstance(fact, Touches) and fact.task == task:
                found[fact.region] = found.get(fact.region, Rights.NONE) | fact.rights
        return found

    def ways(self, task: Thing, thing: Thing) -> Iterator[Way]:
        """How a task may have authority over a thing: by itself, then as another task."""
        yield from self._own(task, thing)
        for other in reachable(self.effects.acts_as, task):
            channels = path(self.effects.acts_as, task, other) or []
            for way in self._own(other, thing):
                facts = (*(fact for channel in channels for fact in channel.premises), *way.facts)
                acting = (f"{each.source.text} acts as {each.target.text} {each.how}" for each in channels)
                steps = (*self.steps(facts), *acting)
                yield Way("act as", task, thing, way.rights, steps, facts, other)

    def _own(self, task: Thing, thing: Thing) -> Iterator[Way]:
        for holds in self.following.held.get(task, {}).get(thing, []):
            yield Way("hold", task, thing, holds.authority.rights, self.steps([holds]), (holds,))
        for fact in self.following.facts:
            if isinstance(fact, Touches) and (fact.task, fact.region) == (task, thing):
                yield Way("touch", task, thing, fact.rights, self.steps([fact]), (fact,))

    def words(self, source: Thing, target: Thing) -> list[Channel] | None:
        """A shortest way for words of one task to another; None if there is none."""
        return path(self.effects.tells, source, target)

    def words_come_to(self, source: Thing) -> list[Thing]:
        """All tasks to which words of one may come."""
        return reachable(self.effects.tells, source)

    def steps(self, goals: Iterable[Fact]) -> tuple[str, ...]:
        """What has to happen for facts to come about, in order; what is so at the start is left out."""
        found: dict[Fact, None] = {}
        todo = [(fact, False) for fact in reversed(list(goals))]
        while todo:
            fact, ready = todo.pop()
            reason = self.following.facts[fact]
            if fact in found or reason.rule == START:
                continue
            if ready:
                found[fact] = None
            else:
                todo += [(fact, True), *((premise, False) for premise in reversed(reason.premises))]
        lines = [self.step(fact) for fact in found]
        left = len(lines) - STEPS
        return tuple(lines) if left <= 0 else (*lines[:STEPS], f"and {left} more steps")

    def step(self, fact: Fact) -> str:
        """By what a fact comes about."""
        reason = self.following.facts[fact]
        return RULES[reason.rule].step.format(*reason.names)


def channel_text(channel: Channel) -> str:
    """`words of task client come to task server by a message to endpoint door`."""
    return f"words of {channel.source.text} come to {channel.target.text} {channel.how}"


def reach_of(kernel: Kernel[Any], names: Names) -> Reach:
    """What may come about from the state in which a kernel is."""
    return Reach(Meaning(kernel, clean_names(names)))


def _together(rights: Iterable[Rights]) -> Rights:
    found = Rights.NONE
    for each in rights:
        found |= each
    return found


def _things(meaning: Meaning, following: Following) -> list[Thing]:
    """All that may be asked about: objects of the start, then what facts are about besides."""
    found = {thing: None for thing in meaning.things() if (thing.kind, thing.place) not in _KERNELS}
    for fact in following.facts:
        match fact:
            case Holds(task, authority) | Offered(task, authority):
                found[authority.thing] = None
            case Acts(task) | Mapped(_, task, _):
                found[task] = None
    return list(found)


_NAMED_ALIKE: Final = ("space", "quota", "answer", "repair")
"""Kinds of things that have the names of tasks."""
_KERNELS: Final = (("space", 0), ("quota", 0))
"""The kernel's own."""
