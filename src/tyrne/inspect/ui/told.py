"""What the page is told of tasks, as data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tyrne.inspect.objects import Inspection, SourceLine, Task, Wait
from tyrne.inspect.tasks import source_line
from tyrne.inspect.ui.reader import Row
from tyrne.system.explanation import CALL_BYTES, Explainer
from tyrne.system.source_lines import Place

CALLS: Final = 20
"""Functions at one place; further ones are left out."""


def shown_task(tasks: Sequence[Task], name: str | None) -> Task | None:
    """The task that has been chosen, else the one that runs."""
    chosen = next((each for each in tasks if each.name == name), None)
    return chosen or next((each for each in tasks if each.runs), None)


def task_data(task: Task, seen: Inspection, status: int | None) -> dict[str, Any]:
    """A task in the list of tasks. One that serves may wait for ever, where that does not spoil the run's `status`."""
    wait = next((wait for wait in seen.waits if wait.task == task.name), None)
    return {
        "name": task.name,
        "state": "runs" if task.runs else task.state,
        "does": task.does,
        "line": None if task.line is None else task.line.text,
        "priority": task.priority,
        "mark": None if wait is None else _mark(wait, task.serves and not status),
        "about": f"{task.instructions:,} instructions, {task.calls:,} calls, {task.refused:,} refused, pc {task.pc:#x}",
    }


def _mark(wait: Wait, may_wait: bool) -> str | None:
    """What is wrong with a wait."""
    return "cycle" if wait.cycle is not None else "stuck" if wait.stuck and not may_wait else None


def program_data(task: Task | None, explainer: Explainer) -> dict[str, Any] | None:
    """Where a task is in its program."""
    if task is None:
        return None
    stands = task.state not in ("exited", "ending", "inactive")
    told = place_data(task.name, task.line, f"pc {task.pc:#x}" if stands else task.does)
    pc = task.pc - (0 if task.state == "ready" else CALL_BYTES) if task.fault is None else task.fault.pc
    place = explainer.place(task.number, pc) if stands and told["file"] is not None else None
    return {**told, "calls": calls_data(place)}


def caller_data(row: Row, task: str, explainer: Explainer) -> dict[str, Any] | None:
    """Where a task stood that has called or done wrong; None of other transitions."""
    if row.task is None or row.pc is None:
        return None
    place = explainer.place(row.task, row.pc)
    line = source_line(None if place is None else place.own)
    return {**place_data(task, line, f"pc {row.pc:#x}"), "calls": calls_data(place)}


def calls_data(place: Place | None) -> list[dict[str, Any]]:
    """The functions that one is in at a place, the innermost first: those that the compiler has put into another one,
    and that. Who has called the last of them the machine does not keep."""
    found: list[dict[str, Any]] = []
    while place is not None and len(found) < CALLS:
        line = source_line(place)
        if line is not None:
            found.append({"file": line.file, "line": line.line, "function": line.function})
        place = place.caller
    return found


def place_data(task: str, line: SourceLine | None, otherwise: str) -> dict[str, Any]:
    """A line of a task's program; `otherwise` is what is said where none is known."""
    return {
        "task": task,
        "file": None if line is None else line.file,
        "line": None if line is None else line.line,
        "function": None if line is None else line.function,
        "pc": otherwise,
    }
