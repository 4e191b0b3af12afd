"""What was set by a capability, and ends with it: the capability counts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.kernel import Kernel
from tyrne.testing.invariants.slots import all_slots
from tyrne.testing.invariants.waiting import tasks


def _uses(kernel: Kernel[Any]) -> Iterator[CapSlot | None]:
    """Each capability by which something was set, once for each thing."""
    for notification in kernel.notifications.items:
        yield from (notification.bound_at, notification.bound_by)
    for _, task, _ in tasks(kernel):
        if task.deadline is not None:
            yield from (task.deadline.by, task.deadline.signals)


def what_was_set_by_a_capability_is_counted(kernel: Kernel[Any]) -> Iterator[str]:
    """Bindings of notifications and deadlines: what is not counted would outlive its capability."""
    by = Counter(id(slot) for slot in _uses(kernel))
    for name, slot in all_slots(kernel):
        if slot.uses != by[id(slot)]:
            yield f"{name}: counts {int(slot.uses)} uses, and has {by[id(slot)]}"
