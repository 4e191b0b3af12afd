"""Tasks: what each does, where in its program it is, and what it called last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tyrne.abi import TaskState
from tyrne.hal.aarch64.syndrome import fault_kind
from tyrne.hosted.happened import CallEvent
from tyrne.inspect import objects
from tyrne.inspect.held import name_of
from tyrne.inspect.view import View
from tyrne.inspect.waiting import Waits
from tyrne.inspect.words import TEXT, clean
from tyrne.kernel.authority import live_space, notification_at
from tyrne.kernel.task import Task
from tyrne.system.history import Activity
from tyrne.system.source_lines import Place
from tyrne.system.task_states import describe_task

SECOND: Final = 1_000_000_000
"""In nanoseconds."""


def read_tasks(view: View, waits: Waits, instructions: int) -> tuple[objects.Task, ...]:
    """The tasks that exist; `instructions` have begun since the last transition, of the task that runs."""
    return tuple(_task(view, task, waits, instructions) for task in view.tasks())


def _task(view: View, task: Task, waits: Waits, inside: int) -> objects.Task:
    number, names = int(task.number), view.names
    runs = task is view.kernel.scheduler.core.current
    did = Activity() if view.history is None else view.history.activity(number)
    space, hears = live_space(task), task.supervisor.capability
    return objects.Task(
        number=number,
        name=view.task(task),
        made_by=view.maker(task.life),
        state=task.state.name.lower(),
        does=describe_task(view.kernel, task, names.task, names),
        runs=runs,
        priority=int(task.priority),
        serves=task.serves,
        waits_for=waits.on(task),
        supervisor=None if hears is None else name_of(view.kernel, hears.object, names),
        supervisor_badge=0 if hears is None else int(hears.badge),
        space=None if space is None else view.name(space),
        deadline=_deadline(view, task),
        pc=int(task.frame.pc),
        line=_line(view, task),
        exit_code=int(task.exit_code) if task.state is TaskState.EXITED else None,
        fault=_fault(task),
        instructions=did.instructions + (inside if runs else 0),
        traps=did.traps,
        calls=did.calls,
        refused=did.refused,
        last_calls=tuple(_calls(view, task, did)),
    )


def _deadline(view: View, task: Task) -> objects.Deadline | None:
    deadline = task.deadline
    if deadline is None:
        return None
    kernel, signals = view.kernel, deadline.signals
    at = (int(deadline.at) - int(kernel.started)) * SECOND // int(kernel.board.frequency())
    notification = None if signals is None else view.name(notification_at(signals))
    return objects.Deadline(at, notification, int(deadline.bits), signals is not None or task.waits())


def _line(view: View, task: Task) -> objects.SourceLine | None:
    """Where it goes on, the call in which it waits, or where it has faulted."""
    explainer, number, fault = view.explainer, int(task.number), task.fault
    if explainer is None or task.state is TaskState.EXITED:
        return None
    if fault is not None and (task.state is TaskState.FAULTED or task.awaits_repair()):
        place = explainer.place(number, int(fault.pc))
        return source_line(None if place is None else place.own)
    return source_line(explainer.stands(number, task.state.value, int(task.frame.pc)))


def source_line(place: Place | None) -> objects.SourceLine | None:
    """A place in a source, fit to be shown."""
    if place is None:
        return None
    file, function = place.file, place.function
    return objects.SourceLine(
        None if file is None else clean(file, TEXT), place.line or None, None if function is None else clean(function)
    )


def _fault(task: Task) -> objects.Fault | None:
    fault = task.fault
    return (
        None if fault is None else objects.Fault(fault_kind(fault.what).name.lower(), int(fault.address), int(fault.pc))
    )


def _calls(view: View, task: Task, did: Activity) -> Iterator[objects.Call]:
    """Those that have returned, and the one in which it waits, whose registers are as they came in."""
    for position, event in did.last:
        why = None if view.explainer is None else view.explainer.refusal(event)
        yield objects.Call(position, event.text, event.outcome, None if why is None else clean(why, TEXT))
    if task.waits():
        x = task.frame.x
        event = CallEvent(int(task.number), int(x[8]), tuple(int(x[i]) for i in range(6)), None)
        yield objects.Call(None, event.text, "waits", None)
