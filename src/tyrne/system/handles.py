"""The names of a task's capabilities: a program finds its handle words by them, whatever the order in the description.

A capability is named by its key `name`, or else after what it names: `console`, `quota`, the name of an endpoint,
notification, memory region or task, and for an address space that of its task with `_space`. Names are compared as
identifiers: letters in lower case, `_` for what an identifier cannot have. Two that would get the same name have none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tyrne.lang.handles import identifier
from tyrne.system import limits

if TYPE_CHECKING:
    from tyrne.system.mistakes import Mistakes, Where
    from tyrne.system.shape import CapTable

Handles = tuple[tuple[str, int], ...]
"""Names, as identifiers in lower case, with their handle words."""

CONSOLE_ONLY: Final[Handles] = (("console", 0),)
"""Of a program on the command line."""

_GIVEN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


def read_handles(mistakes: Mistakes, where: Where, tables: Sequence[CapTable]) -> Handles:
    """The names of one task's capabilities."""
    from tyrne.system.shape import example  # here: a program on the command line has no description

    tables = tables[: limits.CAPS]
    names: list[str] = []
    for number, table in enumerate(tables):
        given = table.name
        if given is None:
            continue
        name = identifier(given)
        if not _GIVEN.fullmatch(given):
            what = f"the name {given!r} is no identifier; write {example('name', 'caps')}"
            mistakes.add((*where, number, "name"), what)
        elif name in names:
            mistakes.add((*where, number, "name"), f'a second capability "{given}"; give each its own name')
        names.append(name)
    made = Counter(_made_name(table) for table in tables if table.name is None)
    handles: dict[str, int] = {}
    for number, table in enumerate(tables):
        name = _made_name(table)
        if table.name is not None:
            handles[identifier(table.name)] = number
        elif name.strip("_") and made[name] == 1 and name not in names:
            handles[name] = number
    return tuple(handles.items())


def _made_name(table: CapTable) -> str:
    """The name that a capability has when it is not given one."""
    if table.console:
        return "console"
    if table.clock:
        return "clock"
    if table.quota:
        return "quota"
    if table.interrupt is not None:
        return f"interrupt_{table.interrupt}"
    if table.space is not None:
        return identifier(f"{table.space}_space")
    return identifier(table.endpoint or table.notification or table.memory or table.task or "")


def handles_header(handles: Iterable[tuple[str, int]]) -> str:
    """The text of handles.h, for C and assembly."""
    lines = ["/* The capabilities of this task, by the names in its description. */", "#pragma once"]
    return "\n".join([*lines, *(f"#define HANDLE_{name.upper()} {word:#x}" for name, word in sorted(handles)), ""])
