"""Servers whose clients have all ended: they wait for ever, which is no mistake if that is said in the description."""

from __future__ import annotations

from typing import Final

from tyrne.abi import CapKind, Rights, TaskState
from tyrne.hosted.recorder import Recorder
from tyrne.system.manifest import System

_CLIENTS: Final = {CapKind.ENDPOINT.value: Rights.SEND, CapKind.NOTIFICATION.value: Rights.NOTIFY}
"""By what right one is a client of who waits at an object of a kind."""


def left_alone(system: System, recorder: Recorder) -> set[int]:
    """The tasks that stand at the end of a run waiting for a message or signals of others, at least one, all of which
    have ended. Who holds what is taken from the description."""
    ended = {*recorder.exit_codes, *recorder.faults} - {*recorder.standings}
    found = set()
    for task, at in recorder.standings.items():
        right = _CLIENTS.get(int(at.kind))
        if at.state != TaskState.RECEIVING.value or right is None or at.generation != 0 or task >= len(system.tasks):
            continue
        clients = {
            other
            for other, each in enumerate(system.tasks)
            for cap in each.caps
            if other != task and cap.kind.value == at.kind and cap.object == at.index and right in cap.rights
        }
        if clients and clients <= ended and not system.tasks[task].serves:
            found.add(task)
    return found
