"""A kernel with what is known about its run: the names of a description, sources, and history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tyrne.inspect.held import name_in
from tyrne.inspect.slots import arenas
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.memory import Region
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.system.explanation import Explainer
from tyrne.system.history import History
from tyrne.system.names import Names

Thing = Endpoint | Notification | AddressSpace | Region | Quota
_KINDS = (
    (Endpoint, "endpoint"),
    (Notification, "notification"),
    (AddressSpace, "space"),
    (Region, "memory"),
    (Quota, "quota"),
)


@dataclass(frozen=True)
class View:
    """What is looked at. `names` are fit to be shown; without `explainer` no source is known, without `history` nothing
    of what has been."""

    kernel: Kernel[Any]
    names: Names
    explainer: Explainer | None = None
    history: History | None = None

    def tasks(self) -> list[Task]:
        """Those that exist, by their numbers."""
        return sorted(self.living("task"), key=lambda task: int(task.number))

    def living(self, kind: str) -> list[Any]:
        """The objects of an arena that exist, by their places."""
        arena = arenas(self.kernel)[kind]
        return [thing for thing, alive in zip(arena.items, arena.occupied, strict=True) if alive]

    def task(self, task: Task) -> str:
        return self.names.task(int(task.number))

    def name(self, thing: Thing) -> str:
        """What an object that lives is called."""
        kind = next(word for cls, word in _KINDS if isinstance(thing, cls))
        return name_in(thing.life, u64(thing.life.count), kind, self.names)

    def maker(self, life: Life) -> str | None:
        """The task that made an object; None of what boot made, and where nobody knows."""
        if self.history is not None:
            made = self.history.maker(life)
            return None if made is None or made.giver is None else self.names.task(made.giver)
        paid = life.origin.parent
        owner = None if paid is None or paid.table is None else paid.table.owner
        return None if owner is None else self.task(owner)

    def payer(self, life: Life) -> str:
        """The quota that has paid for an object."""
        return self.name(self.payer_of(life))

    def payer_of(self, life: Life) -> Quota:
        payer = life.payer
        return self.kernel.quotas.items[0] if payer is None else payer
