"""What a run has done so far, in the names of its system: console, kernel lines, tasks and system calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tyrne.abi import CALLS, CallNumber, Status
from tyrne.hosted.happened import CallEvent, FaultEvent
from tyrne.hosted.recorder import Recorder, text_of
from tyrne.system.names import Names

_LAYOUTS: Final = {layout.number.value: (len(layout.arguments), len(layout.results)) for layout in CALLS}
_NAMES: Final = tuple(number.name.lower() for number in CallNumber)
_STATUSES: Final = {status.value: status for status in Status}


@dataclass(frozen=True, repr=False)
class Call:
    """A system call that has returned, or that ended its task.

    `name` is that of the interface in lower case, such as `cap_derive`; `number N` for a number that no call has.
    `arguments` are the words that the call reads, from x0 on; `results` those that it gives with status OK, from x1 on.
    `status` is None for a call that never returns.
    """

    task: str
    name: str
    arguments: tuple[int, ...]
    status: Status | None
    results: tuple[int, ...]

    def __repr__(self) -> str:
        """`ping: send_wait(0x1, 0x0, …) = OK (0x5)`."""
        ending = "" if self.status is None else f" = {self.status.name}"
        payload = f" ({_words(self.results)})" if self.results else ""
        return f"{self.task}: {self.name}({_words(self.arguments)}){ending}{payload}"


@dataclass(frozen=True)
class TaskOutcome:
    """What is known of a task.

    After a run `state` is `exited`, `faulted`, `waiting` (also suspended or never started) or `ready`. While a system
    is stepped it is the kernel's own word: `inactive`, `ready`, `sending`, `receiving`, `calling`, `suspended`,
    `exited` or `faulted`. `exit_code` belongs to `exited`, `fault` (kind, syndrome, address, pc) to `faulted`.
    """

    name: str
    state: str
    exit_code: int | None = None
    fault: FaultEvent | None = None


class Observations:
    """Reads a recorder. Tasks are named as the description names them; a name that it does not have is a KeyError."""

    def __init__(self, recorder: Recorder, names: Names) -> None:
        self.recorder: Final = recorder
        self.names: Final = names

    @property
    def console(self) -> str:
        """What the tasks wrote, in order; bytes that are not UTF-8 are shown as escapes."""
        return self.recorder.console_text()

    def console_of(self, task: str) -> str:
        """What one task wrote."""
        return text_of(self.recorder.console_of.get(self.names.number(task), b""))

    @property
    def log(self) -> list[str]:
        """The kernel's own lines."""
        return self.recorder.log_lines()

    def calls(
        self, task: str | None = None, name: str | None = None, status: Status | None = None, *, since: int = 0
    ) -> list[Call]:
        """The system calls in the order in which they returned: all, or those of a task, a name or a status.

        A call that waits is there once it has returned. `since` leaves out so many of the first.
        """
        if task is not None:
            self.names.number(task)
        if name is not None and name not in _NAMES:
            raise KeyError(f"no call {name!r}; the calls are {', '.join(_NAMES)}")
        return [
            call
            for call in map(self.call_of, self.recorder.calls[since:])
            if task in (None, call.task) and name in (None, call.name) and status in (None, call.status)
        ]

    def call_of(self, event: CallEvent) -> Call:
        """An event of the recorder in the names of this system."""
        arguments, results = _LAYOUTS.get(event.number, (len(event.arguments), 0))
        status = None if event.results is None else _STATUSES[event.results[0]]
        payload = event.results[1 : 1 + results] if event.results is not None and status is Status.OK else ()
        name = event.name or f"number {event.number}"
        return Call(self.names.task(event.task), name, event.arguments[:arguments], status, payload)

    def account(self) -> str:
        """The end of the console and of the kernel's lines, and the calls that were refused: for messages of tests."""
        refused = [repr(call) for call in self.calls() if call.status not in (None, Status.OK)]
        parts = (
            ("the tasks wrote", self.console.splitlines()),
            ("the kernel wrote", self.log),
            ("refused", refused),
        )
        lines = []
        for title, content in parts:
            lines += [f"{title}:", *(f"  {line}" for line in content[-8:])] if content else []
        return "\n".join(lines)


def _words(words: tuple[Any, ...]) -> str:
    return ", ".join(hex(word) for word in words)
