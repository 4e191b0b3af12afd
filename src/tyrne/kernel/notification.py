"""Notifications: a word of signal bits."""

from __future__ import annotations

from tyrne.lang import u64


class Notification:
    """Bits that were signalled and not yet consumed."""

    def __init__(self) -> None:
        self.word: u64 = u64(0)

    def set(self, bits: u64) -> None:
        self.word = self.word | bits

    def consume(self) -> u64:
        """The bits signalled since the last consumption, which clears them."""
        bits = self.word
        self.word = u64(0)
        return bits
