"""What a run of a batch comes to on one machine, and how two of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tyrne.abi import CallNumber
from tyrne.hal.exit_status import PANIC
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import Recorder
from tyrne.system.qemu_versions import Fault, Version, corrected
from tyrne.system.transition import Ended, Event

_TELLS: Final = (CallNumber.WAIT.value, CallNumber.REPLY_WAIT.value)
_ACTS: Final = (CallNumber.TASK_READ.value, CallNumber.TASK_WRITE.value)


def subject(event: Event, supervisor: int | None) -> int | None:
    """The program that a call of the supervisor is about: its badge and its handle are one more than its number."""
    if not isinstance(event, CallEvent) or event.task != supervisor or event.results is None:
        return None
    if event.number in _TELLS:
        return event.results[1] - 1
    return event.arguments[0] - 1 if event.number in _ACTS else None


def told(event: Event) -> tuple[int, int, int] | None:
    """ESR, FAR and PC of a fault, as it ends a task or comes to its supervisor."""
    if isinstance(event, FaultEvent):
        return event.syndrome, event.address, event.pc
    if isinstance(event, CallEvent) and event.number in _TELLS and event.results is not None and event.results[2] == 1:
        return event.results[3], event.results[4], event.results[5]
    return None


def as_architected(events: Iterable[Event], version: Version) -> tuple[Event, ...]:
    """The events of a version of QEMU, its known deviations corrected: where a fault is told, and in the calls that
    its supervisor makes while its registers still hold what it was told."""
    right: dict[tuple[int, ...], Fault] = {}
    return tuple(_as_architected(event, version, right) for event in events)


def _as_architected(event: Event, version: Version, right: dict[tuple[int, ...], Fault]) -> Event:
    """`right` has, for each fault that was told so far, what the architecture says of it."""
    fault = told(event)
    if fault is not None:
        right[fault] = corrected(Fault(*fault), version)
    if isinstance(event, FaultEvent):
        return event if fault is None else replace(event, syndrome=right[fault].syndrome, address=right[fault].address)
    if not isinstance(event, CallEvent):
        return event
    if fault is not None and event.results is not None:
        event = replace(event, results=(*event.results[:3], *right[fault], *event.results[6:]))
    held = event.arguments[3:6]
    return replace(event, arguments=(*event.arguments[:3], *right[held])) if held in right else event


@dataclass(frozen=True)
class Outcome:
    """A run that has ended. `executed`: how many instructions of their own code the programs have begun, where that was
    counted; `busiest`: the task that ran the most instructions of all, where the machine tells."""

    status: int
    events: tuple[Event, ...]
    console: dict[int, bytes]
    order: bytes
    """What all tasks wrote, as it came."""
    exits: dict[int, int]
    blocked: frozenset[int]
    panic: str
    instructions: int
    executed: int | None
    busiest: int | None

    @property
    def panicked(self) -> bool:
        return self.status == int(PANIC)

    def of_task(self, task: int, supervisor: int | None) -> list[Event]:
        """What a task did, and what its supervisor learnt and did about it. The handles for the supervisor's answers
        depend on what other tasks did, and are left out."""
        found: list[Event] = []
        for event in self.events:
            if event.task == task:
                found.append(event)
            elif subject(event, supervisor) == task:
                assert isinstance(event, CallEvent) and event.results is not None
                tells = event.number in _TELLS
                plain = replace(event, number=_TELLS[0], arguments=(), results=event.results[:6])
                found.append(plain if tells else event)
        return found


def outcome(recorder: Recorder, events: tuple[Event, ...], executed: int | None, busiest: int | None) -> Outcome:
    return Outcome(
        status=int(PANIC) if recorder.status is None else recorder.status,
        events=events,
        console={task: bytes(written) for task, written in recorder.console_of.items()},
        order=bytes(recorder.console_bytes),
        exits=dict(recorder.exit_codes),
        blocked=frozenset(recorder.blocked),
        panic=recorder.panic_bytes.decode("utf-8", "backslashreplace"),
        instructions=recorder.instructions,
        executed=executed,
        busiest=busiest,
    )


@dataclass(frozen=True)
class Difference:
    """Where two machines part: a task, or None for the run as a whole, its first two events that differ, and why in
    words."""

    task: int | None
    what: str
    first: Event | None = None
    second: Event | None = None


def differences(
    first: Outcome, second: Outcome, tasks: Sequence[int], supervisor: int | None, ordered: bool
) -> list[Difference]:
    """How the runs differ, task by task. `ordered`: they must agree on the order between tasks as well."""
    found = list(_of_tasks(first, second, tasks, supervisor))
    if first.status != second.status:
        found.append(Difference(None, f"exit status {first.status} and {second.status}"))
    if not found and None not in (first.executed, second.executed) and first.executed != second.executed:
        found.append(Difference(None, f"{first.executed} and {second.executed} instructions of the programs' code"))
    if ordered and not found:
        if first.order != second.order:
            found.append(Difference(None, "the order in which tasks wrote to the console"))
        parted = _first_difference(first.events, second.events)
        if parted is not None:
            found.append(Difference(None, "the order of events", *parted))
    return found


def _of_tasks(first: Outcome, second: Outcome, tasks: Sequence[int], supervisor: int | None) -> Iterable[Difference]:
    for task in tasks:
        parted = _first_difference(first.of_task(task, supervisor), second.of_task(task, supervisor))
        if parted is not None:
            yield Difference(task, f"{describe(parted[0])} and {describe(parted[1])}", *parted)
        elif first.console.get(task) != second.console.get(task):
            yield Difference(task, _written(first.console.get(task, b""), second.console.get(task, b"")))
        elif first.exits.get(task) != second.exits.get(task) or (task in first.blocked) != (task in second.blocked):
            yield Difference(task, f"{_end(first, task)} and {_end(second, task)}")


def _first_difference(first: Sequence[Event], second: Sequence[Event]) -> tuple[Event | None, Event | None] | None:
    for i in range(max(len(first), len(second))):
        one = first[i] if i < len(first) else None
        other = second[i] if i < len(second) else None
        if one != other:
            return one, other
    return None


def _end(found: Outcome, task: int) -> str:
    if task in found.exits:
        return f"exit code {found.exits[task]:#x}"
    return "waits" if task in found.blocked else "neither ended nor waits"


_BLOCK: Final = (*(f"{name}{i}{half}" for name in ("q",) for i in range(32) for half in (".low", ".high")),
                 *(f"x{i}" for i in range(31)), "sp", "nzcv", "fpcr", "fpsr", "tpidr_el0")  # fmt: skip


def _written(first: bytes, second: bytes) -> str:
    """Two consoles: what a program writes last is the block of its registers."""
    size = 8 * len(_BLOCK)
    if len(first) == len(second) and first[:-size] == second[:-size]:
        parts = []
        for i, name in enumerate(_BLOCK):
            at = len(first) - size + 8 * i
            one, other = (int.from_bytes(text[at : at + 8], "little") for text in (first, second))
            if one != other:
                parts.append(f"{name} {one:#x} and {other:#x}")
        return "registers in the end: " + ", ".join(parts)
    return f"console: {len(first)} and {len(second)} bytes"


def describe(event: Event | None) -> str:
    """An event in a line."""
    match event:
        case None:
            return "nothing more"
        case CallEvent() if (fault := told(event)) is not None:
            return f"fault esr={fault[0]:#x} far={fault[1]:#x} pc={fault[2]:#x}"
        case CallEvent():
            results = "never returns" if event.results is None else " ".join(hex(word) for word in event.results)
            arguments = " ".join(hex(word) for word in event.arguments)
            return f"{event.name or event.number}({arguments}) -> {results}"
        case FaultEvent():
            return f"{event.kind} esr={event.syndrome:#x} far={event.address:#x} pc={event.pc:#x}"
        case Ended():
            return f"ended with {event.code:#x}"
