"""What a run has come to that the kernel's state does not tell: who gave a capability and who made an object, and what
each task has done.

It follows a run transition by transition, and keeps what is about slots, objects and tasks that there are: its size
does not grow with the run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tyrne.abi import NULL_HANDLE, CallNumber, Status, unpack_handle
from tyrne.hosted.happened import CallEvent
from tyrne.hosted.kept import forget_oldest
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import EndpointHandle, ReplyHandle, TaskHandle, life_of
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.life import Life
from tyrne.kernel.task import Task
from tyrne.lang import u64

LAST_CALLS: Final = 8
"""Of each task."""
TASKS: Final = 64
"""Of whose doings something is kept."""
_OWN: Final = {
    CallNumber.CREATE: "made",
    CallNumber.CAP_COPY: "copied",
    CallNumber.CAP_DERIVE: "derived",
    CallNumber.MEMORY_DERIVE: "derived",
}
"""Calls whose first result is the handle of a capability in the caller's own table."""
_RECEIVE: Final = (CallNumber.RECV, CallNumber.WAIT, CallNumber.CALL, CallNumber.REPLY_WAIT)
_FOLLOWED: Final = frozenset(number.value for number in (*_OWN, *_RECEIVE, CallNumber.CAP_MOVE, CallNumber.SEND))
"""Calls after which a capability may be where it was not."""
_OK: Final = Status.OK.value
_NUMBERS: Final = {number.value: number for number in CallNumber}
_CARRIED, _ANSWER, _CARRIES, _NULL = 6, 7, 5, int(NULL_HANDLE)
"""Result registers: what came with a message, and the right to answer it. Argument register: what goes with one."""
_PENDING: Final = 1
"""What `recv` gives where there was no message."""


@dataclass(frozen=True)
class Arrival:
    """How a capability came to where it is: `made`, `copied`, `derived` or `moved` by a call, `received` with a
    message, or as the `answer` that a caller waits for. `giver` is the number of the task it is from, None for the
    holder itself; `position` the transition, None where nobody has counted. What came `later` has come after the
    start, in a way that nobody has seen."""

    how: str
    position: int | None
    giver: int | None = None


@dataclass
class Activity:
    """What a task has done: instructions, transitions of the kernel that it caused, calls that returned or ended it."""

    instructions: int = 0
    traps: int = 0
    calls: int = 0
    refused: int = 0
    last: deque[tuple[int, CallEvent]] = field(default_factory=lambda: deque(maxlen=LAST_CALLS))
    """The last calls, each with the transition in which it returned."""


