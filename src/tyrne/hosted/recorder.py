"""What a run did: every machine reports the same events, and one class keeps them and writes the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tyrne.abi import VERSION, TaskState
from tyrne.hal.board import Standing
from tyrne.hal.interrupt import Interrupt
from tyrne.hosted.happened import CallEvent, FaultEvent, InterruptEvent
from tyrne.hosted.kept import EVERYTHING, Kept, forget_oldest
from tyrne.lang import u64


class Listener:
    """Follows a run while it happens; a subclass overrides what it wants to see. Tasks are named by their number."""

    def log(self, byte: int) -> None:
        """A byte of the kernel's own lines."""

    def console(self, task: int, byte: int) -> None:
        """A byte that a task wrote."""

    def device(self, name: str, data: bytes) -> None:
        """Bytes that a device with this name has put out."""

    def call(self, event: CallEvent) -> None:
        """A system call returned, or ended its task. Who overrides this has each call made into an event."""

    def refusal(self, event: CallEvent) -> None:
        """A system call returned with another status than OK."""

    def fault(self, event: FaultEvent) -> None: ...

    def task_end(self, task: int, code: int) -> None:
        """Another task ended this one, or nothing names it any more."""

    def panic(self, text: bytes) -> None:
        """A piece of the report of a kernel panic."""

    def end(self, status: int, instructions: int) -> None:
        """The last event."""


