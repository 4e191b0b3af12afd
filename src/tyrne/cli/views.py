"""What each command shows of an inspection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tyrne.cli.sheet import Item, Styled, Table
from tyrne.inspect.objects import Capability, Inspection, Position, Space, Task
from tyrne.inspect.words import counted, of_kind

_NUMBERS: Final = frozenset({"pri", "instructions", "share", "traps", "calls", "refused", "pages", "mapped"})
_STATES: Final = {"ready": "green", "faulted": "red", "exited": "dim", "inactive": "dim", "suspended": "yellow"}

_OVER: Final = ("exited", "faulted")
"""What a task does that has ended."""
_ENDED: Final = (0, 1)
"""Statuses of a run that its tasks have ended: who serves and waits then is as one that exited."""


def heading(at: Position) -> Item:
    """Which run, and where in it."""
    parts = [at.run, f"on {at.machine}" if at.machine != "hosted" else "", at.text]
    parts += [] if at.live else [f"{counted(at.instructions, 'instruction')} of tasks"]
    parts += ["the run is over" if at.status is None else f"the run is over with status {at.status}"] if at.over else []
    return Styled(", ".join(filter(None, parts)), "dim")


def processes(seen: Inspection, task: str | None) -> Iterator[Item]:
    """Each task, what it does, and where in its program."""
    table = Table(("task", "pri", "does", "at"), numbers=_NUMBERS)
    for each in seen.tasks:
        more = [f"made by {each.made_by}"] if each.made_by else []
        more += [f"until {each.deadline.at:,} ns"] if each.deadline and each.deadline.notification is None else []
        does = Styled("; ".join([each.does, *more]), _STATES.get(each.state, ""))
        table.rows.append((each.name, str(each.priority), does, _at(each)))
    yield table


def _at(task: Task) -> str:
    if task.line is not None:
        return task.line.text
    return "" if task.state in ("exited", "faulted", "inactive") else f"{task.pc:#x}"


def capabilities(seen: Inspection, task: str | None) -> Iterator[Item]:
    """What each task holds, or one of them."""
    ended = []
    for each in seen.tasks:
        held = seen.held_by(each.name)
        if not held and each.state in _OVER:
            ended.append(each)
        elif task in (None, each.name):
            yield f"{each.name} holds {counted(len(held), 'capability') if len(held) == 1 else _many(held)}"
            table = Table(("handle", "capability", "from"))
            table.rows.extend((f"{cap.handle:#x}", cap.text, _from(seen, cap)) for cap in held)
            if held:
                yield table
    earlier = "" if seen.at.live else "; --at N shows an earlier position"
    for each in ended:
        if each.name == task:
            yield f"{each.name} has ended ({each.does}), and holds nothing any more{earlier}"
    if task is None and len(ended) == len(seen.tasks):
        yield f"all tasks have ended, and hold nothing any more{earlier}"


def _many(held: list[Capability]) -> str:
    return f"{len(held)} capabilities" if held else "no capability"


def _from(seen: Inspection, cap: Capability) -> str:
    """How it came there, and what it is derived from."""
    parent = None if cap.parent is None else seen.capabilities[cap.parent]
    if parent is None or parent.place == "origin":
        return cap.origin
    source = "a message" if parent.handle is None else f"{parent.holder}'s {parent.handle:#x}"
    if parent.holder == cap.holder and parent.handle is not None:
        source = f"{parent.handle:#x}"
    if cap.how == "derived":
        return cap.origin.replace("derived", f"derived from {source}", 1)
    return f"{cap.origin}; derived from {source}"


def tree(seen: Inspection, task: str | None) -> Iterator[Item]:
    """All capabilities, each below that which it is derived from; but for those that only the kernel holds."""
    below: dict[int | None, list[Capability]] = {None: []}
    shown: dict[int | None, int | None] = {None: None}
    for cap in seen.capabilities:
        parent = shown[cap.parent]
        shown[cap.number] = parent if cap.place == "kernel" else cap.number
        if cap.place != "kernel":
            below.setdefault(parent, []).append(cap)
    todo = [("", "", cap) for cap in reversed(below[None])]
    while todo:
        branch, indent, cap = todo.pop()
        yield Styled(f"{branch}{_node(cap)}", "bold" if cap.place == "origin" else "")
        children = below.get(cap.number, [])
        for child in reversed(children):
            last = child is children[-1]
            todo.append((f"{indent}{'└─ ' if last else '├─ '}", f"{indent}{'   ' if last else '│  '}", child))


def _node(cap: Capability) -> str:
    if cap.place == "origin":
        when = "" if cap.transition is None else f" at transition {cap.transition}"
        made = f", made by {cap.giver}{when}" if cap.giver else ""
        return cap.text.split(", ")[0] + made
    rights = cap.text if cap.parent is None else cap.text.partition(", ")[2]
    if cap.place == "table":
        how = "" if cap.how == "description" else f" ({cap.origin})"
        return f"{cap.holder} {cap.handle:#x}: {rights}{how}"
    if cap.place == "message":
        sender = f" from {cap.giver}" if cap.giver else ""
        return f"in a message{sender} at {of_kind('endpoint', cap.holder)}: {rights}"
    return f"{cap.place} of {cap.holder}: {rights}"


def waits(seen: Inspection, task: str | None) -> Iterator[Item]:
    """Who waits for whom, cycles, and what waits in objects."""
    table = Table(("task", "", "waits", "for"))
    ended = seen.at.over and seen.at.status in _ENDED
    serving = {task.name for task in seen.tasks if task.serves} if ended else set()
    for wait in seen.waits:
        whom = ", ".join([*wait.partners, *wait.others]) or "nobody"
        if wait.task in serving:
            table.rows.append((wait.task, "serves", wait.does, whom))
            continue
        style = "bold red" if wait.cycle is not None else "red" if wait.stuck else ""
        mark = "cycle" if wait.cycle is not None else "stuck" if wait.stuck else ""
        table.rows.append((Styled(wait.task, style), Styled(mark, style), wait.does, Styled(whom, style)))
    if seen.waits:
        yield table
    else:
        yield "nobody waits"
    for cycle in seen.cycles:
        yield Styled(f"cycle: {' → '.join([*cycle, cycle[0]])}", "bold red")
    yield from _queues(seen)


def _queues(seen: Inspection) -> Iterator[Item]:
    """What stands in endpoints and notifications, interrupts, and deadlines."""
    for endpoint in seen.endpoints:
        message = endpoint.message
        parts = [f"senders {', '.join(endpoint.senders)}"] if endpoint.senders else []
        parts += [f"receivers {', '.join(endpoint.receivers)}"] if endpoint.receivers else []
        if message is not None:
            carried = "" if message.capability is None else f" with {seen.capabilities[message.capability].text}"
            parts.append(f"a message of {message.sender or 'somebody'} lies there{carried}")
        parts += [f"polled by {endpoint.polled_by}"] if endpoint.polled_by else []
        parts += [f"bound to {of_kind('notification', endpoint.bound)}"] if endpoint.bound and parts else []
        if parts:
            yield f"{of_kind('endpoint', endpoint.name)}: {'; '.join(parts)}"
    for notification in seen.notifications:
        parts = [f"bits {notification.bits:#x}"] if notification.bits else []
        parts += [f"waiters {', '.join(notification.waiters)}"] if notification.waiters else []
        if parts:
            yield f"{of_kind('notification', notification.name)}: {'; '.join(parts)}"
    for line in seen.interrupts:
        bound = "" if line.notification is None else f", by {line.driver} to {line.notification} bits {line.bits:#x}"
        yield f"interrupt {line.line}: {line.state}{bound}"
    for each in seen.tasks:
        if each.deadline is not None:
            yield f"deadline of {each.name}: {each.deadline.text}"


def maps(seen: Inspection, task: str | None) -> Iterator[Item]:
    """What is mapped in each address space, and the memory regions."""
    for space in seen.spaces:
        if task is None or task in space.tasks:
            yield f"{of_kind('space', space.name)}: {_size(space)}"
            table = Table(("start", "end", "access", "pages", "what"), numbers=_NUMBERS)
            for each in space.mappings:
                what = each.what if each.region is None else of_kind("memory", each.region)
                table.rows.append((f"{each.start:#x}", f"{each.end:#x}", each.access, str(each.pages), what))
            if space.mappings:
                yield table
    if seen.regions and task is None:
        yield "memory regions:"
        table = Table(("region", "pages", "mapped", "kind", "paid by"), numbers=_NUMBERS)
        for region in seen.regions:
            row = (region.name, str(region.pages), str(region.mappings), region.kind, of_kind("quota", region.payer))
            table.rows.append(row)
        yield table
    frames = seen.frames
    yield f"frames: {frames.allocated:,} allocated, {frames.reserved:,} reserved, {frames.free:,} free"


def _size(space: Space) -> str:
    ends = ", being given back" if space.ends else ""
    lives = f", of {', '.join(space.tasks)}" if space.tasks and space.tasks != (space.name,) else ""
    own = f"{counted(space.tables, 'table')}, {counted(space.own_pages, 'own page')}"
    return f"{counted(space.frames, 'frame')} ({own}){lives}{ends}"


def top(seen: Inspection, task: str | None) -> Iterator[Item]:
    """What each task has used, the busiest first; and what quotas have left. Of a machine that runs now nobody has
    counted more than the latter."""
    yield from [] if seen.at.live else _busiest(seen)
    quotas = [quota for quota in seen.quotas if quota.name != "kernel" and any(claim.granted for claim in quota.claims)]
    if quotas:
        kinds = [claim.what for claim in quotas[0].claims]
        used = Table(("quota used/granted", *kinds), numbers=frozenset(kinds))
        for quota in quotas:
            claims = (f"{claim.used:,}/{claim.granted:,}" if claim.granted else "-" for claim in quota.claims)
            used.rows.append((quota.name.removeprefix("quota "), *claims))
        yield used


def _busiest(seen: Inspection) -> Iterator[Item]:
    table = Table(("task", "instructions", "share", "traps", "calls", "refused", "last call"), numbers=_NUMBERS)
    total = sum(each.instructions for each in seen.tasks) or 1
    for each in sorted(seen.tasks, key=lambda each: -each.instructions):
        last = each.last_calls[-1] if each.last_calls else None
        table.rows.append(
            (
                each.name,
                f"{each.instructions:,}",
                f"{100 * each.instructions / total:.0f}%",
                f"{each.traps:,}",
                f"{each.calls:,}",
                f"{each.refused:,}",
                "" if last is None else f"{last.text.partition('(')[0]}: {last.outcome.partition(' (')[0]}",
            )
        )
    yield table


@dataclass(frozen=True)
class View:
    """A command: what it shows, and which parts of the inspection its JSON has."""

    show: Callable[[Inspection, str | None], Iterator[Item]]
    parts: tuple[str, ...]


VIEWS: Final = {
    "ps": View(processes, ("tasks",)),
    "caps": View(capabilities, ("capabilities",)),
    "tree": View(tree, ("capabilities",)),
    "waits": View(waits, ("waits", "cycles", "endpoints", "notifications", "interrupts")),
    "maps": View(maps, ("spaces", "regions", "frames")),
    "top": View(top, ("tasks", "quotas", "frames")),
}
"""By the command that shows it."""
