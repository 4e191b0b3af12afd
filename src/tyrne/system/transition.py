"""Transitions of a kernel in words: what made a task trap, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import Listener

TaskName = Callable[[int], str]
"""The name of a task by its number."""

_INTERRUPTS: Final = {
    Interrupt.TICK: "tick",
    Interrupt.LIMIT: "the instruction limit",
    Interrupt.ALARM: "a deadline",
    Interrupt.DEVICE: "a device",
    Interrupt.SPURIOUS: "interrupt, nothing due",
}


NOBODY: Final = "(nobody was ready)"

Cause = CallEvent | FaultEvent | Interrupt
"""Why a task trapped: the call as it came in, what it did wrong, or the interrupt."""


@dataclass(frozen=True)
class Ended:
    """A task was ended by another one, with a code."""

    task: int
    code: int


Event = CallEvent | FaultEvent | Ended


@dataclass(frozen=True)
class Transition:
    """One trap and the kernel's answer. `number` counts from 1: after transition n, n transitions have been. `task` is
    None of an interrupt that came while nobody was ready.

    `events` are the calls that returned or ended their task, of this task and of others, and the tasks that were ended.
    `panicked`: the kernel failed a check.
    """

    number: int
    task: int | None
    cause: Cause
    events: tuple[Event, ...]
    panicked: bool = False

    def text(self, name: TaskName) -> str:
        """`server: reply_wait(0x2, 0x7) waits; client: call = OK (0x0, 0x7)`."""
        own, parts = self._own()
        for event in self.events:
            if event is not own:
                parts.append(f"{name(event.task)}: {_event(event, self.task)}")
        if self.panicked:
            parts.append("kernel panic")
        return f"{NOBODY if self.task is None else name(self.task)}: {'; '.join(parts)}"

    def _own(self) -> tuple[CallEvent | None, list[str]]:
        """The event that answers the cause, if there is one, and the text of both."""
        cause = self.cause
        if isinstance(cause, Interrupt):
            return None, [_INTERRUPTS[cause]]
        if isinstance(cause, FaultEvent):
            return None, [_fault(cause)]
        for event in self.events:
            if isinstance(event, CallEvent) and event.task == self.task:
                return event, [_event(event, self.task)]
        return None, [cause.text if self.panicked else f"{cause.text} waits"]


class Listening(Listener):
    """Keeps the events since they were last taken."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self.calls_at: list[int] = []
        """The transitions in which calls returned, as far as somebody has written them here."""

    def call(self, event: CallEvent) -> None:
        self._events.append(event)

    def fault(self, event: FaultEvent) -> None:
        self._events.append(event)

    def task_end(self, task: int, code: int) -> None:
        self._events.append(Ended(task, code))

    def take(self) -> tuple[Event, ...]:
        events = tuple(self._events)
        self._events.clear()
        return events


def _event(event: Event, running: int | None) -> str:
    """The arguments of another task's call were shown when it began to wait."""
    match event:
        case CallEvent():
            call = event.text if event.task == running else str(event.name or event.number)
            return call if event.results is None else f"{call} = {event.outcome}"
        case FaultEvent():
            return "ended by its fault"
        case Ended():
            return f"ended with {event.code}"


def _fault(event: FaultEvent) -> str:
    kind = event.kind.replace("_", " ")
    return f"fault: {kind} (esr {event.syndrome:#x}, far {event.address:#x}, pc {event.pc:#x})"
