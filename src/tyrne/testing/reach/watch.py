"""Watches a kernel: whether something comes about that `reach` denies, and what authority was ever held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from tyrne.abi import SIGNAL_BADGE, CallNumber, Rights, includes
from tyrne.inspect.reach.concrete import Meaning
from tyrne.inspect.reach.effects import Effects
from tyrne.inspect.reach.facts import Fact, Holds, Mapped, Offered, Thing, Touches
from tyrne.inspect.reach.follow import Following
from tyrne.kernel.kernel import Kernel
from tyrne.system.names import Names

Right = tuple[Thing, Thing, Rights]
"""A task, what it holds, and with which right."""
TAG: Final = 0x7A6 << 32
"""What a task says has this, and its number."""
_RECEIVING: Final = tuple(
    call.value for call in (CallNumber.RECV, CallNumber.WAIT, CallNumber.CALL, CallNumber.REPLY_WAIT)
)


class Watch:
    """`wrong` tells what came about and is denied; `held` what was held by tasks and about objects of the start."""

    def __init__(self, kernel: Kernel[Any], without: frozenset[str] = frozenset()) -> None:
        """`without` are rules of `reach`, and kinds of channels, that are left out."""
        self.kernel: Final = kernel
        self.meaning = Meaning(kernel, _names(kernel))
        self.first: Final = list(self.meaning.facts())
        self.following: Final = Following(self.first, self.meaning.payers(), without)
        self.effects: Final = Effects(self.following, without)
        self.wrong: Final[list[str]] = []
        self.held: Final[set[Right]] = set()
        self.steps = 0
        self.told = 0
        """Words that came from one task to another."""
        self._seen: Final[set[Fact]] = set()
        self._by_number: Final[dict[int, Thing]] = {}
        self.look()

    def again(self) -> None:
        """Another run of the same system: the kernel is at its start again."""
        self.meaning = Meaning(self.kernel, _names(self.kernel))
        self._by_number.clear()
        self.look()

    @property
    def facts(self) -> int:
        """How many came about."""
        return len(self._seen)

    def look(self) -> None:
        """At the state of the kernel."""
        for task, lives in zip(self.kernel.tasks.items, self.kernel.tasks.occupied, strict=True):
            if lives:
                self._by_number[int(task.number)] = self.meaning.task(task)
        for fact in self.meaning.facts():
            if fact not in self._seen:
                self._seen.add(fact)
                self._check(fact)

    def _check(self, fact: Fact) -> None:
        if isinstance(fact, Holds):
            authority = fact.authority
            if not fact.task.made and not authority.thing.made:
                self.held.update((fact.task, authority.thing, right) for right in authority.rights)
            found = self.following.covering(fact.task, authority.thing, authority.rights, authority.badge)
            if found is None:
                self.wrong.append(f"{fact.task.text} holds {authority.text}")
        elif not self._follows(fact):
            self.wrong.append(str(fact))

    def _follows(self, fact: Fact) -> bool:
        """Of capabilities in messages, and of mappings, one with more rights will do."""
        return fact in self.following.facts or any(covers(other, fact) for other in self.following.facts)

    def hear(self, traces: Iterable[tuple[Any, ...]]) -> None:
        """What calls have returned that succeeded: words that begin with TAG, and signals, tell who has said them."""
        for trace in traces:
            if trace[0] != "call":
                continue
            number, answer = int(trace[2].number), trace[3]
            if number in _RECEIVING and answer[1] == SIGNAL_BADGE:
                self._signals(trace[1], answer[3])
            elif number in _RECEIVING:
                for word in answer[2:6]:
                    if word & ~0xFF == TAG:
                        self._heard(word & 0xFF, trace[1], "words")
            elif number == CallNumber.POLL.value:
                self._signals(trace[1], answer[1])

    def _signals(self, target: int, bits: int) -> None:
        for source in range(63):
            if bits >> source & 1:
                self._heard(source, target, "signals")

    def _heard(self, source: int, target: int, what: str) -> None:
        self.told += source != target
        self.tell(self._by_number[source], self._by_number[target], what)

    def tell(self, one: Thing, other: Thing, what: str) -> None:
        """Something of one task has come to another."""
        if one != other and other not in self.effects.tells.get(one, {}):
            self.wrong.append(f"{what} of {one.text} come to {other.text}")

    def contested(self) -> set[Right]:
        """Each right over an object that somebody holds at the start, and each answer, for each task of the start."""
        tasks = [thing for thing in self.meaning.things() if thing.kind == "task"]
        given = {(fact.authority.thing, right) for fact in self.first if isinstance(fact, Holds)
                 for right in fact.authority.rights}  # fmt: skip
        given |= {(task.of_kind("answer"), Rights.TRANSFER) for task in tasks}
        return {(task, thing, right) for task in tasks for thing, right in given}

    def denied(self, right: Right) -> bool:
        """Whether `reach` says that a task never holds it."""
        task, thing, wanted = right
        return not any(each.authority.allows(wanted) for each in self.following.held[task][thing])


def covers(known: Fact, fact: Fact) -> bool:
    """Whether a fact that is known allows another one of its kind, with fewer rights."""
    match known, fact:
        case Offered(there, known_to), Offered(here, authority):
            return there == here and known_to.may_become(authority.thing, authority.rights, authority.badge)
        case (Mapped(there, region, rights), Mapped(here, other, fewer)) | (
            Touches(there, region, rights), Touches(here, other, fewer),
        ):  # fmt: skip
            return (there, region) == (here, other) and includes(rights, fewer)
    return False


def _names(kernel: Kernel[Any]) -> Names:
    return Names(tuple(f"t{number}" for number in range(len(kernel.tasks.items))))
