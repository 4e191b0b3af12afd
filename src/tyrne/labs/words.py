"""What became of a run, in sentences for who has to find out why: from its report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

REFUSED_CODE: Final = 102
"""With it `granted` and `done` of the user library end a program."""
PANIC_CODE: Final = 101
"""With it a failed check of Kernel Python ends one."""
SHOWN: Final = 6
"""Lines of a console."""


def troubles(report: dict[str, Any]) -> str:
    """What went wrong, task by task; "" if all have exited with 0 or serve."""
    return "; ".join(_troubles(report))


def _troubles(report: dict[str, Any]) -> Iterator[str]:
    for task in report["tasks"]:
        name, fault, code = task["name"], task["fault"], task["code"]
        if fault is not None:
            yield f"{name} has faulted: {fault.get('why') or fault['kind']}{_place(fault)}"
        elif code == REFUSED_CODE:
            yield f"{name} was refused: {_refusal(report, name)}"
        elif code == PANIC_CODE:
            yield f"{name} ended at a check of its own that failed"
        elif code:
            yield f"{name} ended with {code}"
        elif task["stands"] is not None and report["status"] != 0:
            yield f"{name} {task['stands']['waits'] or 'was still running'}{_place(task['stands'])}"


def _refusal(report: dict[str, Any], task: str) -> str:
    """The last call of a task that was refused, but for those that wrote why."""
    for call in reversed(report["syscalls"]):
        if call["task"] == task and call["name"] != "console_write" and call["status"] not in (None, "0x0"):
            why = f": {call['why']}" if call.get("why") else ""
            return f"{call['name']} gave status {call['status']}{why}"
    return "its console says by what"


def _place(found: dict[str, Any]) -> str:
    return f", at {found['file']}:{found['line']}" if found.get("file") else ""


def wrote(text: str) -> str:
    """What a task wrote."""
    return f"what was written is {quoted(text)}" if text else "nothing was written"


def quoted(text: str) -> str:
    """Lines of a console, in one."""
    lines = text.splitlines()
    more = f" and {len(lines) - SHOWN} lines more" if len(lines) > SHOWN else ""
    return ", ".join(f'"{line}"' for line in lines[:SHOWN]) + more
