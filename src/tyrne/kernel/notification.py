"""Notifications: a word of signal bits, and who waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.life import Life
from tyrne.kernel.task import TaskQueue
from tyrne.lang import u64

if TYPE_CHECKING:
    from tyrne.kernel.endpoint import Endpoint


class Notification:
    """Bits that were signalled and not yet consumed. While somebody waits there are none.

    Bound to an endpoint, it wakes those who wait there when none waits here. The binding lasts as long as both
    capabilities by which it was made: `bound_at` to receive from the endpoint, `bound_by` to wait for the notification.
    """

    def __init__(self) -> None:
        self.life: Life = Life()
        self.word: u64 = u64(0)
        self.waiters: TaskQueue = TaskQueue()
        self.bound: Endpoint | None = None
        self.bound_at: CapSlot | None = None
        self.bound_by: CapSlot | None = None

    def set(self, bits: u64) -> None:
        self.word = self.word | bits

    def consume(self) -> u64:
        """The bits signalled since the last consumption, which clears them."""
        bits = self.word
        self.word = u64(0)
        return bits

    def bind(self, endpoint: Endpoint, at: CapSlot, by: CapSlot) -> None:
        """Bind to an endpoint; neither is bound yet."""
        endpoint.bound = self
        self.bound = endpoint
        self.bound_at = at
        self.bound_by = by

    def unbind(self) -> None:
        """Undo the binding, if there is one."""
        endpoint = self.bound
        if endpoint is not None:
            endpoint.bound = None
        self.bound = None
        self.bound_at = None
        self.bound_by = None
