"""Policies: a TOML file of what may never come about in a system, and what of that is meant after all.

    [[deny]]
    object = "memory disk"
    rights = ["WRITE"]

    [[allow]]
    task = "driver"
    object = "memory disk"

    [[deny]]
    flow = ["client", "disk"]

    [[allow]]
    flow = ["client", "server"]

    [[trust]]
    task = "server"

A table is about authority (`object`, with `task` and `rights`, where without means: any) or about words (`flow`). What
is allowed is taken from all that is denied: of authority the rights, of a flow the channel between just these two. A
task that is trusted gives no capability to others, which its author has to see to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic_core import ErrorDetails

from tyrne.abi import Rights, rights_at_boot
from tyrne.inspect.reach.answers import Reach
from tyrne.inspect.reach.facts import KINDS, Thing
from tyrne.system.errors import RequestError
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.shape import validated
from tyrne.system.similar import meant
from tyrne.system.toml_file import read_toml

ANY: Final = "*"
"""In a flow: each task."""
MOST: Final = 256
"""Tables of a policy."""
_EXAMPLES: Final = {
    "task": 'task = "client"',
    "object": 'object = "memory disk"',
    "rights": 'rights = ["READ"]',
    "flow": 'flow = ["client", "server"]',
    "why": 'why = "the client has no business there"',
    "deny": '[[deny]] with object = "…" or flow = ["…", "…"]',
    "trust": '[[trust]] with task = "…"',
    "allow": '[[allow]] with object = "…" or flow = ["…", "…"]',
}


class Table(BaseModel):
    """A `[[deny]]` or an `[[allow]]`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    task: str | None = None
    object: str | None = None
    rights: list[str] | None = None
    flow: list[str] | None = None
    why: str | None = None


class TrustTable(BaseModel):
    """A `[[trust]]`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    task: str


class File(BaseModel):
    """A whole policy."""

    model_config = ConfigDict(extra="forbid", strict=True)

    deny: list[Table] = []
    allow: list[Table] = []
    trust: list[TrustTable] = []


@dataclass(frozen=True)
class Line:
    """A table that is about things there are. `task` None is any; a flow's ends too."""

    place: str
    """`disk.policy.toml:4`."""
    why: str
    task: Thing | None = None
    object: Thing | None = None
    rights: Rights = Rights.NONE
    """None is any right, and none at all."""
    flow: tuple[Thing | None, Thing | None] | None = None

    def is_about(self, task: Thing) -> bool:
        return self.task is None or self.task == task

    def joins(self, source: Thing, target: Thing) -> bool:
        """Whether its flow is from one task to another."""
        return self.flow is not None and self.flow[0] in (None, source) and self.flow[1] in (None, target)


@dataclass(frozen=True)
class Policy:
    """What is denied, and allowed."""

    deny: tuple[Line, ...]
    allow: tuple[Line, ...]
    trust: frozenset[Thing]


def read_policy(path: Path, reach: Reach) -> Policy:
    """The policy in a file, about the things of a system; RequestError with a line for each mistake."""
    text, data = read_toml(path, "policy")
    mistakes = Mistakes(path, text)
    file = validated(File, data, mistakes, _told)
    if file is None:
        raise mistakes.failure()
    trusted = [each.task for each in file.trust[:MOST]]
    trust = {_found(mistakes, ("trust", i, "task"), reach, name, "task") for i, name in enumerate(trusted)}
    for key, tables in (("deny", file.deny), ("allow", file.allow), ("trust", file.trust)):
        if len(tables) > MOST:
            mistakes.add((key, MOST), f"{len(tables)} tables; a policy has at most {MOST} of each, remove some")
    deny, allow = (_lines(key, tables, reach, mistakes) for key, tables in (("deny", file.deny), ("allow", file.allow)))
    if not file.deny:
        mistakes.add((), f"nothing is denied; add a {_EXAMPLES['deny']}")
    if mistakes:
        raise mistakes.failure()
    return Policy(deny, allow, frozenset(task for task in trust if task is not None))


def _lines(key: str, tables: list[Table], reach: Reach, mistakes: Mistakes) -> tuple[Line, ...]:
    return tuple(_line((key, i), table, reach, mistakes) for i, table in enumerate(tables[:MOST]))


def _line(here: Where, table: Table, reach: Reach, mistakes: Mistakes) -> Line:
    place, why = mistakes.place(here), table.why or ""
    if (table.flow is None) is (table.object is None):
        mistakes.add(here, f"either {_EXAMPLES['object']} or {_EXAMPLES['flow']}; write one of them")
    elif table.flow is not None:
        if table.task is not None or table.rights is not None:
            mistakes.add(here, "a flow has neither task nor rights; remove them, or write another table")
        if len(table.flow) != 2:
            mistakes.add((*here, "flow"), f"a flow is from one task to another; write {_EXAMPLES['flow']}")
        else:
            there = (*here, "flow")
            ends = [None if name == ANY else _found(mistakes, there, reach, name, "task") for name in table.flow]
            return Line(place, why, flow=(ends[0], ends[1]))
    elif table.object is not None:
        named = _found(mistakes, (*here, "object"), reach, table.object)
        task = None if table.task is None else _found(mistakes, (*here, "task"), reach, table.task, "task")
        return Line(place, why, task, named, _rights((*here, "rights"), table.rights or [], named, mistakes))
    return Line(place, why)


def _found(mistakes: Mistakes, where: Where, reach: Reach, name: str, kind: str | None = None) -> Thing | None:
    """The thing of a name; a mistake where there is none."""
    try:
        return reach.find(name, kind)
    except RequestError as error:
        mistakes.add(where, str(error))
        return None


def _rights(here: Where, names: list[str], thing: Thing | None, mistakes: Mistakes) -> Rights:
    known = {} if thing is None else {right.name or "": right for right in rights_at_boot(KINDS[thing.kind])}
    found = Rights.NONE
    for i, name in enumerate(names):
        if name in known:
            found |= known[name]
        elif thing is not None:
            what = f'no right "{name}" over {thing.text}; write some of {", ".join(known)}{meant(name, known)}'
            mistakes.add((*here, i), what)
    return found


def _told(detail: ErrorDetails) -> str:
    """An error of shape, in the words of the file's author."""
    keys = [part for part in detail["loc"] if isinstance(part, str)]
    key = keys[-1]
    if detail["type"] == "extra_forbidden":
        table = TrustTable if keys[0] == "trust" else Table
        known = File.model_fields if len(keys) == 1 else table.model_fields
        return f'unknown key "{key}"; the keys are {", ".join(known)}{meant(key, known)}'
    if detail["type"] == "missing":
        return f'no "{key}"; add {_EXAMPLES[key]}'
    return f'"{key}" has another type; write {_EXAMPLES.get(key, key)}'
