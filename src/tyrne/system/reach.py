"""What a description says that could never come about: held tasks that nobody starts, supervisors that nobody is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tyrne.abi import CapKind, Rights, includes
from tyrne.system.mistakes import Mistakes
from tyrne.system.parts import Cap, Supervisor


class Holder(Protocol):
    """A task, as far as its capabilities lead to others."""

    @property
    def name(self) -> str: ...
    @property
    def caps(self) -> tuple[Cap, ...]: ...
    @property
    def supervisor(self) -> Supervisor | None: ...
    @property
    def held(self) -> bool: ...


def check_reach(mistakes: Mistakes, tasks: Sequence[Holder], endpoints: Sequence[str]) -> None:
    """Each held task is started by one that runs; each supervisor's endpoint has a receiver besides the task itself."""
    runs = {number for number, task in enumerate(tasks) if not task.held}
    before = -1
    while len(runs) != before:
        before = len(runs)
        runs |= {cap.object for number in runs for cap in tasks[number].caps if _starts(cap)}
    for number, task in enumerate(tasks):
        if number not in runs:
            what = f'nobody starts "{task.name}"; remove start = false, or add to the caps of a task that runs: '
            mistakes.add(("task", number, "start"), f'{what}{{ task = "{task.name}" }}')
        if task.supervisor is not None and not any(
            _receives(cap, task.supervisor.endpoint)
            for other, holder in enumerate(tasks)
            if other != number
            for cap in holder.caps
        ):
            name = endpoints[task.supervisor.endpoint]
            what = f'no other task receives from "{name}"; add to the caps of the supervisor: '
            mistakes.add(("task", number, "supervisor"), f'{what}{{ endpoint = "{name}", rights = ["RECV"] }}')


def _starts(cap: Cap) -> bool:
    return cap.kind is CapKind.TASK and includes(cap.rights, Rights.CONTROL)


def _receives(cap: Cap, endpoint: int) -> bool:
    return cap.kind is CapKind.ENDPOINT and cap.object == endpoint and includes(cap.rights, Rights.RECV)
