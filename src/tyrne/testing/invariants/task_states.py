"""The states of a task and what leads from one to another: the table, and what checks it. docs/task-states.md shows it.

    changes = StateChanges(kernel)
    kernel.trap(…)
    found = [*changes_are_in_the_table(changes.take(), CallNumber.WAIT)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from tyrne.abi import CallNumber as C
from tyrne.abi import TaskState
from tyrne.hal.cause import Cause
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task

INACTIVE, READY, SENDING, RECEIVING = TaskState.INACTIVE, TaskState.READY, TaskState.SENDING, TaskState.RECEIVING
CALLING, SUSPENDED, ENDING = TaskState.CALLING, TaskState.SUSPENDED, TaskState.ENDING
EXITED, FAULTED = TaskState.EXITED, TaskState.FAULTED

Change = tuple[TaskState, TaskState]
"""The state that a task was in, and the one that it is in now."""
NO_CALL: Final = None
"""A trap that is no system call: a fault, an interrupt."""
ANY: Final[frozenset[C | None]] = frozenset({*C, NO_CALL})
"""An event that every trap may bring about: whatever it deletes or ends may be what a task waits by."""


@dataclass(frozen=True)
class Transition:
    """What happens to a task in one of the states `before`, by one of the traps `by`. None of them: while it boots."""

    event: str
    before: tuple[TaskState, ...]
    after: TaskState
    by: frozenset[C | None]
    what: str


def _by(*traps: C | None) -> frozenset[C | None]:
    return frozenset(traps)


TRANSITIONS: Final = (
    Transition("create", (INACTIVE, EXITED, FAULTED), INACTIVE, _by(C.CREATE),
               "it is made, in a place that was free: never used, or left by a task that is gone"),
    Transition("configure", (INACTIVE, SENDING, CALLING, SUSPENDED, EXITED, FAULTED), INACTIVE, _by(C.TASK_CONFIGURE),
               "it gets an address space and its first registers; from SENDING and CALLING when a fault awaits repair"),
    Transition("hold", (READY,), INACTIVE, _by(), "the manifest says that it is not started"),
    Transition("resume", (INACTIVE, SUSPENDED), READY, _by(C.TASK_RESUME), "somebody, or the manifest, starts it"),
    Transition("turn", (READY,), READY, _by(C.TASK_YIELD, C.TASK_PRIORITY, NO_CALL),
               "it goes behind its equals: it yields, its turn is over, or its priority is set"),
    Transition("wait", (READY,), RECEIVING, _by(C.WAIT, C.REPLY_WAIT), "nothing is there to be received"),
    Transition("send", (READY,), SENDING, _by(C.SEND_WAIT, C.CALL), "nobody receives its message or its call yet"),
    Transition("call", (READY,), CALLING, _by(C.CALL), "who waited has received its call, and owes the answer"),
    Transition("receive", (SENDING,), CALLING, _by(C.WAIT, C.REPLY_WAIT),
               "its call, or its fault, is received; who has it owes the answer"),
    Transition("receive", (SENDING,), READY, _by(C.RECV, C.WAIT, C.REPLY_WAIT), "its message is received"),
    Transition("arrive", (RECEIVING,), READY, _by(C.SEND_WAIT, C.CALL, C.NOTIFY, C.BIND, NO_CALL),
               "a message or signals arrive"),
    Transition("notice", (RECEIVING,), READY, ANY, "a task that ended by itself has given back what it held"),
    Transition("reply", (CALLING,), READY, _by(C.REPLY, C.REPLY_WAIT), "it is answered, or its fault repaired"),
    Transition("cancel", (SENDING, RECEIVING, CALLING), READY, ANY,
               "what it waits by, or for, is gone, or has no room, or its time has come: its call returns a status"),
    Transition("cancel", (SENDING, CALLING), ENDING, ANY, "nobody can repair its fault any more"),
    Transition("suspend", (READY, SENDING, RECEIVING, CALLING), SUSPENDED, _by(C.TASK_SUSPEND),
               "somebody stops it, and calls off what it waits for"),
    Transition("fault", (READY,), SENDING, _by(NO_CALL), "its supervisor is to hear of its fault"),
    Transition("fault", (READY,), CALLING, _by(NO_CALL), "its supervisor has received its fault"),
    Transition("fault", (READY,), ENDING, _by(NO_CALL), "it has no supervisor"),
    Transition("exit", (READY,), ENDING, _by(C.TASK_EXIT), "it ends itself"),
    Transition("end", (INACTIVE, READY, SENDING, RECEIVING, CALLING, SUSPENDED), ENDING, ANY,
               "another ends it, or nobody can name it any more"),
    Transition("over", (ENDING,), EXITED, ANY, "what it held is given back"),
    Transition("over", (ENDING,), FAULTED, ANY, "what it held is given back; a fault has ended it"),
)  # fmt: skip


def events(before: TaskState, after: TaskState) -> list[str]:
    """What leads from one state to another, in the order of the table."""
    return list(dict.fromkeys(row.event for row in TRANSITIONS if before in row.before and row.after is after))


def changes_are_in_the_table(changes: Iterable[Change], trap: C | None) -> Iterator[str]:
    """Each change of a task's state is one that the table has, by a trap that may bring it about."""
    for before, after in changes:
        if not any(before in row.before and row.after is after and trap in row.by for row in TRANSITIONS):
            yield f"a task was {before.name} and became {after.name} by {'no call' if trap is None else trap.name}"


# --- recording

_RECORDS: Final[WeakKeyDictionary[Task, list[Change]]] = WeakKeyDictionary()
"""Where the changes of each task that is watched are noted."""
_become = Task.become


def _noted(task: Task, state: TaskState) -> None:
    record = _RECORDS.get(task)
    if record is not None:
        record.append((task.state, state))
    _become(task, state)


class StateChanges:
    """The changes of the states of a kernel's tasks, from the moment that it is made."""

    def __init__(self, kernel: Kernel[Any]) -> None:
        self._record: list[Change] = []
        for task in kernel.tasks.items:
            _RECORDS[task] = self._record
        if Task.become is _become:
            Task.become = _noted  # type: ignore[method-assign, assignment]

    def take(self) -> list[Change]:
        """Those since it was asked last."""
        found = self._record[:]
        self._record.clear()
        return found


def call_made(kernel: Kernel[Any], cause: Cause) -> C | None:
    """The system call that the current task makes by a trap."""
    task = kernel.scheduler.core.current
    number = int(task.frame.x[8]) if task is not None and cause is Cause.CALL else 0
    return C(number) if 1 <= number <= len(C) else NO_CALL
