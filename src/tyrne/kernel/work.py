"""Long work: what a task has to do for a call, or for its end, before it goes on.

A call makes all its checks, takes all that it needs and is answered in its first step. What is left cannot fail; it is
done one unit after another (a capability, a page, a table) by `Kernel.leave`, which lets interrupts in between.
Progress stands in the objects that the work is about, so it does not matter what becomes of the task meanwhile: when
it is suspended it goes on later, and when it ends, the rest goes to who ended it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.hal.pages import MappingFlags
from tyrne.kernel.cap_slot import CapSlot
from tyrne.lang import u64


@dataclass(frozen=True)
class Revocation:
    """To delete what is derived from the capability in a slot, which is marked as being revoked."""

    slot: CapSlot


@dataclass(frozen=True)
class Preparation:
    """To clear the pages of a mapped memory capability, to clean those that become code, from a page on, and then to
    give them their flags: until then they are nobody's."""

    slot: CapSlot
    flags: MappingFlags
    page: u64


@dataclass(frozen=True)
class Reaping:
    """To give back what is on the kernel's stack of what is to be reaped. It follows each revocation."""


Work = Revocation | Preparation | Reaping

