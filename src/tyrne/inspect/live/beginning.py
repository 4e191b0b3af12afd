"""What is known of the past of a machine that runs now: with what it has begun.

Boot does the same wherever it runs. So the same system has booted on the hosted machine, and what both have is as old
as the system; who has brought the rest, and when, nobody has seen.
"""

from __future__ import annotations

from typing import Any, Final

from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.inspect.slots import arenas, tables
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import ReplyHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.system.history import Arrival, History
from tyrne.system.manifest import System, encode


def boot(system: System) -> Kernel[Any]:
    """The kernel as it is when a system has booted."""
    machine = HostedMachine(encode(system), Recorder())
    machine.boot()
    return machine.kernel


class Beginning(History):
    """Of a kernel that runs, by one that has just booted with the same system."""

    def __init__(self, kernel: Kernel[Any], booted: Kernel[Any]) -> None:
        super().__init__(booted)
        both = zip(arenas(kernel).values(), arenas(booted).values(), strict=True)
        pairs = [pair for one, other in both for pair in zip(one.items, other.items, strict=True)]
        self._lives: Final = {id(now.life): then.life for now, then in pairs}
        beside = zip(tables(kernel).values(), tables(booted).values(), strict=True)
        self._slots: Final = {
            id(now): then for one, other in beside for now, then in zip(one.slots, other.slots, strict=True)
        }

    def arrival(self, slot: CapSlot) -> Arrival | None:
        then = self._slots.get(id(slot))
        if then is None or (then.capability is not None and then.generation == slot.generation):
            return None
        named = slot.held().object
        if isinstance(named, ReplyHandle):
            return Arrival("answer", None, int(named.at.number))
        return Arrival("later", None)

    def maker(self, life: Life) -> Arrival | None:
        then = self._lives.get(id(life))
        paid = life.origin.parent
        if (then is not None and then.count == life.count) or paid is None or paid.table is None:
            return None
        owner = paid.table.owner
        return None if owner is None else Arrival("made", None, int(owner.number))

    def sender(self, life: Life) -> Arrival | None:
        return None

    def frames_at_boot(self, life: Life) -> int:
        then = self._lives.get(id(life))
        return 0 if then is None or then.count != life.count else super().frames_at_boot(then)
