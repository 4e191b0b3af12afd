"""What there is in a kernel, as facts: at the start from which `reach` reasons, and in any later state of the same run.

    meaning = Meaning(kernel, names)
    start = meaning.facts()
    kernel.trap(…)
    later = meaning.facts()    # objects that were made since are those "made from quota …"
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tyrne.abi import CapKind, Rights, TaskState
from tyrne.inspect.held import kind_word, name_in, name_of
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
)
from tyrne.inspect.slots import arenas
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import CapObject, InterruptHandle, ReplyHandle, kind_of, life_of
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.system.names import Names

FRAME_CLAIM: Final = "frames"
OF_PAGES: Final = Rights.READ | Rights.WRITE | Rights.EXECUTE
_STOPPED: Final = (TaskState.INACTIVE, TaskState.SUSPENDED, TaskState.EXITED, TaskState.FAULTED, TaskState.ENDING)
"""A task in one of these runs no more, or not yet, unless somebody lets it."""
_CLAIMS: Final = (FRAME_CLAIM, *(kind_word(kind) for kind in CapKind))
"""What a quota counts, in its order."""
_ARENAS: Final = {"region": "memory"}


class Meaning:
    """Names what is in a kernel, from the moment at which it was made on."""

    def __init__(self, kernel: Kernel[Any], names: Names) -> None:
        """`names` are fit to be shown."""
        self.kernel: Final = kernel
        self._start: Final[dict[tuple[str, int], tuple[u64, Thing]]] = {}
        self._things: Final[dict[CapObject, Thing]] = {}
        self._authorities: Final[dict[int, tuple[object, Authority]]] = {}
        for arena, kept in arenas(kernel).items():
            kind = _ARENAS.get(arena, arena)
            for thing, lives in zip(kept.items, kept.occupied, strict=True):
                if lives:
                    life = thing.life
                    name = names.task(int(thing.number)) if kind == "task" else name_in(life, life.count, kind, names)
                    place = int(life.index)
                    self._start[kind, place] = life.count, Thing(kind, place, name)
        self._names: Final = names

    def forget(self) -> None:
        """The kernel has gone back to an earlier state, or will: objects made since may not be those that were met."""
        self._things.clear()
        self._authorities.clear()

    def things(self) -> list[Thing]:
        """The objects that there were at the start."""
        return [thing for _, thing in self._start.values()]

    def tasks(self) -> list[Thing]:
        """Those of them that are tasks."""
        return [thing for thing in self.things() if thing.kind == "task"]

    def payers(self) -> dict[Thing, Thing]:
        """For each quota of the start that a quota has paid for, that one."""
        found = {}
        for quota in self.kernel.quotas.items:
            kept = self._start.get(("quota", int(quota.life.index)))
            if kept is not None and kept[0] == quota.life.count and quota.life.payer is not None:
                found[kept[1]] = self.living("quota", quota.life.payer.life)
        return found

    def living(self, kind: str, life: Life) -> Thing:
        """The object of a kind that lives a life."""
        kept = self._start.get((kind, int(life.index)))
        if kept is not None and kept[0] == life.count:
            return kept[1]
        payer = life.payer
        while payer is not None:
            kept = self._start.get(("quota", int(payer.life.index)))
            if kept is not None and kept[0] == payer.life.count:
                return Thing(kind, kept[1].place, kept[1].name, made=True)
            payer = payer.life.payer
        raise AssertionError(f"a {kind} that nobody has paid for")

    def task(self, task: Task) -> Thing:
        return self.living("task", task.life)

    def thing(self, named: CapObject) -> Thing:
        """What a capability names."""
        if isinstance(named, ReplyHandle):
            return self.task(named.at).of_kind("repair" if named.at.awaits_repair() else "answer")
        known = self._things.get(named)
        if known is None:
            kind, life = kind_word(kind_of(named)), life_of(named)
            if life is not None:
                known = self.living(kind, life)
            elif isinstance(named, InterruptHandle):
                known = Thing(kind, int(named.at.number), name_of(self.kernel, named, self._names))
            else:
                known = Thing(kind, 0, kind)
            self._things[named] = known
        return known

    def authority(self, slot: CapSlot) -> Authority:
        """What the capability in a slot allows."""
        held = slot.held()
        if isinstance(held.object, ReplyHandle):
            return Authority(self.thing(held.object), held.rights)
        known = self._authorities.get(id(held))
        if known is None:
            known = held, Authority(self.thing(held.object), held.rights, int(held.badge))
            self._authorities[id(held)] = known
        return known[1]

    def facts(self) -> Iterator[Fact]:
        """All that is so now."""
        kernel = self.kernel
        for task, lives in zip(kernel.tasks.items, kernel.tasks.occupied, strict=True):
            if lives:
                yield from self._of_task(task)
        for endpoint, lives in zip(kernel.endpoints.items, kernel.endpoints.occupied, strict=True):
            if lives:
                there = self.living("endpoint", endpoint.life)
                if endpoint.parked.capability is not None:
                    yield Offered(there, self.authority(endpoint.parked))
                if endpoint.bound is not None:
                    yield Bound(there, self.living("notification", endpoint.bound.life))
        yield from self._memory()
        yield from self._claims()

    def _memory(self) -> Iterator[Fact]:
        """What is mapped in spaces, and so touched by who lives there."""
        kernel = self.kernel
        living: dict[Thing, list[Thing]] = {}
        for task, lives in zip(kernel.tasks.items, kernel.tasks.occupied, strict=True):
            if lives and task.home.capability is not None:
                living.setdefault(self.authority(task.home).thing, []).append(self.task(task))
        for task in kernel.tasks.items:
            for slot in list(task.capabilities.slots)[: int(task.capabilities.touched)]:
                placement = slot.placement
                if placement is not None and placement.space.at.life.lasts(placement.space.life):
                    memory = self.authority(slot)
                    space = self.living("space", placement.space.at.life)
                    rights = memory.rights & OF_PAGES
                    yield Mapped(space, memory.thing, rights)
                    yield from (Touches(toucher, memory.thing, rights) for toucher in living.get(space, ()))

    def _of_task(self, task: Task) -> Iterator[Fact]:
        me = self.task(task)
        if task.state not in _STOPPED:
            yield Acts(me)
        for slot in list(task.capabilities.slots)[: int(task.capabilities.touched)]:
            if slot.capability is not None:
                yield Holds(me, self.authority(slot))
        if task.home.capability is not None:
            yield Lives(me, self.authority(task.home).thing)
        if task.supervisor.capability is not None:
            yield Heard(me, self.authority(task.supervisor).thing)

    def _claims(self) -> Iterator[Fact]:
        """What quotas have left, and what will return to them: the claims on what they have paid for."""
        kernel = self.kernel
        for quota, lives in zip(kernel.quotas.items, kernel.quotas.occupied, strict=True):
            if lives:
                yield from self._left(quota)
        for arena, kept in arenas(kernel).items():
            kind = _ARENAS.get(arena, arena)
            for thing, lives in zip(kept.items, kept.occupied, strict=True):
                payer = thing.life.payer
                if lives and payer is not None:
                    quota_of = self.living("quota", payer.life)
                    yield Claim(quota_of, kind)
                    if kind in ("space", "memory"):
                        yield Claim(quota_of, FRAME_CLAIM)

    def _left(self, quota: Quota) -> Iterator[Fact]:
        me = self.living("quota", quota.life)
        for left, kind in zip(quota.claims, _CLAIMS, strict=True):
            if left:
                yield Claim(me, kind)
