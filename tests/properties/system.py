"""What holds of a whole kernel between any two traps."""

from __future__ import annotations

import struct

from kernel.support import FakeBoard, held
from properties.tree import check_tree, parked_in
from tyrne.hal.descriptors import ENTRIES, TABLE
from tyrne.kernel.capability import Capability
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import TaskState
from tyrne.lang import u64

ADDRESS = 0x0000_FFFF_FFFF_F000


def check_system(kernel: Kernel[FakeBoard]) -> None:
    """The derivation tree is well formed, each frame has one owner, each ready task one place, messages are whole."""
    tables = [task.capabilities for task in kernel.tasks.items]
    check_tree([kernel.bootstrap_table, *tables], parked_in(kernel.endpoints))
    check_frames(kernel)
    check_tasks(kernel)
    for endpoint in kernel.endpoints.items:
        assert endpoint.parked.capability is None or endpoint.holds_message()
    assert kernel.empty_table.is_full() and held(kernel.empty_table) == []


def frames_below(kernel: Kernel[FakeBoard], table: int, level: int) -> list[int]:
    """The frame of a table and of all that it leads to."""
    found = [table]
    for descriptor in struct.unpack(f"<{ENTRIES}Q", kernel.board.get(table, 8 * int(ENTRIES))):
        if descriptor & TABLE == TABLE:
            target = descriptor & ADDRESS
            found += [target] if level == 3 else frames_below(kernel, target, level + 1)
    return found


def check_frames(kernel: Kernel[FakeBoard]) -> None:
    """What the spaces own is what is allocated, and nothing twice."""
    owned: list[int] = []
    for space, alive in zip(kernel.spaces.items, kernel.spaces.occupied, strict=True):
        if alive:
            owned += frames_below(kernel, int(space.root), 0)
    assert len(owned) == len(set(owned)) == kernel.frames.stats().allocated
    assert all(kernel.frames.is_allocated(u64(frame)) for frame in owned)


def check_tasks(kernel: Kernel[FakeBoard]) -> None:
    queued = []
    at = kernel.scheduler.ready.head
    while at is not None:
        queued.append(at)
        at = at.next
        assert len(queued) <= len(kernel.tasks.items), "a cycle in the queue"
    current = kernel.scheduler.current
    running = [] if current is None else [current]
    assert current not in queued
    ready = [task for task in kernel.tasks.items if task.state is TaskState.READY]
    assert {id(task) for task in ready} == {id(task) for task in queued + running}
    assert len(ready) == len(queued + running)
    for task in kernel.tasks.items:
        bound = task.state is TaskState.READY
        assert (task.space is not None, task.table is not None, task.window is not None) == (bound,) * 3
        assert not bound or (task.space is not None and kernel.spaces.get(task.space.slot) is not None)
    assert kernel.entered is current


def authority(kernel: Kernel[FakeBoard]) -> list[Capability]:
    """Every capability of the tasks, in tables and in flight."""
    slots = [slot for task in kernel.tasks.items for slot in task.capabilities.slots]
    slots += parked_in(kernel.endpoints)
    return [slot.capability for slot in slots if slot.capability is not None]
