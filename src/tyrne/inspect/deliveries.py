"""Who sent what a call has returned: messages, answers, signals and notices, from task to task.

The kernel does not keep who sent a message. It follows from the transition in which it arrives: who ran has sent it; or
who ran has received what somebody waited to send, goes on without an answer or waits for one; or what somebody had left
before: then who did so last is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from tyrne.abi import NULL_HANDLE, CallNumber, Status, TaskState, unpack_handle
from tyrne.hal.interrupt import Interrupt as Cause
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.inspect.call_words import CallWords
from tyrne.inspect.events import Message, Moment
from tyrne.kernel.capability import EndpointHandle, NotificationHandle, ReplyHandle
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Offer, Task, TaskQueue
from tyrne.lang import u64
from tyrne.system.transition import Ended, Transition

_N = CallNumber
_RECEIVE: Final = {_N.WAIT.value: 0, _N.REPLY_WAIT.value: 5, _N.RECV.value: 0}
"""Calls that take a message, each with the argument that says where."""
_SEND: Final = (_N.SEND.value, _N.SEND_WAIT.value, _N.CALL.value)
_ANSWER: Final = (_N.REPLY.value, _N.REPLY_WAIT.value)
_SIGNALS, _NULL = (1 << 64) - 1, int(NULL_HANDLE)
_BITS, _GIFT, _REPLY = 3, 6, 7
"""The result registers with the bits that were signalled, a capability that came along, and the one to answer."""


class Stood(NamedTuple):
    """What a task did before a transition, as far as it matters for what arrives: when that began, its queue, what it
    offers, and the notification that its deadline signals."""

    state: TaskState
    since: Moment
    queue: TaskQueue | None
    offer: Offer
    signals: object


@dataclass(frozen=True)
class Step:
    """A transition: the kernel after it, the tasks by their numbers, and how each stood before."""

    made: Transition
    at: Moment
    kernel: Kernel[Any]
    tasks: Mapping[int, Task]
    before: Mapping[int, Stood]

    @property
    def cause(self) -> int | None:
        """The number of the call that was made, if it was one."""
        return self.made.cause.number if isinstance(self.made.cause, CallEvent) else None


class Deliveries:
    """Follows what is sent. What is left somewhere is known by the object where it is, the last of each."""

    def __init__(self, words: CallWords) -> None:
        """`words` has learned what the calls of a transition have brought, before it is followed here."""
        self._words: Final = words
        self._left: Final[dict[int, tuple[int | None, Moment]]] = {}

    def follow(self, step: Step) -> Iterator[Message]:
        """What arrives in a transition."""
        arrived = False
        for event in step.made.events:
            if isinstance(event, CallEvent) and event.results is not None and event.results[0] == Status.OK.value:
                for message in self._received(step, event):
                    arrived = arrived or message.receiver != step.made.task
                    yield self._with_gift(step, event, message)
        if step.cause in _ANSWER:
            for message in _repaired(step):
                arrived = True
                yield message
        if not arrived:
            self._leave(step)

    def _with_gift(self, step: Step, event: CallEvent, message: Message) -> Message:
        """With the capability that it has brought."""
        results, task = event.results, step.tasks.get(event.task)
        if message.what not in ("message", "answer") or results is None or task is None or results[_GIFT] == _NULL:
            return message
        return replace(message, gift=self._words.gift(step.kernel, task, results[_GIFT]))

    def _received(self, step: Step, event: CallEvent) -> Iterator[Message]:
        """What a call that has returned has brought."""
        results, task = event.results, step.tasks.get(event.task)
        if results is None or task is None:
            return
        words = ", ".join(map(hex, results[2:6]))
        if event.number == _N.CALL.value:
            if step.made.task != event.task:
                yield Message(step.made.task, event.task, "answer", step.at, step.at, words)
        elif event.number == _N.POLL.value:
            if results[1]:
                yield from self._signalled(step, event.task, _object(task, event.arguments[0]), hex(results[1]))
        elif event.number in _RECEIVE:
            at = _object(task, event.arguments[_RECEIVE[event.number]])
            if event.number == _N.RECV.value:
                if not results[1]:
                    yield self._message(step, event.task, at, words, None)
            elif results[1] == _SIGNALS:
                yield from self._signalled(step, event.task, at, hex(results[_BITS]))
            else:
                yield self._message(step, event.task, at, words, _client(task, results[_REPLY]))

    def _message(self, step: Step, receiver: int, at: object, words: str, client: int | None) -> Message:
        sender, what, sent = self._sender(step, receiver, at, client)
        return Message(sender, receiver, what, sent, step.at, words)

    def _sender(self, step: Step, receiver: int, at: object, client: int | None) -> tuple[int | None, str, Moment]:
        """Who sent a message, what it is, and when that was."""
        made = step.made
        ended = next((event.task for event in made.events if isinstance(event, Ended)), None)
        if made.task != receiver:
            if ended is not None:
                return ended, "end", step.at
            if isinstance(made.cause, FaultEvent):
                return made.task, "fault", step.at
            if step.cause == _N.TASK_EXIT.value:
                return made.task, "end", step.at
            if step.cause in _SEND:
                return made.task, "message", step.at
        for event in made.events:
            if isinstance(event, CallEvent) and event.number == _N.SEND_WAIT.value and event.task != receiver:
                return event.task, "message", _since(step, event.task)
        if client is not None:
            fault = step.before[client].offer is Offer.FAULT if client in step.before else False
            return client, "fault" if fault else "message", _since(step, client)
        for number, stood in step.before.items():
            task = step.tasks.get(number)
            if task is not None and (task.queue is not None or task.state is TaskState.ENDING):
                continue  # what it has to say still waits
            if stood.state is TaskState.EXITED and stood.queue is not None:
                return number, "end", stood.since
            if stood.state is TaskState.ENDING:
                return number, "end", step.at
        sender, sent = self._left.get(id(_place(at)), (None, step.at))
        return sender, "message", sent

    def _signalled(self, step: Step, receiver: int, at: object, bits: str) -> Iterator[Message]:
        """Signals that a task has taken: from who ran, or an interrupt, or from who left them."""
        if step.made.task != receiver and (step.cause == _N.NOTIFY.value or isinstance(step.made.cause, Cause)):
            sender = step.made.task if step.cause == _N.NOTIFY.value else None
            yield Message(sender, receiver, "signal", step.at, step.at, bits)
            return
        if isinstance(step.made.cause, Cause):
            yield Message(None, receiver, "signal", step.at, step.at, bits)
            return
        bound = at.at.bound if isinstance(at, EndpointHandle) else None
        found = self._left.pop(id(_place(at) if bound is None else bound), None)
        if found is not None:
            yield Message(found[0], receiver, "signal", found[1], step.at, bits)

    def _leave(self, step: Step) -> None:
        """What a transition has left for somebody to take later."""
        made, cause = step.made, step.made.cause
        if isinstance(cause, CallEvent):
            task = step.tasks.get(cause.task)
            done = any(isinstance(e, CallEvent) and e.results is not None and not e.results[0] for e in made.events)
            if task is not None and done and cause.number in (*_SEND, _N.NOTIFY.value):
                self._left[id(_place(_object(task, cause.arguments[0])))] = cause.task, step.at
        elif cause is Cause.ALARM:
            for number, stood in step.before.items():
                task = step.tasks.get(number)
                if stood.signals is not None and (task is None or task.deadline is None):
                    self._left[id(stood.signals)] = None, step.at
        elif cause is Cause.DEVICE:
            line = int(step.kernel.board.raised_line())
            for each in step.kernel.lines:
                if int(each.number) == line and each.bound is not None:
                    self._left[id(_place(each.bound.signals.held().object))] = None, step.at


def signals_of(task: Task) -> object:
    """The notification that a task's deadline signals."""
    signals = None if task.deadline is None else task.deadline.signals
    return None if signals is None or signals.capability is None else _place(signals.capability.object)


def _repaired(step: Step) -> Iterator[Message]:
    """Who waited for an answer to a fault, and goes on."""
    for number, stood in step.before.items():
        task = step.tasks.get(number)
        waited = stood.state is TaskState.CALLING and stood.offer is Offer.FAULT and number != step.made.task
        if waited and task is not None and task.state is TaskState.READY:
            yield Message(step.made.task, number, "answer", step.at, step.at, "goes on after its fault")


def _since(step: Step, number: int) -> Moment:
    """When a task began to wait; of one that did not, now."""
    stood = step.before.get(number)
    return step.at if stood is None or stood.state is TaskState.READY else stood.since


def _client(task: Task, word: int) -> int | None:
    """Whom a task may answer by a handle word."""
    named = None if word == _NULL else _object(task, word)
    return int(named.at.number) if isinstance(named, ReplyHandle) else None


def _object(task: Task, word: int) -> object:
    """What a handle word of a task names now."""
    slot = task.capabilities.resolve(unpack_handle(u64(word)))
    return None if slot is None or slot.capability is None else slot.capability.object


def _place(named: object) -> object:
    """The object itself, which stays the same for all who name it."""
    return named.at if isinstance(named, EndpointHandle | NotificationHandle) else named
