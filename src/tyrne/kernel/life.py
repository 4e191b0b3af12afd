"""The lives of objects: which use of its place an object is.

A place of an arena is used again and again. Who keeps a reference to an object keeps with it which life of the place it
means, and the reference is good as long as that lasts: one comparison, which no later life of the place satisfies.
"""

from __future__ import annotations

from tyrne.lang import u16, u64


class Life:
    """What every object is as one of many: its place in its arena, and which life of that place it lives."""

    def __init__(self) -> None:
        self.index: u16 = u16(0)
        self.count: u64 = u64(0)
        """How often a life has begun here, and how often one has ended: odd while the object lives. It never wraps."""

    def generation(self) -> u64:
        """How many lives have ended here."""
        return self.count >> 1