class History:
    """Of a run that stands where `follow` has followed it to."""

    def __init__(self, kernel: Kernel[Any]) -> None:
        """The kernel has just booted."""
        self.activities: Final[dict[int, Activity]] = {}
        """By the task's number."""
        self._arrivals: Final[dict[int, tuple[int, Arrival]]] = {}
        self._makers: Final[dict[int, tuple[int, Arrival]]] = {}
        self._parked: Final[dict[int, tuple[int, Arrival]]] = {}
        spaces = kernel.spaces
        self._at_boot: Final = {
            id(space.life): (int(space.life.count), int(space.frames))
            for space, alive in zip(spaces.items, spaces.occupied, strict=True)
            if alive
        }
        self._instructions = 0

    def follow(
        self, kernel: Kernel[Any], position: int, runner: int | None, events: Sequence[object], instructions: int
    ) -> None:
        """A transition was made, from which the kernel has come out: its number, the number of the task that ran, what
        was recorded in it, and how many instructions of tasks there have been so far."""
        if runner is not None:
            ran = self._activity(runner)
            ran.traps += 1
            ran.instructions += instructions - self._instructions
        self._instructions = instructions
        for event in events:
            if not isinstance(event, CallEvent):
                continue
            did = self._activity(event.task)
            did.calls += 1
            did.last.append((position, event))
            results = event.results
            did.refused += event.was_refused
            if results is not None and results[0] == _OK and event.number in _FOLLOWED:
                self._returned(kernel, position, runner, event, events)

    def activity(self, task: int) -> Activity:
        """What a task has done, by its number."""
        return self.activities.get(task, Activity())

    def arrival(self, slot: CapSlot) -> Arrival | None:
        """How the capability of an occupied slot came there; None for what its task started with."""
        if slot.table is None:
            return None
        return _of(self._arrivals, slot, int(slot.generation))

    def maker(self, life: Life) -> Arrival | None:
        """Who made the object that lives; None for those that boot made."""
        return _of(self._makers, life, int(life.count))

    def sender(self, life: Life) -> Arrival | None:
        """Who sent what is parked in an endpoint; None where that is not known."""
        return _of(self._parked, life, int(life.count))

    def frames_at_boot(self, life: Life) -> int:
        """How many of an address space's frames boot has paid for."""
        count, frames = self._at_boot.get(id(life), (0, 0))
        return frames if life.count == count else 0

    def _activity(self, task: int) -> Activity:
        found = self.activities.get(task)
        if found is None:
            found = self.activities[task] = Activity()
            forget_oldest(self.activities, TASKS)
        return found

    def _returned(
        self, kernel: Kernel[Any], position: int, runner: int | None, event: CallEvent, events: Sequence[object]
    ) -> None:
        """A call has succeeded."""
        number, task, results = _NUMBERS.get(event.number), _living(kernel, event.task), event.results
        if number is None or task is None or results is None:
            return
        if number in _OWN:
            slot = self._came(task, results[1], Arrival(_OWN[number], position))
            life = None if slot is None or number is not CallNumber.CREATE else life_of(slot.held().object)
            if life is not None:
                self._makers[id(life)] = int(life.count), Arrival("made", position, event.task)
        elif number is CallNumber.CAP_MOVE:
            other = _named(task, event.arguments[1], TaskHandle)
            if other is None or other.at is task:
                self._came(task, results[1], self._left(task, event.arguments[0]) or Arrival("moved", position))
            else:
                self._came(other.at, results[1], Arrival("moved", position, event.task))
        elif number is CallNumber.SEND:
            endpoint = _named(task, event.arguments[0], EndpointHandle)
            if endpoint is not None and endpoint.at.holds_message():
                self._parked[id(endpoint.at.life)] = int(endpoint.at.life.count), Arrival("sent", position, event.task)
        if number in _RECEIVE and not (number is CallNumber.RECV and results[1] == _PENDING):
            client = self._client(position, task, event)
            if results[_CARRIED] != _NULL:
                giver = client if client is not None else self._giver(task, runner, event, events)
                self._came(task, results[_CARRIED], Arrival("received", position, giver))

    def _client(self, position: int, task: Task, event: CallEvent) -> int | None:
        """Who waits for an answer to the message that a call has returned, by the capability that came with it."""
        results = event.results
        if results is None or event.number not in (CallNumber.WAIT.value, CallNumber.REPLY_WAIT.value):
            return None
        slot = _slot(task, results[_ANSWER])
        if slot is None:
            return None
        named = slot.held().object
        client = int(named.at.number) if isinstance(named, ReplyHandle) else None
        self._came(task, results[_ANSWER], Arrival("answer", position, client))
        return client

    def _giver(self, task: Task, runner: int | None, event: CallEvent, events: Sequence[object]) -> int | None:
        """Who sent a message that wants no answer, or is one: who ran, if that is another task; else who had waited to
        send it, and goes on; else who had parked it."""
        if runner != event.task:
            return runner
        for other in events:
            if not isinstance(other, CallEvent) or other.task == event.task:
                continue
            if other.number == CallNumber.SEND_WAIT.value and other.arguments[_CARRIES] != _NULL:
                return other.task
        at = event.arguments[_CARRIES if event.number == CallNumber.REPLY_WAIT.value else 0]
        endpoint = _named(task, at, EndpointHandle)
        parked = None if endpoint is None else self.sender(endpoint.at.life)
        return None if parked is None else parked.giver

    def _left(self, task: Task, word: int) -> Arrival | None:
        """How what a handle word named came to its task, which has moved it away since."""
        handle = unpack_handle(u64(word))
        known = self._arrivals.get(id(task.capabilities.slots[handle.index]))
        return known[1] if known is not None and known[0] == handle.generation else None

    def _came(self, task: Task, word: int, arrival: Arrival) -> CapSlot | None:
        """Note how what a handle word names came to a task, if it is still there."""
        slot = _slot(task, word)
        if slot is not None:
            self._arrivals[id(slot)] = int(slot.generation), arrival
        return slot


def _of(known: dict[int, tuple[int, Arrival]], place: object, life: int) -> Arrival | None:
    """What is known of the life that a place lives now."""
    count, arrival = known.get(id(place), (-1, None))
    return arrival if count == life else None


def _living(kernel: Kernel[Any], number: int) -> Task | None:
    """The living task of a number."""
    arena = kernel.tasks
    living = (task for task, alive in zip(arena.items, arena.occupied, strict=True) if alive)
    return next((task for task in living if task.number == number), None)


def _slot(task: Task, word: int) -> CapSlot | None:
    return task.capabilities.resolve(unpack_handle(u64(word)))


def _named(task: Task, word: int, kind: type[Any]) -> Any:
    """The handle in a task's capability, if it is of a kind."""
    slot = _slot(task, word)
    named = None if slot is None else slot.held().object
    return named if isinstance(named, kind) else None
