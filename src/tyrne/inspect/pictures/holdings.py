"""Who holds what, as boxes with rows: what the capability graph draws.

What only one task holds is a row of its box and no more; what several hold is an object of its own, with a line from
each row. Tasks that hold alike share a box. So a picture grows with what differs, not with how many there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tyrne.inspect.objects import Capability, Inspection, Task
from tyrne.inspect.words import counted, of_kind

PLAIN: Final = ("console", "clock")
"""What is the same for all who hold it: a row, but no object with lines."""
ALIKE: Final = 3
"""So many tasks that hold alike share a box."""
ROWS: Final = 10
"""Rows of a box about what nobody else holds; further ones are counted."""
DERIVED: Final = 100
"""Lines from a capability to one that is derived from it."""
NAMES: Final = 4
"""Tasks that a box names; of more the first, and how many."""

Thing = tuple[str, str]
"""What a capability names: its kind, and its name."""


@dataclass(frozen=True)
class Row:
    """One capability of a box, or, without `capability`, words about several. `thing` is the object with which a line
    connects it."""

    text: str
    capability: Capability | None = None
    thing: Thing | None = None

    @property
    def gives(self) -> bool:
        """Whether its holder acts on the object: sends, signals, writes, controls."""
        rights = () if self.capability is None else self.capability.rights
        return not rights or bool({"SEND", "NOTIFY", "WRITE", "CONTROL", "CONFIGURE", "BIND", "CREATE"} & set(rights))

    @property
    def takes(self) -> bool:
        """Whether something comes from the object to its holder: messages, signals, what can be read."""
        return self.capability is not None and bool({"RECV", "WAIT", "READ"} & set(self.capability.rights))


@dataclass
class Box:
    """Tasks that hold alike, mostly one."""

    tasks: tuple[str, ...]
    state: str
    rows: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        return names_of(self.tasks)


@dataclass(frozen=True)
class Holdings:
    """`derived` has for each pair of capabilities, by their numbers, that the second is derived from the first.
    `notes` say what is not shown."""

    boxes: list[Box]
    things: dict[Thing, list[str]]
    """Objects that several tasks hold, with lines about each."""
    derived: list[tuple[int, int]]
    notes: list[str]


def names_of(tasks: Sequence[str], what: str = "tasks") -> str:
    """`client-1`, or `client-1 … client-8 (8 tasks)`."""
    if len(tasks) <= NAMES:
        return ", ".join(tasks)
    return f"{tasks[0]} … {tasks[-1]} ({len(tasks)} {what})"


def holdings(seen: Inspection, tasks: Collection[str] = ()) -> Holdings:
    """What the tasks hold; or what the named ones do, and others of the same objects."""
    held = {task.name: seen.held_by(task.name) for task in seen.tasks}
    shared = _shared(seen, held)
    derived = [
        (parent, cap.number)
        for caps in held.values()
        for cap in caps
        if (parent := _parent(seen, cap, held)) is not None
    ]
    related = _related(seen, held, shared, derived, tasks)
    boxes, notes = _boxes(seen, held, shared, derived, related, tasks)
    drawn = {row.capability.number for box in boxes for row in box.rows if row.capability is not None}
    things = {row.thing: _about(seen, row.thing) for box in boxes for row in box.rows if row.thing is not None}
    kept = [(parent, child) for parent, child in derived if parent in drawn and child in drawn]
    if len(kept) > DERIVED:
        notes.append(f"{len(kept) - DERIVED} more derivations are not shown")
    return Holdings(boxes, things, kept[:DERIVED], notes)


def _thing(cap: Capability) -> Thing:
    return cap.kind, cap.object


def _shared(seen: Inspection, held: dict[str, list[Capability]]) -> set[Thing]:
    """What more than one task holds, or hears of another's end."""
    holders: dict[Thing, set[str]] = {}
    for task, caps in held.items():
        for cap in caps:
            holders.setdefault(_thing(cap), set()).add(task)
    for each in seen.tasks:
        if each.supervisor is not None:
            holders.setdefault(("endpoint", each.supervisor), set()).add(each.name)
    return {thing for thing, who in holders.items() if len(who) > 1 and thing[0] not in PLAIN}


def _parent(seen: Inspection, cap: Capability, held: dict[str, list[Capability]]) -> int | None:
    """The nearest capability in the table of a task from which one is derived."""
    parent = cap.parent
    while parent is not None:
        above = seen.capabilities[parent]
        if above.place == "table" and above.holder in held:
            return parent if above.kind == cap.kind else None
        parent = above.parent
    return None


