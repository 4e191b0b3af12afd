"""What becomes of each deadline in one transition: the second table of docs/decisions/0037-time.md.

| a deadline                        | goes                                          | stays                            |
|-----------------------------------|-----------------------------------------------|----------------------------------|
| of a task that sets another       | always                                        |                                  |
| by a capability that goes or moves| always                                        |                                  |
| of a task that ends, or begins    | always                                        |                                  |
| anew                              |                                               |                                  |
| else one that signals             | at an alarm when it is due, and the bits come | else                             |
| else one that ends a wait         | with the wait in which its task is; with a    | while its task runs, is stopped, |
|                                   | call that would wait, and finds what it asks  | or waits for repair, due or not  |
|                                   | for                                           |                                  |

A wait ends TIMED_OUT at an alarm when its deadline is due, and only so; by itself an alarm ends no wait otherwise,
unless with signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tyrne.abi import CallNumber, Status, TaskState
from tyrne.hal.timer import ticks_to_ns
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.deadline import Deadline
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer, Task
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.explore.alphabet import NEVER, NULL, Action, Alarm, Call
from tyrne.testing.invariants.deadlines import WAITS

ARM = int(CallNumber.CLOCK_ARM.value)
WAITING = {
    int(call.value) for call in (CallNumber.WAIT, CallNumber.SEND_WAIT, CallNumber.CALL, CallNumber.REPLY_WAIT)
}
"""Calls that wait unless they find what they ask for."""
TIMED_OUT = int(Status.TIMED_OUT.value)


def _waits(task: Task) -> bool:
    return task.state in WAITS and task.offer is not Offer.FAULT


@dataclass(frozen=True)
class Kept:
    """A slot and which use of it."""

    slot: CapSlot
    generation: int

    def is_there(self) -> bool:
        return self.slot.capability is not None and self.slot.generation == self.generation


@dataclass(frozen=True)
class _Standing:
    """A deadline before the transition."""

    task: Task
    deadline: Deadline
    life: int
    waited: bool
    by: tuple[Kept, ...]


class Standing:
    """The deadlines before a transition."""

    def __init__(self, kernel: Kernel[MemoryBoard], action: Action) -> None:
        self.kernel = kernel
        self.action = action
        self.caller = kernel.scheduler.core.current
        self.only_rings = isinstance(action, Alarm) and all(task.work is None for task in kernel.tasks.items._items)
        """Whether there is an alarm, and no work that could end any wait."""
        self.found = [
            _Standing(task, deadline, int(task.life.count), _waits(task), _slots(deadline))
            for task in kernel.tasks.items._items
            if (deadline := task.deadline) is not None
        ]

    def wrong(self, status: int | None, traces: list[tuple[object, ...]], rang: bool) -> Iterator[str]:
        """What does not hold afterwards. The caller's call was answered at once with `status`; `rang` says whether
        there was an alarm, in it or during it."""
        action = self.action
        arms = isinstance(action, Call) and action.number == ARM and status == 0
        for one in self.found:
            if not (arms and one.task is self.caller):
                yield from self._wrong(one, status, traces, rang)
        if arms and isinstance(action, Call):
            yield from self._armed(action)
        due = {int(one.task.number) for one in self.found if rang and self._is_due(one) and self._ends_a_wait(one)}
        for number, answer in answers(traces):
            if answer[0] == TIMED_OUT and number not in due:
                yield f"task {number}: times out, and it is not the time for it"
            if answer[0] not in (0, TIMED_OUT) and self.only_rings:
                yield f"task {number}: its wait ends with {answer[0]:#x} at an alarm"

    def _is_due(self, one: _Standing) -> bool:
        return one.deadline.at <= self.kernel.board.time

    def _ends_a_wait(self, one: _Standing) -> bool:
        """Whether it did, or may have begun to, within the transition."""
        waits = one.waited or one.task is self.caller
        return waits and one.deadline.signals is None

    def _wrong(
        self, one: _Standing, status: int | None, traces: list[tuple[object, ...]], rang: bool
    ) -> Iterator[str]:
        task, deadline = one.task, one.deadline
        name = f"the deadline of task {task.number}"
        over = task.has_ended() or task.life.count != one.life or task.state is TaskState.INACTIVE
        gone = over or not all(kept.is_there() for kept in one.by)
        rings = rang and self._is_due(one)
        if deadline.signals is None:
            asked = isinstance(self.action, Call) and self.action.number in WAITING
            began = one.waited or (task is self.caller and asked and status is None)
            found = task is self.caller and asked and status == 0
            gone = gone or found or (began and not _waits(task))
            timed_out = any(number == task.number and answer[0] == TIMED_OUT for number, answer in answers(traces))
            if rings and not gone and _waits(task):
                yield f"{name} is due, and its wait has not ended"
            gone = gone or timed_out
        elif rings and not gone:
            gone = True
            arrived = [int(answer[3]) for _, answer in answers(traces)]
            arrived += [int(notification.word) for notification in self.kernel.notifications.items._items]
            if not any(word & deadline.bits for word in arrived):
                yield f"{name} is due, and its bits have not come"
        elif rings:
            return  # it may have rung before what took it away
        if (task.deadline is None) is not gone:
            yield f"{name} {'stays' if gone else 'has gone'}: {task.state.name}, and before in a wait {one.waited}"
        elif not gone and task.deadline is not deadline:
            yield f"{name} is another one"

    def _armed(self, action: Call) -> Iterator[str]:
        """The caller has set a deadline as it said, not early; or none."""
        assert self.caller is not None
        deadline = self.caller.deadline
        _, when, notification, bits = action.words
        if when == NEVER or deadline is None:
            if when != NEVER or deadline is not None:
                yield f"armed for {when}, and has a deadline {deadline is not None}"
            return
        kernel = self.kernel
        since = u64(max(0, int(deadline.at) - int(kernel.started)))
        at = int(ticks_to_ns(since, kernel.board.frequency()))
        if at < when or (deadline.signals is None) is not (notification == NULL) or deadline.bits != bits:
            yield f"armed for {when}, {notification}, {bits}, and has {at}, {deadline.signals}, {deadline.bits}"


def _slots(deadline: Deadline) -> tuple[Kept, ...]:
    slots = [deadline.by, *([] if deadline.signals is None else [deadline.signals])]
    return tuple(Kept(slot, int(slot.generation)) for slot in slots)


def answers(traces: list[tuple[object, ...]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The number of each task whose call has returned, and x0 to x7."""
    for trace in traces:
        if trace[0] == "call":
            yield trace[1], trace[3]  # type: ignore[misc]
