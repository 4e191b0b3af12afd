"""The lives of objects: which use of its place an object is, who paid for it, and when it is over.

A place of an arena is used again and again. Who keeps a reference to an object keeps with it which life of the place it
means, and the reference is good as long as that lasts: one comparison, which no later life of the place satisfies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind
from tyrne.kernel.cap_slot import CapSlot
from tyrne.lang import inline, u16, u64

if TYPE_CHECKING:
    from tyrne.kernel.quota import Quota


class Life:
    """What every object is as one of many: its place in the arena of its kind, and its life there."""

    def __init__(self) -> None:
        self.kind: CapKind | None = None
        """Of what lives here; None before the first life."""
        self.index: u16 = u16(0)
        self.count: u64 = u64(0)
        """How often a life has begun here, and how often one has ended: odd while the object lives. It never wraps."""
        self.origin: CapSlot = CapSlot()
        """Empty when nobody can name the object any more."""
        self.payer: Quota | None = None
        """To whom the claims on the object return."""
        self.listed: bool = False
        """Whether it is among those that are to be reaped."""
        self.next: Life | None = None
        """The one below it there."""

    @inline
    def lasts(self, count: u64) -> bool:
        """Whether the life that a reference means is still lived here."""
        return self.count == count

    def generation(self) -> u64:
        """How many lives have ended here."""
        return self.count >> 1


class LifeStack:
    """Lives to be reaped, last in, first out: each once, until it is taken off. What goes with an object is reaped
    before the rest of it."""

    def __init__(self) -> None:
        self.top: Life | None = None

    def push(self, life: Life) -> None:
        """Put a life on top of all others, if it is not there already."""
        if not life.listed:
            life.next = self.top
            self.top = life
            life.listed = True

    def pop(self, life: Life) -> None:
        """Take the top off."""
        self.top = life.next
        life.next = None
        life.listed = False
