"""Whether one comes to an end who follows the references of a kernel: nobody vouches for what memory says."""

from __future__ import annotations

from typing import Any

from tyrne.inspect.live.filling import BadStateError
from tyrne.inspect.slots import slots_in_objects, tables
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import TaskQueue


def check_sound(kernel: Kernel[Any]) -> None:
    """BadStateError where a queue or the derivation tree has no end."""
    most = len(kernel.tasks.items)
    for queue in _queues(kernel):
        at, count = queue.head, 0
        while at is not None:
            at, count = at.next, count + 1
            if count > most:
                raise BadStateError("a queue of tasks has no end")
    slots = [slot for table in tables(kernel).values() for slot in table.slots]
    slots += [slot for _, slot in slots_in_objects(kernel)]
    children = 0
    ends: set[int] = set()
    """Slots from which one comes to a root."""
    for slot in slots:
        way: list[int] = []
        above: CapSlot | None = slot
        while above is not None and id(above) not in ends:
            way.append(id(above))
            above = above.parent
            if len(way) > len(slots):
                raise BadStateError("the derivation tree has no root")
        ends.update(way)
        child = slot.first_child
        while child is not None:
            children += 1
            if children > len(slots) or child.parent is not slot:
                raise BadStateError("the derivation tree has no end")
            child = child.next_sibling


def _queues(kernel: Kernel[Any]) -> list[TaskQueue]:
    found = list(kernel.scheduler.core.ready)
    found += [queue for endpoint in kernel.endpoints.items for queue in (endpoint.senders, endpoint.receivers)]
    return [*found, *(notification.waiters for notification in kernel.notifications.items)]
