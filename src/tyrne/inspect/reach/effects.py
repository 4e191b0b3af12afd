"""What authority that may come about lets tasks do to each other: act as another, and have their words come to another.

| a task may act as another | when it may |
|---|---|
| begin its life anew | hold it with CONFIGURE |
| write its registers | hold it with MODIFY |
| write what it executes | write to a region that the other may execute |
| choose what it executes | map memory with EXECUTE where the other lives: MAP |
| write to its stack | live where the other lives |

| words of a task may come to another | by |
|---|---|
| a message, also with a capability | an endpoint: SEND of the one, RECV of the other |
| an answer | the right to answer the other, or to let it go on |
| a notice of an exit or a fault | the endpoint that hears of the one, and RECV of the other |
| signals | a notification: NOTIFY of the one, WAIT of the other; or RECV where it may be bound |
| memory | a region that the one may write and the other read; MAP of the one where the other lives; the same space |
| registers | INSPECT over the one; CONFIGURE, CONTROL or MODIFY over the other |

Who acts as another has its words and its authority. What tasks can tell by other means is not counted: when a call
returns, whether it is refused, what is exhausted or revoked; nor what goes out of the system and comes back.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.abi import Rights
from tyrne.inspect.reach.facts import Acts, Bound, Fact, Heard, Holds, Lives, Thing, Touches
from tyrne.inspect.reach.follow import Following

CHANNELS: Final = ("message", "answer", "notice", "signals", "memory", "registers")
OVER_REGISTERS: Final = Rights.CONFIGURE | Rights.CONTROL | Rights.MODIFY


@dataclass(frozen=True)
class Channel:
    """How one task may act as another, or its words may come to another, at once; and the facts that allow it."""

    source: Thing
    target: Thing
    kind: str
    """Of CHANNELS."""
    how: str
    premises: tuple[Fact, ...]


class Effects:
    """What follows from authority; each pair of tasks has one channel, the first that is found."""

    def __init__(self, following: Following, without: frozenset[str] = frozenset()) -> None:
        """Kinds of channels in `without` are left out, to see that something notices."""
        self.following: Final = following
        self.acts_as: Final[dict[Thing, dict[Thing, Channel]]] = defaultdict(dict)
        self.tells: Final[dict[Thing, dict[Thing, Channel]]] = defaultdict(dict)
        self._by_right: Final[dict[tuple[Thing, Rights], dict[Thing, Holds]]] = defaultdict(dict)
        acting = set(following.tasks())
        for fact in following.facts:
            if isinstance(fact, Holds) and fact.task in acting:
                for right in fact.authority.rights or (Rights.NONE,):
                    self._by_right[fact.authority.thing, right].setdefault(fact.task, fact)
        for channel in self._control():
            if channel.source != channel.target:
                self.acts_as[channel.source].setdefault(channel.target, channel)
        for channel in self._words():
            if channel.kind not in without and channel.source != channel.target:
                self.tells[channel.source].setdefault(channel.target, channel)

    def _who(self, thing: Thing, right: Rights) -> dict[Thing, Holds]:
        """Who may hold a right over a thing, and act."""
        return self._by_right.get((thing, right), {})

    def _pairs(self, thing: Thing, one: Rights, other: Rights, kind: str, how: str) -> Iterator[Channel]:
        for source, by in self._who(thing, one).items():
            for target, at in self._who(thing, other).items():
                yield Channel(source, target, kind, how, (by, at))

    def _control(self) -> Iterator[Channel]:
        for (thing, right), holders in self._by_right.items():
            if thing.kind == "task" and right in (Rights.CONFIGURE, Rights.MODIFY):
                for holder, by in holders.items():
                    yield Channel(holder, thing, "registers", f"by {right.name} over it", (by,))
        yield from self._by_memory(Rights.EXECUTE, "by writing to {}, which it may execute")
        yield from self._by_mapping(Rights.EXECUTE)
        living: dict[Thing, list[Lives]] = defaultdict(list)
        for fact in self.following.facts:
            if isinstance(fact, Lives):
                living[fact.space].append(fact)
        for space, facts in living.items():
            for source in facts:
                for target in facts:
                    if Acts(source.task) in self.following.facts:
                        how = f"by living in {space.text}"
                        yield Channel(source.task, target.task, "memory", how, (source, target))

    def _by_mapping(self, right: Rights) -> Iterator[Channel]:
        """Who maps memory with a right in a space, to who lives there."""
        memory: dict[Thing, Holds] = {}
        for (thing, each), holders in self._by_right.items():
            if thing.kind == "memory" and each is right:
                memory = {**holders, **memory}
        for lives in self.following.facts:
            if isinstance(lives, Lives):
                for holder, by in self._who(lives.space, Rights.MAP).items():
                    if holder in memory:
                        how = f"by mapping memory in {lives.space.text}"
                        yield Channel(holder, lives.task, "memory", how, (lives, by, memory[holder]))

    def _by_memory(self, right: Rights, how: str) -> Iterator[Channel]:
        touching: dict[Thing, list[Touches]] = defaultdict(list)
        for fact in self.following.facts:
            if isinstance(fact, Touches) and Acts(fact.task) in self.following.facts:
                touching[fact.region].append(fact)
        for region, facts in touching.items():
            for source in facts:
                for target in facts:
                    if source.rights & Rights.WRITE and target.rights & right:
                        yield Channel(source.task, target.task, "memory", how.format(region.text), (source, target))

    def _words(self) -> Iterator[Channel]:
        for channels in list(self.acts_as.values()):
            yield from channels.values()
        for thing in list(dict.fromkeys(thing for thing, _ in self._by_right)):
            if thing.kind == "endpoint":
                yield from self._pairs(thing, Rights.SEND, Rights.RECV, "message", f"by a message to {thing.text}")
            elif thing.kind == "notification":
                yield from self._pairs(thing, Rights.NOTIFY, Rights.WAIT, "signals", f"by signals to {thing.text}")
            elif thing.kind in ("answer", "repair"):
                how = f"by the right to an {thing.text}" if thing.kind == "answer" else f"by the {thing.text}"
                for holder, by in self._who(thing, Rights.TRANSFER).items():
                    yield Channel(holder, thing.of_kind("task"), "answer", how, (by,))
            elif thing.kind == "task":
                for right in OVER_REGISTERS:
                    for holder, by in self._who(thing, right).items():
                        yield Channel(holder, thing, "registers", f"by {right.name} over it", (by,))
                for holder, by in self._who(thing, Rights.INSPECT).items():
                    yield Channel(thing, holder, "registers", f"by INSPECT over {thing.text}", (by,))
        yield from self._by_memory(Rights.READ, "by {}")
        yield from self._by_mapping(Rights.READ)
        for fact in self.following.facts:
            if isinstance(fact, Heard) and Acts(fact.task) in self.following.facts:
                for receiver, at in self._who(fact.endpoint, Rights.RECV).items():
                    yield Channel(fact.task, receiver, "notice", f"by a notice to {fact.endpoint.text}", (fact, at))
            elif isinstance(fact, Bound):
                for source, by in self._who(fact.notification, Rights.NOTIFY).items():
                    for receiver, at in self._who(fact.endpoint, Rights.RECV).items():
                        how = f"by signals to {fact.notification.text}, which {fact.endpoint.text} takes"
                        yield Channel(source, receiver, "signals", how, (by, fact, at))


def path(
    channels: dict[Thing, dict[Thing, Channel]],
    source: Thing,
    target: Thing,
    passes: Callable[[Channel], bool] = lambda channel: True,
) -> list[Channel] | None:
    """A shortest way from one task to another, over channels that `passes` lets; none when there is none."""
    came: dict[Thing, Channel] = {}
    todo = deque([source])
    while todo and target not in came:
        for channel in channels.get(todo.popleft(), {}).values():
            if channel.target not in came and channel.target != source and passes(channel):
                came[channel.target] = channel
                todo.append(channel.target)
    if target not in came:
        return None
    found, at = [], target
    while at != source:
        found.append(came[at])
        at = came[at].source
    return found[::-1]


def reachable(channels: dict[Thing, dict[Thing, Channel]], source: Thing) -> list[Thing]:
    """Whom a task comes to over channels, the nearest first, without itself."""
    found: dict[Thing, None] = {}
    todo = deque([source])
    while todo:
        for target in channels.get(todo.popleft(), {}):
            if target not in found and target != source:
                found[target] = None
                todo.append(target)
    return list(found)