def _related(
    seen: Inspection,
    held: dict[str, list[Capability]],
    shared: set[Thing],
    derived: Iterable[tuple[int, int]],
    tasks: Collection[str],
) -> dict[str, list[Capability]]:
    """What of each task's capabilities is about the named tasks; all of it, where none is named."""
    if not tasks:
        return held
    things = {_thing(cap) for task in tasks for cap in held[task]} & shared
    things |= {("endpoint", each.supervisor) for each in seen.tasks if each.name in tasks and each.supervisor}
    of_them = {cap.number for task in tasks for cap in held[task]}
    linked = {number for pair in derived if of_them & set(pair) for number in pair}
    return {
        task: [
            cap
            for cap in caps
            if task in tasks
            or _thing(cap) in things
            or cap.number in linked
            or (cap.kind, cap.object) in _as_tasks(tasks)
        ]
        for task, caps in held.items()
    }


def _as_tasks(tasks: Iterable[str]) -> set[Thing]:
    """The named tasks as what a capability names."""
    return {("task", task) for task in tasks}


def _boxes(
    seen: Inspection,
    held: dict[str, list[Capability]],
    shared: set[Thing],
    derived: list[tuple[int, int]],
    related: dict[str, list[Capability]],
    tasks: Collection[str],
) -> tuple[list[Box], list[str]]:
    """The boxes in the order of their first tasks, and who has none."""
    linked = {number for pair in derived for number in pair}
    alike: dict[object, list[Task]] = {}
    for task in seen.tasks:
        if not related[task.name] and task.name not in tasks:
            continue
        own = any(cap.number in linked for cap in held[task.name]) or task.name in tasks
        key = task.name if own else (task.supervisor, *sorted(_likeness(cap, shared) for cap in held[task.name]))
        alike.setdefault(key, []).append(task)
    boxes = []
    for group in alike.values():
        together = [group] if len(group) >= ALIKE else [[task] for task in group]
        for some in together:
            boxes.append(_box(some, related, shared, len(held[some[0].name]) - len(related[some[0].name])))
    shown = {name for box in boxes for name in box.tasks}
    left = [task.name for task in seen.tasks if task.name not in shown]
    why = "nothing in common with them" if tasks else "no capability"
    notes = [f"{names_of(left)}: {why}"] if left else []
    order = {task.name: place for place, task in enumerate(seen.tasks)}
    return sorted(boxes, key=lambda box: order[box.tasks[0]]), notes


def _likeness(cap: Capability, shared: set[Thing]) -> tuple[str, str, str]:
    """What two capabilities of different tasks have in common when they are alike."""
    thing = _thing(cap)
    return cap.kind, cap.object if thing in shared else "", "|".join(cap.rights)


def _box(some: list[Task], related: dict[str, list[Capability]], shared: set[Thing], left_out: int) -> Box:
    """The box of a task, or of several that hold alike."""
    first = some[0]
    states = sorted({task.state for task in some})
    box = Box(tuple(task.name for task in some), ", ".join(states))
    alone = 0
    for cap in related[first.name]:
        thing = _thing(cap) if _thing(cap) in shared else None
        alone += thing is None
        if thing is not None or alone <= ROWS:
            box.rows.append(Row(_text(cap, len(some) > 1), cap, thing))
    if alone > ROWS:
        box.rows.append(Row(f"… and {alone - ROWS} more that nobody shares"))
    if first.supervisor is not None:
        told = of_kind("endpoint", first.supervisor)
        box.rows.append(Row(f"its end is told to {told}", None, ("endpoint", first.supervisor)))
    if left_out:
        box.rows.append(Row(f"… and {left_out} more"))
    return box


def _text(cap: Capability, several: bool) -> str:
    """A row; of several tasks what they have in common."""
    if not several:
        return f"{cap.handle or 0:#x} {cap.text}"
    kind, _, rights = cap.text.partition(", ")
    return f"{kind}, {rights.partition(', badge')[0]}" + (", badges" if cap.badge else "")


def _about(seen: Inspection, thing: Thing) -> list[str]:
    """Lines about an object: its name, and what is in it."""
    kind, name = thing
    lines = [of_kind(kind, name)]
    for endpoint in seen.endpoints:
        if kind == "endpoint" and endpoint.name == name:
            message = endpoint.message
            lines += [f"waiting to send: {names_of(endpoint.senders)}"] if endpoint.senders else []
            lines += [f"waiting to receive: {names_of(endpoint.receivers)}"] if endpoint.receivers else []
            if message is not None:
                carried = None if message.capability is None else seen.capabilities[message.capability]
                lines.append("a message lies there" + (f" with {carried.text.partition(',')[0]}" if carried else ""))
    for notification in seen.notifications:
        if kind == "notification" and notification.name == name:
            lines += [f"bits {notification.bits:#x}"] if notification.bits else []
    for region in seen.regions:
        if kind == "memory" and region.name == name:
            lines.append(f"{counted(region.pages, 'page')}, {region.kind}")
    return lines
