"""Who waits for whom, and who will wait for ever as far as capabilities tell.

A wait is ended in the ordinary way by any one of its partners: who holds the right to send, receive, signal, answer or
resume. A task is stuck when all its partners are, and no deadline and no interrupt is to come. So a task that is not
stuck may still wait for ever; one that is may be freed by other means: who ends or suspends it, a revocation, or a
notification that somebody binds to the endpoint where it waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tyrne.abi import Rights, TaskState
from tyrne.inspect import objects
from tyrne.inspect.slots import object_of
from tyrne.inspect.view import View
from tyrne.inspect.words import of_kind
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.notification import Notification
from tyrne.kernel.task import Task
from tyrne.system.task_states import describe_task

_WAITING: Final = (
    TaskState.SENDING,
    TaskState.RECEIVING,
    TaskState.CALLING,
    TaskState.SUSPENDED,
    TaskState.INACTIVE,
)


@dataclass(frozen=True)
class Need:
    """What a task waits for: the object in words, the tasks that could end the wait, and what else could."""

    on: str | None
    partners: tuple[Task, ...]
    others: tuple[str, ...] = ()


class Waits:
    """The waits of a kernel."""

    def __init__(self, view: View) -> None:
        self._view: Final = view
        self._live: Final = [task for task in view.tasks() if not task.has_ended()]
        self._held: Final = [
            (task, slot.held().object, slot.held().rights)
            for task in self._live
            for slot in task.capabilities.slots
            if slot.capability is not None
        ]
        self.needs: Final = {int(task.number): self._need(task) for task in self._live if task.state in _WAITING}
        """By the numbers of the tasks that wait."""

    def read(self) -> tuple[tuple[objects.Wait, ...], tuple[tuple[str, ...], ...]]:
        """The waits in the order of the tasks, and the cycles among those that are stuck."""
        names, view = self._view.names, self._view
        partners = {number: [int(task.number) for task in need.partners] for number, need in self.needs.items()}
        stuck = stuck_of(partners, {number for number, need in self.needs.items() if need.others})
        cycles = cycles_of({number: [to for to in partners[number] if to in stuck] for number in sorted(stuck)})
        waits = tuple(
            objects.Wait(
                task=view.task(task),
                does=describe_task(view.kernel, task, names.task, names),
                on=need.on,
                partners=tuple(names.task(number) for number in partners[int(task.number)]),
                others=need.others,
                stuck=int(task.number) in stuck,
                cycle=next((i for i, cycle in enumerate(cycles) if int(task.number) in cycle), None),
            )
            for task in self._live
            if (need := self.needs.get(int(task.number))) is not None
        )
        return waits, tuple(tuple(names.task(number) for number in cycle) for cycle in cycles)

    def on(self, task: Task) -> str | None:
        """The object that a task waits for, in words."""
        need = self.needs.get(int(task.number))
        return None if need is None else need.on

    def _need(self, task: Task) -> Need:
        view, timeout = self._view, tuple(self._timeout(task))
        if task.state is TaskState.CALLING:
            return self._answer(task, timeout)
        for endpoint in view.living("endpoint"):
            if task.queue is endpoint.senders:
                who = self._holders(endpoint, Rights.RECV)
                return Need(of_kind("endpoint", view.name(endpoint)), self._but(task, who), timeout)
            if task.queue is endpoint.receivers:
                return self._receives(task, endpoint, timeout)
        for notification in view.living("notification"):
            if task.queue is notification.waiters:
                who = self._holders(notification, Rights.NOTIFY)
                others = (*timeout, *self._signals(notification))
                return Need(of_kind("notification", view.name(notification)), self._but(task, who), others)
        return Need(None, self._but(task, self._holders(task, Rights.CONTROL)))

    def _receives(self, task: Task, endpoint: Endpoint, timeout: tuple[str, ...]) -> Need:
        """Also waits for signals of what is bound, and for notices of who is supervised."""
        who = [*self._holders(endpoint, Rights.SEND)]
        for other in self._live:
            hears = other.supervisor.capability
            if hears is not None and object_of(self._view.kernel, hears.object) is endpoint:
                who.append(other)
        others = timeout
        if endpoint.bound is not None:
            who += self._holders(endpoint.bound, Rights.NOTIFY)
            others = (*timeout, *self._signals(endpoint.bound))
        return Need(of_kind("endpoint", self._view.name(endpoint)), self._but(task, who), others)

    def _answer(self, task: Task, timeout: tuple[str, ...]) -> Need:
        """From who holds the reply capability, or who may take the message that it travels in."""
        reply = task.reply
        for other in self._live:
            if reply is not None and reply.table is other.capabilities:
                return Need(of_kind("task", self._view.task(other)), (other,), timeout)
        for endpoint in self._view.living("endpoint"):
            if reply is not None and reply is endpoint.parked:
                who = self._holders(endpoint, Rights.RECV)
                return Need(of_kind("endpoint", self._view.name(endpoint)), self._but(task, who), timeout)
        return Need(None, (), timeout)

    def _holders(self, thing: object, right: Rights) -> Iterator[Task]:
        """Who may do something with an object; also who may take a capability for it out of a message."""
        kernel = self._view.kernel
        for task, named, rights in self._held:
            if right in rights and object_of(kernel, named) is thing:
                yield task
        for endpoint in self._view.living("endpoint"):
            parked = endpoint.parked.capability
            if parked is not None and right in parked.rights and object_of(kernel, parked.object) is thing:
                held = ((task, object_of(kernel, at)) for task, at, may in self._held if Rights.RECV in may)
                yield from (task for task, at in held if at is endpoint)

    def _signals(self, notification: Notification) -> Iterator[str]:
        """What signals a notification without a task doing so."""
        kernel = self._view.kernel
        for task in self._live:
            deadline = task.deadline
            signals = None if deadline is None else deadline.signals
            if signals is not None and object_of(kernel, signals.held().object) is notification:
                yield f"a deadline of {self._view.task(task)}"
        for line in list(kernel.lines)[: int(kernel.named_lines)]:
            bound = line.bound
            if bound is not None and line.open and object_of(kernel, bound.signals.held().object) is notification:
                yield f"interrupt {int(line.number)}"

    def _timeout(self, task: Task) -> Iterator[str]:
        deadline = task.deadline
        if deadline is not None and deadline.signals is None and task.waits():
            yield "its deadline"

    def _but(self, task: Task, others: Iterable[Task]) -> tuple[Task, ...]:
        """The others, each once, by their numbers."""
        found = {int(other.number): other for other in others if other is not task}
        return tuple(found[number] for number in sorted(found))


def stuck_of(partners: Mapping[int, list[int]], freed: set[int]) -> set[int]:
    """The largest set of who waits, none of it freed otherwise, whose partners are all in it."""
    stuck = set(partners) - freed
    before = -1
    while len(stuck) != before:
        before = len(stuck)
        stuck = {one for one in stuck if all(other in stuck for other in partners[one])}
    return stuck


def cycles_of(leads: Mapping[int, list[int]]) -> list[tuple[int, ...]]:
    """Shortest cycles in a graph, no node in two of them, from the lowest node on."""
    found: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for start in sorted(leads):
        cycle = None if start in taken else _cycle(leads, start, taken)
        if cycle is not None:
            found.append(cycle)
            taken |= set(cycle)
    return found


def _cycle(leads: Mapping[int, list[int]], start: int, taken: set[int]) -> tuple[int, ...] | None:
    """A shortest way from a node back to it that avoids those that are taken."""
    before: dict[int, int] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for other in leads[node]:
            if other == start:
                way = [node]
                while way[-1] != start:
                    way.append(before[way[-1]])
                return tuple(reversed(way))
            if other not in before and other not in taken:
                before[other] = node
                queue.append(other)
    return None
