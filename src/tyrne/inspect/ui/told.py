"""What the page is told of tasks, as data for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tyrne.inspect.objects import Inspection, SourceLine, Task, Wait


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


def program_data(task: Task | None) -> dict[str, Any] | None:
    """Where a task is in its program."""
    if task is None:
        return None
    stands = task.state not in ("exited", "ending", "inactive")
    return place_data(task.name, task.line, f"pc {task.pc:#x}" if stands else task.does)


def place_data(task: str, line: SourceLine | None, otherwise: str) -> dict[str, Any]:
    """A line of a task's program; `otherwise` is what is said where none is known."""
    return {
        "task": task,
        "file": None if line is None else line.file,
        "line": None if line is None else line.line,
        "function": None if line is None else line.function,
        "pc": otherwise,
    }
