"""The names of a task's capabilities: a program finds its handle words by them, whatever the order in the description.

A capability is named by its key `name`, or else after what it names: `console`, `quota`, the name of an endpoint,
notification, memory region, device or task, and for an address space that of its task with `_space`. Names are compared
as identifiers: letters in lower case, `_` for what an identifier cannot have. Two that would get the same name have
none. The interrupt of a device stands behind its registers, and has their name with `_interrupt`.
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
    words = [(table, end) for table in tables for end in words_of(table)]
    taken = {identifier(table.name) + end for table, end in words if table.name is not None}
    made = Counter(_made_name(table) + end for table, end in words if table.name is None)
    handles: dict[str, int] = {}
    for word, (table, end) in enumerate(words):
        name = _made_name(table) + end
        if table.name is not None:
            handles[identifier(table.name) + end] = word
        elif name.strip("_") and made[name] == 1 and name not in taken:
            handles[name] = word
    return tuple(handles.items())


def words_of(table: CapTable) -> tuple[str, ...]:
    """What is put behind the name of each of the handle words that stand for a table: a device has two."""
    return ("",) if table.device is None else ("", "_interrupt")


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
    return identifier(table.endpoint or table.notification or table.memory or table.device or table.task or "")


def handles_header(handles: Iterable[tuple[str, int]]) -> str:
    """The text of handles.h, for C and assembly."""
    lines = ["/* The capabilities of this task, by the names in its description. */", "#pragma once"]
    return "\n".join([*lines, *(f"#define HANDLE_{name.upper()} {word:#x}" for name, word in sorted(handles)), ""])
