"""A checked system in words: what there is, and for each task its program, its terms and what it holds."""

from __future__ import annotations

from collections.abc import Iterator

from tyrne.abi import CapKind
from tyrne.system.capabilities import right_names
from tyrne.system.described import SystemDescription, TaskDescription
from tyrne.system.devices import KINDS
from tyrne.system.manifest import System, Task
from tyrne.system.parts import CONSOLE_CAP, DEFAULT_PRIORITY, Cap, Quota
from tyrne.system.quotas import CLAIMS
from tyrne.system.room import room_line


def outline(description: SystemDescription, system: System) -> Iterator[str]:
    """A line for the whole, one for its memory, one for each memory region, one for each task."""
    counts = [count(len(system.tasks), "task"), count(system.endpoints, "endpoint")]
    if system.notifications:
        counts.append(count(system.notifications, "notification"))
    if memory := len(system.memory) - len(system.devices):
        counts.append(count(memory, "memory region"))
    if system.devices:
        counts.append(count(len(system.devices), "device"))
    yield f"{system.name}: {', '.join(counts)}"
    yield f"  {room_line(system)}"
    for region in system.memory[: len(system.memory) - len(system.devices)]:
        what = "shared with devices" if region.dma else "a device"
        where = f", {what} at {region.address:#x}" if region.address else ""
        where = f", filled from {region.file}, {count(len(region.content), 'byte')}" if region.file else where
        where = f", which come back to {region.out}" if region.out else where
        yield f"  memory {region.name}: {count(region.pages, 'page')}{where}"
    for made in system.devices:
        where = f"{made.kind} at {KINDS[made.kind].address:#x}, line {KINDS[made.kind].line}"
        own = [f"address {made.address.hex(':')}"] if made.kind == "network" else []
        ports = [f"UDP port {forward.udp} of this host leads to {forward.to}" for forward in made.forward]
        kept = ["keeps what is written in its file"] if made.keep else []
        yield f"  device {made.name}: {', '.join([where, *own, *ports, *kept])}"
    for task, described in zip(system.tasks, description.tasks, strict=True):
        size = sum(segment.memory for segment in task.program.segments)
        more = len(described.options.more)
        files = f"{described.program} and {more} more" if more else str(described.program)
        about = [task.program.about] if task.program.about else []
        parts = [files, *about, f"{size} bytes", count(task.stack_pages, "stack page")]
        if described.thread_of:
            parts = [f"a thread of {described.thread_of}"]
        parts += _terms(description, described, task.quota)
        parts += [_cap(description, task, number) for number in range(len(task.caps))] or ["no capability"]
        yield f"  {task.name}: {', '.join(parts)}"
        if task.program.reach:
            yield f"    besides these capabilities: {', '.join(task.program.reach)}"


def _terms(description: SystemDescription, task: TaskDescription, quota: Quota) -> Iterator[str]:
    """What is not the default."""
    if task.priority != DEFAULT_PRIORITY:
        yield f"priority {task.priority}"
    if task.held:
        yield "held until it is started"
    if task.serves:
        yield "serves"
    if task.supervisor is not None:
        yield f"supervised at {description.endpoints[task.supervisor.endpoint]}{_badge(task.supervisor.badge)}"
    claims = [f"{number} {claim}" for claim in CLAIMS if (number := getattr(quota, claim))]
    if claims:
        yield f"quota of {' + '.join(claims)}"


def _cap(description: SystemDescription, task: Task, number: int) -> str:
    cap = task.caps[number]
    if cap == CONSOLE_CAP:
        return "console"
    mapped = ""
    for mapping in task.mappings:
        if mapping.cap == number:
            write = " writable" if mapping.writable else ""
            execute = " executable" if mapping.executable else ""
            mapped = f" mapped{write}{execute} at {mapping.address:#x}"
    return f"{_name(description, cap)} ({'|'.join(right_names(cap.rights)) or 'no rights'}){_badge(cap.badge)}{mapped}"


def _name(description: SystemDescription, cap: Cap) -> str:
    match cap.kind:
        case CapKind.ENDPOINT:
            return description.endpoints[cap.object]
        case CapKind.NOTIFICATION:
            return description.notifications[cap.object]
        case CapKind.MEMORY:
            return description.memory[cap.object].name
        case CapKind.TASK:
            return f"task {description.tasks[cap.object].name}"
        case CapKind.INTERRUPT:
            return f"interrupt {cap.object}"
        case CapKind.ADDRESS_SPACE:
            return f"space of {description.tasks[cap.object].name}"
    return cap.kind.name.lower().removeprefix("debug_")


def _badge(badge: int) -> str:
    return f" badge {badge:#x}" if badge else ""


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
