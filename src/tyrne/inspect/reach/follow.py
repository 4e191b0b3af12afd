"""Everything that may come about from a start, by the rules of the kernel: a least fixed point.

Each task that may run is taken to make any call at any time, each call to succeed when the authority for it is there,
and nothing that once was to go. So what never follows never comes about; what follows need not. Derived capabilities
are not told apart from those that they come from: `Authority` is what may become of one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tyrne.abi import CapKind, Rights, rights_over
from tyrne.inspect.held import kind_word
from tyrne.inspect.reach.concrete import FRAME_CLAIM, OF_PAGES
from tyrne.inspect.reach.facts import (
    Acts,
    Authority,
    Bound,
    Claim,
    Fact,
    Heard,
    Holds,
    Lives,
    Mapped,
    Offered,
    Thing,
    Touches,
    rights_text,
)
from tyrne.inspect.reach.rules import RULES, START

MADE: Final = {
    kind_word(kind): kind
    for kind in (
        CapKind.ENDPOINT,
        CapKind.NOTIFICATION,
        CapKind.TASK,
        CapKind.ADDRESS_SPACE,
        CapKind.MEMORY,
        CapKind.QUOTA,
    )
}
"""What `create` makes, by its word."""
TOOLS: Final = ("endpoint", "answer", "task", "space", "quota")
"""What one does something by to another capability: see `_both`."""
OF_FRAMES: Final = ("space", "memory")


@dataclass(frozen=True)
class Reason:
    """By which rule something follows, from what; `names` fill the words of the rule."""

    rule: str
    premises: tuple[Fact, ...] = ()
    names: tuple[str, ...] = ()


class Following:
    """What follows from a start. `facts` has a reason for each, all of whose premises were found before it."""

    def __init__(
        self,
        start: Iterable[Fact],
        payers: Mapping[Thing, Thing],
        without: frozenset[str] = frozenset(),
        keepers: frozenset[Thing] = frozenset(),
    ) -> None:
        """`payers` has for quotas the quotas that have paid for them. Rules in `without` are left out, to see that
        something notices. `keepers` are tasks that are trusted to give no capability to others."""
        self.facts: Final[dict[Fact, Reason]] = {}
        self._payers: Final = payers
        self._without: Final = without
        self._keepers: Final = keepers
        self._new: Final[deque[Fact]] = deque()
        self.held: Final[dict[Thing, dict[Thing, list[Holds]]]] = defaultdict(lambda: defaultdict(list))
        """By task and by what it is about: none that another one covers which came before."""
        self._using: Final[dict[Thing, dict[Holds, None]]] = defaultdict(dict)
        """What tasks hold that may run."""
        self._senders: Final[dict[Thing, dict[Thing, Holds]]] = defaultdict(dict)
        self._receivers: Final[dict[Thing, dict[Thing, Holds]]] = defaultdict(dict)
        self._creators: Final[dict[Thing, dict[Thing, Holds]]] = defaultdict(dict)
        self._offered: Final[dict[Thing, list[Offered]]] = defaultdict(list)
        self._heard_at: Final[dict[Thing, list[Heard]]] = defaultdict(list)
        self._heard_of: Final[dict[Thing, list[Heard]]] = defaultdict(list)
        self._living: Final[dict[Thing, list[Lives]]] = defaultdict(list)
        self._mapped: Final[dict[Thing, list[Mapped]]] = defaultdict(list)
        self._claims: Final[dict[Thing, dict[str, Claim]]] = defaultdict(dict)
        for fact in start:
            self._add(fact, Reason(START))
        while self._new:
            self._follow(self._new.popleft())

    def covering(self, task: Thing, thing: Thing, rights: Rights, badge: int) -> Holds | None:
        """What a task may hold that may become a capability with these rights and this badge."""
        held = self.held[task][thing] if task in self.held and thing in self.held[task] else ()
        return next((each for each in held if each.authority.may_become(thing, rights, badge)), None)

    def _add(self, fact: Fact, reason: Reason) -> None:
        """A fact that is not known, nor covered."""
        if fact in self.facts or reason.rule in self._without:
            return
        if isinstance(fact, Holds):
            authority = fact.authority
            if self.covering(fact.task, authority.thing, authority.rights, authority.badge) is not None:
                return
            self.held[fact.task][authority.thing].append(fact)
        self.facts[fact] = reason
        self._new.append(fact)

    def _by(self, rule: str, fact: Fact, premises: Iterable[Fact], *names: str) -> None:
        assert rule in RULES, rule
        if fact not in self.facts:
            self._add(fact, Reason(rule, tuple(premises), names))

    def _follow(self, fact: Fact) -> None:
        """All that a fact leads to with those that were found before."""
        match fact:
            case Acts(task):
                for held in list(self.held[task].values()):
                    for holds in list(held):
                        self._use(holds)
                for heard in list(self._heard_of[task]):
                    self._repairs(heard)
            case Holds(task, _):
                if Acts(task) in self.facts:
                    self._use(fact)
            case Offered(endpoint, _):
                self._offered[endpoint].append(fact)
                for receiver, by in list(self._receivers[endpoint].items()):
                    self._take(endpoint, receiver, by, fact)
            case Heard(task, endpoint):
                self._heard_of[task].append(fact)
                self._heard_at[endpoint].append(fact)
                self._repairs(fact)
            case Lives(_, space):
                self._living[space].append(fact)
                for mapped in list(self._mapped[space]):
                    self._touch(fact, mapped)
            case Mapped(space, _, _):
                self._mapped[space].append(fact)
                for lives in list(self._living[space]):
                    self._touch(lives, fact)
            case Claim(quota, _):
                self._claim(quota, fact)
            case Touches() | Bound():
                pass

    def _use(self, holds: Holds) -> None:
        """A task that may run holds something: with each other thing that it holds, and with itself."""
        task, authority = holds.task, holds.authority
        using = self._using[task]
        if holds in using:
            return
        using[holds] = None
        self._alone(holds)
        for other in list(using):
            if authority.thing.kind in TOOLS:
                self._both(task, holds, other)
            if other is not holds and other.authority.thing.kind in TOOLS:
                self._both(task, other, holds)

    def _alone(self, holds: Holds) -> None:
        """What a capability leads to by itself, and with what others hold."""
        task, authority = holds.task, holds.authority
        thing = authority.thing
        if thing.kind == "endpoint" and authority.allows(Rights.SEND):
            self._senders[thing].setdefault(task, holds)
            for receiver, by in list(self._receivers[thing].items()):
                self._call(thing, task, holds, receiver, by)
        if thing.kind == "endpoint" and authority.allows(Rights.RECV):
            self._receivers[thing].setdefault(task, holds)
            for offered in list(self._offered[thing]):
                self._take(thing, task, holds, offered)
            for sender, by in list(self._senders[thing].items()):
                self._call(thing, sender, by, task, holds)
            for heard in list(self._heard_at[thing]):
                self._repairs(heard)
        if thing.kind == "task" and authority.allows(Rights.CONTROL):
            self._by("resume", Acts(thing), [holds], task.text, thing.text)
        if thing.kind == "quota" and authority.allows(Rights.CREATE):
            self._creators[thing].setdefault(task, holds)
            for claim in list(self._claims[thing].values()):
                self._create(holds, claim)

    def _both(self, task: Thing, one: Holds, other: Holds) -> None:
        """What two capabilities of a task that runs lead to, of which the first may be the second as well."""
        by, what = one.authority, other.authority
        premises = (one, other)
        at, there, me = by.thing, what.thing, task.text
        gives = what.allows(Rights.TRANSFER) and task not in self._keepers
        if at.kind == "endpoint":
            if by.allows(Rights.SEND) and gives:
                self._by("offer", Offered(at, what), premises, me, what.text, at.text)
            if by.allows(Rights.RECV) and there.kind == "notification" and what.allows(Rights.WAIT):
                self._by("bind", Bound(at, there), premises, me, there.text, at.text)
        elif at.kind == "answer":
            if gives:
                caller = at.of_kind("task")
                if not _of_its_own(caller, what):
                    self._by("answer", Holds(caller, what), premises, me, caller.text, what.text)
        elif at.kind == "task" and by.allows(Rights.CONFIGURE):
            if gives:
                self._by("move", Holds(at, what), premises, me, at.text, what.text)
            if there.kind == "space" and what.allows(Rights.BIND):
                self._by("settle", Lives(at, there), premises, me, at.text, there.text)
            if there.kind == "endpoint" and what.allows(Rights.SEND):
                self._by("supervise", Heard(at, there), premises, me, at.text, there.text)
        elif at.kind == "space" and by.allows(Rights.MAP):
            if there.kind == "memory" and what.allows(Rights.READ):
                rights = what.rights & OF_PAGES
                names = me, there.text, at.text, rights_text(rights, "memory")
                self._by("map", Mapped(at, there, rights), premises, *names)
        elif (at.kind, there.kind) == ("quota", "quota") and at != there and _both_spend(by, what):
            for claim in list(self._claims[at].values()):
                self._spend(one, other, claim)

    def _take(self, endpoint: Thing, receiver: Thing, by: Holds, offered: Offered) -> None:
        authority = offered.authority
        names = receiver.text, authority.text, endpoint.text
        if not _of_its_own(receiver, authority):
            self._by("take", Holds(receiver, authority), (offered, by), *names)

    def _call(self, endpoint: Thing, sender: Thing, by: Holds, receiver: Thing, at: Holds) -> None:
        """Who calls waits, so nobody receives a call of its own. Of tasks that are made there may be several."""
        if sender != receiver or sender.made:
            right = Authority(sender.of_kind("answer"), Rights.TRANSFER)
            self._by("call", Holds(receiver, right), (by, at), sender.text, receiver.text, endpoint.text)

    def _repairs(self, heard: Heard) -> None:
        """Who may let a task go on that faults: it waits meanwhile, so not itself."""
        task, endpoint = heard.task, heard.endpoint
        if Acts(task) in self.facts:
            right = Authority(task.of_kind("repair"), Rights.TRANSFER)
            for receiver, at in list(self._receivers[endpoint].items()):
                if receiver != task or task.made:
                    self._by("fault", Holds(receiver, right), (heard, at), task.text, receiver.text, endpoint.text)

    def _touch(self, lives: Lives, mapped: Mapped) -> None:
        task, space = lives.task, lives.space
        names = task.text, space.text, mapped.region.text
        self._by("touch", Touches(task, mapped.region, mapped.rights), (lives, mapped), *names)

    def _claim(self, quota: Thing, claim: Claim) -> None:
        self._claims[quota][claim.kind] = claim
        # without frames spaces and memory are not made
        claims = list(self._claims[quota].values()) if claim.kind == FRAME_CLAIM else [claim]
        for creator in list(self._creators[quota].values()):
            for each in claims:
                self._create(creator, each)
            for other in list(self._using[creator.task]):
                thing = other.authority.thing
                if thing.kind == "quota" and thing != quota and other.authority.allows(Rights.CREATE):
                    self._spend(creator, other, claim)
        payer = quota.source() if quota.made else self._payers.get(quota)
        if payer is not None:
            self._by("return", Claim(payer, claim.kind), [claim], quota.text, payer.text, claim.kind)

    def _create(self, holds: Holds, claim: Claim) -> None:
        kind, quota = claim.kind, claim.quota
        if kind not in MADE:
            return
        premises: tuple[Fact, ...] = (holds, claim)
        if kind in OF_FRAMES:
            frames = self._claims[quota].get(FRAME_CLAIM)
            if frames is None:
                return
            premises = (*premises, frames)
        made = Thing(kind, quota.place, quota.name, made=True)
        whole = Holds(holds.task, Authority(made, rights_over(MADE[kind])))
        self._by("create", whole, premises, holds.task.text, made.text)

    def _spend(self, source: Holds, target: Holds, claim: Claim) -> None:
        to = target.authority.thing
        names = source.task.text, claim.quota.text, to.text, claim.kind
        self._by("spend", Claim(to, claim.kind), (source, target, claim), *names)

    def tasks(self) -> Iterator[Thing]:
        """Those that may run."""
        return (fact.task for fact in self.facts if isinstance(fact, Acts))


def _of_its_own(task: Thing, authority: Authority) -> bool:
    """Whether it is the right to answer a task itself: it waits as long as there is one, and so takes nothing."""
    return authority.thing.kind in ("answer", "repair") and authority.thing.of_kind("task") == task and not task.made


def _both_spend(one: Authority, other: Authority) -> bool:
    return one.allows(Rights.CREATE) and other.allows(Rights.CREATE)
