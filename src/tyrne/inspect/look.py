"""Looking at a kernel: all that there is in it at one moment, from a live run, a replay, or any kernel of a test."""

from __future__ import annotations

from typing import Any, Final

from tyrne.inspect import objects
from tyrne.inspect.memory import read_frames, read_quotas, read_regions, read_spaces
from tyrne.inspect.tasks import read_tasks
from tyrne.inspect.tree import read_tree
from tyrne.inspect.view import View
from tyrne.inspect.waiting import Waits
from tyrne.inspect.words import TEXT, clean, clean_names
from tyrne.kernel.authority import notification_at
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import TaskQueue
from tyrne.system.errors import RequestError
from tyrne.system.explanation import Explainer
from tyrne.system.history import History
from tyrne.system.names import Names
from tyrne.system.replay import Replay

NOWHERE: Final = objects.Position("", "hosted", 0, 0, 0, False, None)
"""Of a kernel about whose run nothing is known."""


def look(
    kernel: Kernel[Any],
    names: Names = Names(()),  # noqa: B008
    explainer: Explainer | None = None,
    history: History | None = None,
    at: objects.Position = NOWHERE,
) -> objects.Inspection:
    """What there is in a kernel between two traps. Changes nothing. What is not given is not told: names, source lines,
    what has been."""
    view = View(kernel, clean_names(names), explainer, history)
    capabilities, numbers = read_tree(view)
    waits = Waits(view)
    waiting, cycles = waits.read()
    return objects.Inspection(
        at=at,
        tasks=read_tasks(view, waits, at.inside),
        capabilities=capabilities,
        endpoints=tuple(_endpoint(view, endpoint, numbers) for endpoint in view.living("endpoint")),
        notifications=_notifications(view),
        spaces=read_spaces(view, numbers),
        regions=read_regions(view),
        quotas=read_quotas(view),
        interrupts=_interrupts(view),
        waits=waiting,
        cycles=cycles,
        frames=read_frames(view),
    )


def look_at_replay(replay: Replay) -> objects.Inspection:
    """What there is where a replay stands; RequestError if the kernel has failed a check there."""
    at = position_of(replay)
    return look(replay.kernel, replay.explainer.names, replay.explainer, replay.history, at)


def position_of(replay: Replay) -> objects.Position:
    """Where a replay stands; RequestError if the kernel has failed a check there."""
    if replay.panicked:
        before = f"look at the position before it, {replay.position - 1}" if replay.position else "there is none before"
        raise RequestError(f"{replay.run.path}: the kernel panicked in transition {replay.position}; {before}")
    return objects.Position(
        run=clean(str(replay.run.path), TEXT),
        machine=clean(replay.run.machine),
        transition=replay.position,
        inside=replay.inside,
        instructions=replay.instructions,
        over=replay.over,
        status=replay.recorder.status,
    )


def _queue(view: View, queue: TaskQueue) -> tuple[str, ...]:
    found = []
    task = queue.head
    while task is not None:
        found.append(view.task(task))
        task = task.next
    return tuple(found)


def _endpoint(view: View, endpoint: Endpoint, numbers: dict[int, int]) -> objects.Endpoint:
    asked = None if endpoint.asked_by is None or endpoint.asked_by.table is None else endpoint.asked_by.table.owner
    bound = endpoint.bound
    return objects.Endpoint(
        number=int(endpoint.life.index),
        name=view.name(endpoint),
        made_by=view.maker(endpoint.life),
        senders=_queue(view, endpoint.senders),
        receivers=_queue(view, endpoint.receivers),
        message=_message(view, endpoint, numbers) if endpoint.holds_message() else None,
        polled_by=None if asked is None else view.task(asked),
        bound=None if bound is None else view.name(bound),
    )


def _message(view: View, endpoint: Endpoint, numbers: dict[int, int]) -> objects.Message:
    message = endpoint.message
    sent = None if view.history is None else view.history.sender(endpoint.life)
    return objects.Message(
        label=int(message.label),
        words=(int(message.word0), int(message.word1), int(message.word2)),
        badge=int(endpoint.badge),
        sender=None if sent is None or sent.giver is None else view.names.task(sent.giver),
        capability=numbers.get(id(endpoint.parked)),
    )


def _notifications(view: View) -> tuple[objects.Notification, ...]:
    return tuple(
        objects.Notification(
            number=int(notification.life.index),
            name=view.name(notification),
            made_by=view.maker(notification.life),
            bits=int(notification.word),
            waiters=_queue(view, notification.waiters),
            bound=None if notification.bound is None else view.name(notification.bound),
        )
        for notification in view.living("notification")
    )


def _interrupts(view: View) -> tuple[objects.Interrupt, ...]:
    found = []
    for line in list(view.kernel.lines)[: int(view.kernel.named_lines)]:
        bound = line.bound
        owner = None if bound is None or bound.by.table is None else bound.by.table.owner
        found.append(
            objects.Interrupt(
                line=int(line.number),
                state="unbound" if bound is None else "open" if line.open else "delivered",
                driver=None if owner is None else view.task(owner),
                notification=None if bound is None else view.name(notification_at(bound.signals)),
                bits=0 if bound is None else int(bound.bits),
            )
        )
    return tuple(found)
