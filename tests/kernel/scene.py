"""One caller, task 0, with something of every kind, good and bad, under names: what tests of refusals are made of."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.config import MAX_DEPTH
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import NULL
from tyrne.testing.world import World

PLACE = 0x100_0000
"""Where `mapped` is."""
BLOCKS_AT = 1 << 33
"""Where two blocks are mapped."""
GARBAGE = 0x7777
"""A word that is no handle, no kind, no flags, no priority, and no multiple of a page."""
DEVICE = 0x901_0000
SOME = Quota(tasks=1, endpoints=1, notifications=1, spaces=1, memory=2, quotas=1, frames=20)


class Scene(World):
    """Task 1 is ready, task 2 awaits an answer of task 0, task 3 is held, task 4 has ended; all have spaces but 4.

    `words`: what each name stands for as an argument.
    """

    def __init__(self) -> None:
        super().__init__(5, arena=10, slots=8, first_slots=112, held=(3,), quota=SOME)
        self.words: dict[str, int] = {"null": NULL, "garbage": GARBAGE, "0": 0}
        self.objects: dict[str, CapSlot] = {
            "endpoint": self.endpoint(),
            "notification": self.notification(),
            "memory": self.memory(2),
            "task": self.task(1).life.origin,
            "space": self.space_of(1),
            "quota": self.quota_of(0),
        }
        for name, origin in self.objects.items():
            self.words[name] = self.give(0, origin)
            self.words[f"bare {name}"] = self.give(0, origin, Rights.NONE)
        self.words["console"] = self.give_console(0)
        self.words["bare console"] = self.give_console(0, Rights.NONE)
        self.words["clock"] = self.give_clock(0)
        self.words["bare clock"] = self.give_clock(0, Rights.NONE)
        self.words["interrupt"] = self.give_interrupt(0)
        self.words["bare interrupt"] = self.give_interrupt(0, rights=Rights.NONE)
        for name, number in (("caller", 0), ("waiting", 2), ("held", 3), ("ended", 4)):
            self.words[name] = self.give_task(0, number)
        self._messages()
        self._memory()
        self.words["poor quota"] = self.give(0, self.make(CapKind.QUOTA))
        gone = self.give(0, self.objects["endpoint"])
        self.ok(0, C.CAP_DROP, gone)
        self.words["stale"] = gone
        self.give(0, self.objects["endpoint"], Rights.NONE)  # in the slot of the stale one

    def _messages(self) -> None:
        door = self.endpoint()
        self.words["door"] = self.give(0, door)
        self.blocks(2, C.CALL, self.give(2, door), 1, 2, 3, 4, NULL)
        self.ok(0, C.WAIT, self.words["door"])
        self.words["reply"] = self.x(0)[7]
        self.call(4, C.TASK_EXIT, 3)
        full = self.endpoint()
        self.words["full endpoint"] = self.give(0, full)
        self.ok(0, C.SEND, self.words["full endpoint"], 0, 0, 0, 0, NULL)
        parent = self.give(0, self.objects["endpoint"])
        self.words["parent"] = parent
        self.ok(0, C.CAP_DERIVE, parent, 0, 0)
        bound = self.endpoint()
        self.words["bound endpoint"] = self.give(0, bound)
        self.words["bound notification"] = self.give(0, self.notification())
        self.ok(0, C.BIND, self.words["bound endpoint"], self.words["bound notification"])
        self.words["deep endpoint"] = self.deep("endpoint")
        self.words["deep memory"] = self.deep("memory")
        self.words["deep quota"] = self.deep("quota")
        self.words["badged"] = self.give(0, self.objects["endpoint"], badge=7)

    def _memory(self) -> None:
        self.words["mapped"] = self.give(0, self.objects["memory"])
        self.ok(0, C.MAP, self.words["space"], self.words["mapped"], PLACE, 0)
        self.words["readable"] = self.give(0, self.objects["memory"], Rights.READ)
        self.words["unreadable"] = self.give(0, self.objects["memory"], Rights.WRITE | Rights.EXECUTE)
        self.words["other space"] = self.give_space(0, 2)
        self.words["device"] = self.give(0, self.registers(DEVICE))
        self.words["huge"] = self.give(0, self.registers(1 << 36, 513))
        self.words["blocks"] = self.give(0, self.registers(1 << 37, 1024))
        self.ok(0, C.MAP, self.words["space"], self.give(0, self.registers(1 << 38, 1024)), BLOCKS_AT, 0)

    def deep(self, name: str) -> int:
        """A capability from which nothing more may be derived."""
        origin = self.objects[name]
        word = self.give(0, origin)
        while self.slot(0, word).depth < MAX_DEPTH:
            word = self.ok(0, C.CAP_DERIVE, word, int(self.slot(0, word).held().rights), 0)
        return word

    def word(self, argument: str | int) -> int:
        return argument if isinstance(argument, int) else self.words[argument]


__all__ = ["BLOCKS_AT", "DEVICE", "GARBAGE", "PAGE", "PLACE", "Scene"]
