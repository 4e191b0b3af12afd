"""What to write in a description when a program asks for a capability that its task does not have.

The compiler knows the task's own capabilities; the description knows what else there is, under which names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tyrne.abi import CapKind
from tyrne.lang.handles import identifier
from tyrne.system.described import SystemDescription, TaskDescription

PYTHON: Final = re.compile(
    r'the task has no capability "(?P<name>.*)" \((?P<held>it has .*)\); ask for one of these, or give one name = '
    r'"\w+" in the description$'
)
"""As `tyrne.lang.handles` says it."""
C: Final = re.compile(
    r"(?P<what>use of undeclared identifier '(?:HANDLE_(?P<name>\w+))'); the task has no capability of that name: "
    r'give one name = "…" in the description, include "handles.h"$'
)
"""As `tyrne.compiler.build.diagnostics` says it."""
ALWAYS: Final = ("console", "clock", "quota")
"""What every task may have, by these names."""
_INTERRUPT: Final = "_interrupt"
_SPACE: Final = "_space"

Found = tuple[str, str, CapKind, int]
"""A key of `caps`, the name of an object, the kind of its capability and its number."""


def with_mends(lines: tuple[str, ...], description: SystemDescription, task: TaskDescription) -> Iterator[str]:
    """The errors of a task's program; those about a capability that it lacks name the task, and say what to add."""
    who = f'task "{task.name}"{f" ({task.place})" if task.place else ""}'
    for line in lines:
        python, c = PYTHON.search(line), C.search(line)
        if python is not None:
            add = mend(python["name"], description, task)
            what = f'{who} has no capability "{python["name"]}" ({python["held"]})'
            yield f"{line[: python.start()]}{what}; {add}" if add else line
        elif c is not None:
            add = mend(c["name"], description, task)
            what = f'{c["what"]}; include "handles.h", if that is left out; {who} has no capability of that name'
            yield f"{line[: c.start()]}{what}: {add}" if add else line
        else:
            yield line


def mend(name: str, description: SystemDescription, task: TaskDescription) -> str | None:
    """What to add to the task's caps for it to have a capability of a name; None where nothing fits, or what fits is
    there already, under another name."""
    wanted = identifier(name)
    if not task.place:
        if wanted in ALWAYS:
            what = "a program on a command line has the console only"
            return f"{what}: write a description, with {{ {wanted} = true }} in its caps"
        return None
    if wanted in ALWAYS:
        return f"add {{ {wanted} = true }} to its caps"
    for key, found, kind, number in _objects(description, wanted):
        if not any(cap.kind is kind and cap.object == number for cap in task.caps):
            what = {"memory": "memory", "space": "a task"}.get(key, f"an {key}" if key == "endpoint" else f"a {key}")
            return f'there is {what} "{found}": add {{ {key} = "{found}" }} to its caps'
    return None


def _objects(description: SystemDescription, wanted: str) -> Iterator[Found]:
    """The objects of a description, capabilities over which would have a name."""
    devices = {device.name for device in description.devices}
    first = len(description.memory) - len(devices)  # their registers are the last regions
    tasks = [task.name for task in description.tasks]
    memory = [region.name for region in description.memory]
    tables: list[tuple[str, list[str], CapKind, int, str]] = [
        ("endpoint", list(description.endpoints), CapKind.ENDPOINT, 0, ""),
        ("notification", list(description.notifications), CapKind.NOTIFICATION, 0, ""),
        ("memory", memory[:first], CapKind.MEMORY, 0, ""),
        ("device", memory[first:], CapKind.MEMORY, first, ""),
        ("device", memory[first:], CapKind.MEMORY, first, _INTERRUPT),
        ("task", tasks, CapKind.TASK, 0, ""),
        ("space", tasks, CapKind.ADDRESS_SPACE, 0, _SPACE),
    ]
    for key, names, kind, start, end in tables:
        for number, name in enumerate(names, start):
            if identifier(name) + end == wanted:
                yield key, name, kind, number
