"""The states of a task, as others see them."""

from __future__ import annotations

from enum import Enum


class TaskState(Enum):
    """Where a task is in its life: x1 of `task_state`."""

    INACTIVE = 0
    """Made, perhaps configured; `task_resume` starts it."""
    READY = 1
    """Running, or in the queue to run."""
    SENDING = 2
    RECEIVING = 3
    CALLING = 4
    """Its call, or its fault, awaits an answer."""
    SUSPENDED = 5
    EXITED = 6
    FAULTED = 7
    ENDING = 8
    """It has ended, and what it held is being given back: next it is EXITED or FAULTED."""
