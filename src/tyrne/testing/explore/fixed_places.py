"""What never changes in a kernel: where each slot, object and queue stands. A key names them by that."""

from __future__ import annotations

from typing import Any

from tyrne.inspect.slots import arenas
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    EndpointHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
)
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import TaskQueue
from tyrne.testing.board import MemoryBoard


class FixedPlaces:
    """The places of one kernel. The numbers for kinds and manners are arbitrary, and differ."""

    def __init__(self, kernel: Kernel[MemoryBoard]) -> None:
        self.arenas: tuple[Any, ...] = tuple(arenas(kernel).values())
        self.kinds: dict[type, int] = {
            TaskHandle: 1,
            ReplyHandle: 2,
            EndpointHandle: 3,
            NotificationHandle: 4,
            AddressSpaceHandle: 5,
            MemoryHandle: 6,
            QuotaHandle: 7,
        }
        """A number for what a capability names."""
        self.tables: list[CapTable] = [kernel.bootstrap_table, *(task.capabilities for task in kernel.tasks.items)]
        self.root: CapSlot = kernel.quotas.items[0].life.origin
        """Of the derivation tree."""
        self.object_of_origin: dict[CapSlot, Any] = {}
        self.indices: dict[Any, int] = {}
        """Where in its arena an object stands: reap and abort go through these in order."""
        self.holders: dict[CapSlot, tuple[int, Any]] = {}
        """What holds a slot: a number for the manner, and the object or None."""
        self._hold(kernel)
        self.queues: dict[TaskQueue | None, tuple[int, Any]] = {None: (0, None)}
        """What a queue is: a number for the manner, and the object that it is of, or None."""
        for priority, queue in enumerate(kernel.scheduler.core.ready):
            self.queues[queue] = (16 + priority, None)
        for endpoint in kernel.endpoints.items:
            self.queues[endpoint.senders] = (1, endpoint)
            self.queues[endpoint.receivers] = (2, endpoint)
        for notification in kernel.notifications.items:
            self.queues[notification.waiters] = (3, notification)

    def _hold(self, kernel: Kernel[MemoryBoard]) -> None:
        for slot in kernel.bootstrap_table.slots:
            self.holders[slot] = (1, None)
        for task in kernel.tasks.items:
            for slot in task.capabilities.slots:
                self.holders[slot] = (2, task)
            self.holders[task.home] = (3, task)
            self.holders[task.supervisor] = (4, task)
        for endpoint in kernel.endpoints.items:
            self.holders[endpoint.parked] = (5, endpoint)
        for arena in self.arenas:
            items: list[Any] = arena.items._items
            for i, thing in enumerate(items):
                self.indices[thing] = i
                self.object_of_origin[thing.life.origin] = thing
                self.holders[thing.life.origin] = (6, thing)
