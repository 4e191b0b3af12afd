"""What an editor shows of a thread: its registers, and what the kernel knows of the task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tyrne.debug.debugged import KERNEL, Debugged
from tyrne.debug.sources import registers_of
from tyrne.inspect.objects import Inspection, Task
from tyrne.system.errors import RequestError
from tyrne.system.printable import printable

Body = dict[str, Any]

_REGISTERS, _TASK, _CAPABILITIES = range(3)
_KINDS: Final = 3
_SCOPES: Final = {"Registers": _REGISTERS, "Task": _TASK, "Capabilities": _CAPABILITIES}


def scopes(session: Debugged, number: int) -> list[Body]:
    """The groups of what is shown of a thread."""
    kinds = {"Registers": _REGISTERS} if number == KERNEL else _SCOPES
    return [
        {"name": name, "variablesReference": 1 + _KINDS * number + kind, "expensive": kind != _REGISTERS}
        for name, kind in kinds.items()
    ]


def variables(session: Debugged, reference: int) -> list[Body]:
    """What is in a group; KeyError where there is no such group, RequestError where it cannot be told."""
    number, kind = divmod(reference - 1, _KINDS)
    if number not in session.numbers():
        raise KeyError(reference)
    if kind == _REGISTERS:
        return [_variable(name, f"{value:#x}") for name, value in registers_of(session, number)]
    seen = session.look()
    task = next((task for task in seen.tasks if task.number == number), None)
    if task is None:
        raise RequestError("the task is there no more")
    if kind == _CAPABILITIES:
        return [_variable(f"{cap.handle:#x}", f"{cap.text}; {cap.origin}") for cap in seen.held_by(task.name)]
    return [_variable(name, value) for name, value in _of(seen, task) if value]


def _of(seen: Inspection, task: Task) -> Iterator[tuple[str, str]]:
    """By the words that the commands have for it; what there is not is empty."""
    wait = next((wait for wait in seen.waits if wait.task == task.name), None)
    yield "does", task.does
    yield "waits for", task.waits_for or ""
    if wait is not None:
        yield "whom", ", ".join([*wait.partners, *wait.others]) or "nobody"
        yield "stuck", "in a cycle" if wait.cycle is not None else "yes" if wait.stuck else ""
    yield "priority", str(task.priority)
    yield "space", task.space or ""
    yield "supervisor", task.supervisor or ""
    yield "deadline", task.deadline.text if task.deadline else ""
    yield "fault", f"{task.fault.kind} at {task.fault.address:#x}, pc {task.fault.pc:#x}" if task.fault else ""
    yield "exit code", "" if task.exit_code is None else f"{task.exit_code:#x}"
    yield "made by", task.made_by or ""
    yield "last call", f"{task.last_calls[-1].text}: {task.last_calls[-1].outcome}" if task.last_calls else ""


def _variable(name: str, value: str) -> Body:
    return {"name": name, "value": printable(value), "variablesReference": 0}