class Recorder:
    """Takes the events of one run in their order, tells the listeners, and keeps what a report needs.

    `status` is None until the run has ended. `kept` bounds what is kept, so that a run of any length may need little
    memory; `left_out` counts the rest by the keys of the report, in which `console` and `log` are bytes.
    """

    def __init__(self, *listeners: Listener, kept: Kept = EVERYTHING) -> None:
        self.listeners: Final = listeners
        self.kept: Final = kept
        self.left_out: Final[Counter[str]] = Counter()
        self.log_bytes: Final = bytearray()
        self.console_bytes: Final = bytearray()
        self.console_of: Final[dict[int, bytearray]] = {}
        self.written: Final[dict[str, bytearray]] = {}
        """What each device has put out, by its name."""
        self.disks: Final[dict[str, Mapping[int, bytes]]] = {}
        """The sectors that were written to each disk, by its name and their numbers."""
        self.returned: Final[dict[str, bytes]] = {}
        """What lay at the end in each memory region that is read then, by its name."""
        self.typed: Final[list[tuple[int, bytes]]] = []
        """What came from outside, each piece with the machine's time at which it came."""
        self.connected = False
        """Whether more might have come when the run ended."""
        self.frames: Final[list[tuple[int, bytes]]] = []
        """What came from outside over a network, as for `typed`."""
        self.listening = False
        """Whether more of them might have come."""
        self.calls: Final[list[CallEvent]] = []
        self.exit_codes: Final[dict[int, int]] = {}
        """Of each task whose life is over, by its own exit or by another task."""
        self.faults: Final[dict[int, FaultEvent]] = {}
        """Of each task whose life a fault has ended."""
        self.standings: Final[dict[int, Standing]] = {}
        """Where each task is that has not ended, at the end of the run."""
        self.tasks_seen: Final[dict[int, None]] = {}
        """Every task of which there was an event, and which is not left out."""
        self.interrupts: Final[list[InterruptEvent]] = []
        """Of a machine whose interrupts do not follow from what its tasks do."""
        self.readings: Final[list[int]] = []
        """Of the clock, on such a machine."""
        self.panic_bytes: Final = bytearray()
        self.status: int | None = None
        self.instructions = 0
        self._every_call = any(_overrides(listener, "call") for listener in listeners)
        self._every_refusal: Final = any(_overrides(listener, "refusal") for listener in listeners)

    def asks_for(self, status: int) -> bool:
        """Whether anybody wants to know of a call with this status: if not, `pass_over` counts it, and nothing is made
        of it."""
        return self._every_call or len(self.calls) < self.kept.calls or (status != 0 and self._every_refusal)

    def pass_over(self, task: int) -> None:
        """A call returned that nobody asks for."""
        self._lives(task)
        self.left_out["syscalls"] += 1

    def pass_over_known(self, calls: int) -> None:
        """So many calls returned that nobody asks for, of tasks that are known."""
        if calls:
            self.left_out["syscalls"] += calls

    def is_known(self, task: int) -> bool:
        """Whether there was an event of a task, and it has not ended since."""
        return task in self.tasks_seen and task not in self.exit_codes and task not in self.faults

    def log(self, byte: int) -> None:
        if len(self.log_bytes) < self.kept.log:
            self.log_bytes.append(byte)
        else:
            self.left_out["log"] += 1
        for listener in self.listeners:
            listener.log(byte)

    def console(self, task: int, byte: int) -> None:
        self._lives(task)
        if len(self.console_bytes) < self.kept.console:
            self.console_bytes.append(byte)
            self.console_of.setdefault(task, bytearray()).append(byte)
        else:
            self.left_out["console"] += 1
        for listener in self.listeners:
            listener.console(task, byte)

    def device(self, name: str, data: bytes) -> None:
        """A device has put something out. It stands in the console's order."""
        kept = data[: max(0, self.kept.console - len(self.console_bytes))]
        self.console_bytes.extend(kept)
        self.written.setdefault(name, bytearray()).extend(kept)
        if len(kept) < len(data):
            self.left_out["console"] += len(data) - len(kept)
        for listener in self.listeners:
            listener.device(name, data)

    def type(self, time: int, data: bytes) -> None:
        """Something came from outside, and is in the devices from this time on. What nobody can repeat is not kept."""
        if self.kept.interrupts:
            self.typed.append((time, data))

    def frame(self, time: int, frame: bytes) -> None:
        """As `type`, of a frame."""
        if self.kept.interrupts:
            self.frames.append((time, frame))

    def call(
        self, task: int, number: int, arguments: Sequence[int], results: Sequence[int], pc: int | None = None
    ) -> None:
        """A call returned: `arguments` are x0 to x5, `results` x0 to x7, and the task goes on at `pc`."""
        self._lives(task)
        self._call(CallEvent(task, number, tuple(arguments), tuple(results), pc))

    def exit(self, task: int, number: int, arguments: Sequence[int]) -> None:
        """A task ended itself; the first argument is its code."""
        self._lives(task)
        self.exit_codes[task] = arguments[0]
        self._call(CallEvent(task, number, tuple(arguments), None))

    def fault(self, task: int, syndrome: int, address: int, pc: int, link: int = 0) -> None:
        self._lives(task)
        event = self.faults[task] = FaultEvent(task, syndrome, address, pc, link)
        for listener in self.listeners:
            listener.fault(event)

    def task_end(self, task: int, code: int) -> None:
        """A task was ended with a code by another one."""
        self._lives(task)
        self.exit_codes[task] = code
        for listener in self.listeners:
            listener.task_end(task, code)

    def standing(self, task: int, state: int, pc: int, kind: int, index: int, generation: int) -> None:
        """The run is over, and a task has not ended."""
        self._lives(task)
        words = (u64(word) for word in (state, pc, kind, index, generation))
        self.standings[task] = Standing(*words)

    @property
    def blocked(self) -> set[int]:
        """The tasks that wait or are suspended at the end of the run."""
        return {task for task, at in self.standings.items() if at.state != TaskState.READY.value}

    def interrupt(self, traps: int, instructions: int, kind: Interrupt, steps: int = 0, line: int = 0) -> None:
        """An interrupt came from outside, at a place as `InterruptEvent` says."""
        if len(self.interrupts) < self.kept.interrupts:
            self.interrupts.append(InterruptEvent(traps, instructions, kind, steps, line))
        else:
            self.left_out["interrupts"] += 1

    def reading(self, count: int) -> None:
        """The clock was read, on a machine on which what it says does not follow from what its tasks do."""
        if len(self.readings) < self.kept.interrupts:
            self.readings.append(count)
        else:
            self.left_out["readings"] += 1

    def panic(self, text: bytes) -> None:
        self.panic_bytes.extend(text)
        for listener in self.listeners:
            listener.panic(text)

    def end(self, status: int, instructions: int) -> None:
        self.status = status
        self.instructions = instructions
        for listener in self.listeners:
            listener.end(status, instructions)

    def _lives(self, task: int) -> None:
        """There is an event of a task: whatever ended it before, it has been started again since."""
        self.exit_codes.pop(task, None)
        self.faults.pop(task, None)
        if task not in self.tasks_seen:
            self.tasks_seen[task] = None
            forgotten = forget_oldest(self.tasks_seen, self.kept.tasks)
            if forgotten is not None:
                self.left_out["tasks"] += 1
                self.exit_codes.pop(forgotten, None)
                self.faults.pop(forgotten, None)

    def _call(self, event: CallEvent) -> None:
        if len(self.calls) < self.kept.calls:
            self.calls.append(event)
        else:
            self.left_out["syscalls"] += 1
        refused = event.results is not None and event.results[0] != 0
        for listener in self.listeners:
            listener.call(event)
            if refused:
                listener.refusal(event)

    @property
    def call_count(self) -> int:
        """How many system calls there were, those that are left out included."""
        return len(self.calls) + self.left_out["syscalls"]

    def console_text(self) -> str:
        """What tasks and devices wrote, in order."""
        return text_of(self.console_bytes)

    def log_lines(self) -> list[str]:
        """The kernel's own lines; the lines of a panic report are the last."""
        return lines_of(self.log_bytes) + lines_of(self.panic_bytes)

    def report(self, machine: str, profile: str, names: Sequence[str]) -> dict[str, Any]:
        """The run as data for JSON; `names` are the first tasks in the order of their numbers. Tasks that were created
        while the system ran follow if there was an event of them, each as `task` and its number.

        `abi` is the version of the interface by which calls and statuses are numbered and named.
        Register words, statuses and addresses are hex strings; call numbers and exit codes are numbers. A report that
        leaves something out counts it under `left_out`.
        """
        all_names = {n: names[n] if n < len(names) else f"task {n}" for n in self.numbers(len(names))}
        return {
            "abi": VERSION,
            "machine": machine,
            "profile": profile,
            "status": self.status,
            "instructions": self.instructions,
            "console": self.console_text(),
            **({"devices": {name: text_of(data) for name, data in self.written.items()}} if self.written else {}),
            "log": self.log_lines(),
            "tasks": [self._task(number, name) for number, name in all_names.items()],
            "syscalls": [_call_report(event, all_names) for event in self.calls],
            **({"left_out": dict(self.left_out)} if self.left_out else {}),
        }

    def numbers(self, first: int) -> list[int]:
        """The tasks of a report, in its order: the first ones, and those that were created and did something."""
        return [*range(first), *sorted(number for number in self.tasks_seen if number >= first)]

    def _task(self, number: int, name: str) -> dict[str, Any]:
        fault = self.faults.get(number)
        state = "ready"
        if fault is not None:
            state = "faulted"
        elif number in self.exit_codes:
            state = "exited"
        elif number in self.blocked:
            state = "waiting"
        return {
            "name": name,
            "state": state,
            "code": self.exit_codes.get(number),
            "fault": None if fault is None else {
                "kind": fault.kind, "esr": hex(fault.syndrome), "far": hex(fault.address), "pc": hex(fault.pc)
            },
        }  # fmt: skip


def _overrides(listener: Listener, name: str) -> bool:
    return getattr(type(listener), name) is not getattr(Listener, name)


def _call_report(event: CallEvent, names: Mapping[int, str]) -> dict[str, Any]:
    results = event.results
    return {
        "task": names.get(event.task, f"task {event.task}"),
        "number": event.number,
        "name": event.name,
        "args": [hex(word) for word in event.arguments],
        "status": None if results is None else hex(results[0]),
        "payload": None if results is None else [hex(word) for word in results[1:]],
    }


def text_of(data: bytes | bytearray) -> str:
    """Bytes as text; what is not UTF-8 is shown as escapes with a backslash."""
    return data.decode("utf-8", errors="backslashreplace")


def lines_of(data: bytes | bytearray) -> list[str]:
    """The lines of a text. Only a line feed ends one: what else Unicode takes for an end may stand in a task's name."""
    lines = text_of(data).split("\n")
    return lines if lines[-1] else lines[:-1]
