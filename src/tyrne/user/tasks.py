"""The task itself, and other tasks: their lives, priorities and registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.abi import NULL_HANDLE, CallNumber, Status, TaskState
from tyrne.lang import Array, u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import EndpointCap, SpaceCap, TaskCap

SP: Final = u64(31)
"""The number of the stack pointer for `task_read` and `task_write`; 0 to 30 are x0 to x30."""
PC: Final = u64(32)
PSTATE: Final = u64(33)


@dataclass(frozen=True)
class Registers:
    """Seven registers from the one that was asked for; 0 past the last."""

    r0: u64
    r1: u64
    r2: u64
    r3: u64
    r4: u64
    r5: u64
    r6: u64


@dataclass(frozen=True)
class TaskCondition:
    """Where a task is in its life. The fault is that of the last one, 0 without one."""

    state: TaskState
    code: u64
    syndrome: u64
    address: u64
    pc: u64


class StateTable:
    """Every state of a task."""

    def __init__(self) -> None:
        self.known: Array[TaskState] = Array(list(TaskState))


STATES: Final = StateTable()


def task_yield() -> Status:
    """Let the other ready tasks of the same priority run."""
    return status_of(request(CallNumber.TASK_YIELD))


def task_exit(code: u64) -> Status:
    """End this task. Returns only when the kernel refuses."""
    return status_of(request(CallNumber.TASK_EXIT, code))


def task_configure(task: TaskCap, space: SpaceCap, lowest: u64, entry: u64, stack_top: u64) -> Status:
    """Give a task that does not run an address space and a place to start; all its registers are 0 but SP and PC.

    What lies from `lowest` up to `stack_top` is what it may hand to the kernel as a buffer.
    """
    return status_of(request(CallNumber.TASK_CONFIGURE, task.word, space.word, lowest, entry, stack_top))


def task_supervise(task: TaskCap, endpoint: EndpointCap | None) -> Status:
    """Let an endpoint be told of a task's faults and of its end; None lets nobody."""
    word = NULL_HANDLE if endpoint is None else endpoint.word
    return status_of(request(CallNumber.TASK_SUPERVISE, task.word, word))


def task_priority(task: TaskCap, priority: u64) -> Status:
    """Set a priority: 0 is the most urgent, 15 the least; none above this task's own."""
    return status_of(request(CallNumber.TASK_PRIORITY, task.word, priority))


def task_resume(task: TaskCap) -> Status:
    """Let a task run: from its entry, or from where it was suspended."""
    return status_of(request(CallNumber.TASK_RESUME, task.word))


def task_suspend(task: TaskCap) -> Status:
    """Stop a task until `task_resume`; what it waits for is called off."""
    return status_of(request(CallNumber.TASK_SUSPEND, task.word))


def task_read(task: TaskCap, first: u64) -> Registers | Status:
    """Seven registers of a task that does not run."""
    reply = request(CallNumber.TASK_READ, task.word, first)
    if not is_ok(reply):
        return status_of(reply)
    return Registers(reply.x1, reply.x2, reply.x3, reply.x4, reply.x5, reply.x6, reply.x7)


def task_write(task: TaskCap, register: u64, value: u64) -> Status:
    """Write one register of a task that does not run; of PSTATE only the condition flags."""
    return status_of(request(CallNumber.TASK_WRITE, task.word, register, value))


def task_end(task: TaskCap, code: u64) -> Status:
    """End another task; it gives back all that it holds."""
    return status_of(request(CallNumber.TASK_END, task.word, code))


def task_state(task: TaskCap) -> TaskCondition | Status:
    """Where a task is in its life, and why it ended."""
    reply = request(CallNumber.TASK_STATE, task.word)
    if not is_ok(reply):
        return status_of(reply)
    return TaskCondition(STATES.known[reply.x1], reply.x2, reply.x3, reply.x4, reply.x5)
