"""What each task of a kernel does at the moment, and precisely what it waits for, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tyrne.abi import TaskState
from tyrne.hal.aarch64.syndrome import fault_kind
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer, Task, TaskQueue
from tyrne.system.names import Names, called

NO_NAMES: Final = Names(())
TaskName = Callable[[int], str]
"""The name of a task by its number."""


def tasks_of(kernel: Kernel[Any]) -> list[Task]:
    """Those that exist, by their numbers."""
    arena = kernel.tasks
    return sorted((t for t, lives in zip(arena.items, arena.occupied, strict=True) if lives), key=lambda t: t.number)


def describe_task(kernel: Kernel[Any], task: Task, name: TaskName, names: Names = NO_NAMES) -> str:
    """What a task does: `waits for a message at endpoint "table"`, `waits for a reply from server`. Of objects that
    have no name in `names` the number is told."""
    match task.state:
        case TaskState.READY:
            return "runs next" if task is kernel.scheduler.core.current else f"ready, priority {int(task.priority)}"
        case TaskState.SENDING:
            return f"{_before_sending(task)}waits for a receiver at {_place(kernel, task.queue, names)}"
        case TaskState.RECEIVING:
            return f"waits for {_what_comes(kernel, task.queue)} at {_place(kernel, task.queue, names)}"
        case TaskState.CALLING:
            return f"{_before_sending(task)}waits for {_who_replies(kernel, task.reply, name)}"
        case TaskState.ENDING:
            return "has ended; what it held is being given back"
        case TaskState.EXITED:
            notice = f"; the notice waits at {_place(kernel, task.queue, names)}" if task.queue is not None else ""
            return f"exited with {int(task.exit_code)}{notice}"
        case TaskState.FAULTED:
            return f"ended by a fault: {_fault(task)}"
        case TaskState.SUSPENDED:
            return "suspended"
        case TaskState.INACTIVE:
            return "not started"


def _before_sending(task: Task) -> str:
    """Why a task that made no call has something to say."""
    return f"stopped by a fault ({_fault(task)}), " if task.offer is Offer.FAULT else ""


def _fault(task: Task) -> str:
    fault = task.fault
    if fault is None:
        return "unknown"
    kind = fault_kind(fault.what).name.lower().replace("_", " ")
    return f"{kind}, address {int(fault.address):#x}, pc {int(fault.pc):#x}"


def _place(kernel: Kernel[Any], queue: TaskQueue | None, names: Names) -> str:
    """Which object a queue belongs to."""
    for number, endpoint in enumerate(kernel.endpoints.items):
        if queue is endpoint.senders or queue is endpoint.receivers:
            return f"endpoint {called(names.endpoints, number, int(endpoint.life.generation()))}"
    for number, notification in enumerate(kernel.notifications.items):
        if queue is notification.waiters:
            return f"notification {called(names.notifications, number, int(notification.life.generation()))}"
    return "no object"


def _what_comes(kernel: Kernel[Any], queue: TaskQueue | None) -> str:
    for endpoint in kernel.endpoints.items:
        if queue is endpoint.receivers:
            bound = endpoint.bound
            if bound is None:
                return "a message"
            number = next(i for i, item in enumerate(kernel.notifications.items) if item is bound)
            return f"a message, or signals of notification {number},"
    return "signals"


def _who_replies(kernel: Kernel[Any], reply: CapSlot | None, name: TaskName) -> str:
    """Whoever holds the reply capability."""
    if reply is None:
        return "a reply that nobody can give"
    for task in tasks_of(kernel):
        if reply.table is task.capabilities:
            return f"a reply from {name(int(task.number))}"
    for number, endpoint in enumerate(kernel.endpoints.items):
        if reply is endpoint.parked:
            return f"a reply from whoever takes the message parked at endpoint {number}"
    return "a reply"
