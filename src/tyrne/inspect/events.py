"""What happens in a run, as typed events on a line of time: the timeline of `tyrne trace`.

A `Moment` is where something happens: the machine's time, the transition with which it happens, as `tyrne replay --to`
counts them, and how many instructions of tasks have begun. The kernel takes no time of its own: what a transition does
happens at the moment of its trap. Text is fit to be shown, and bounded. Tasks are named by their numbers; None is the
kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

NANOSECONDS: Final = "ns"
INSTRUCTIONS: Final = "instructions"
"""Units of time: on the hosted and the native machine an instruction lasts a nanosecond, and time passes while nobody
is ready; of a record of QEMU, whose clock goes on in the kernel too, only the instructions of tasks are known."""


class Moment(NamedTuple):
    """`time` in the timeline's unit since boot. Transition 0 is boot."""

    time: int
    transition: int
    instructions: int


@dataclass(frozen=True, slots=True)
class State:
    """What a task does from a moment to another. `kind` is runs, ready, waits, suspended, faulted or ended."""

    task: int
    start: Moment
    end: Moment
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Turn:
    """Who has the processor: a task, or nobody, while it rests."""

    task: int | None
    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class Call:
    """A system call, from its trap until it returns. `outcome` is its status with what it gave, `does not return`,
    `called off`, or `waits` of one that has not returned at the timeline's end. `why` explains a refusal."""

    task: int
    start: Moment
    end: Moment
    name: str
    text: str
    outcome: str
    refused: bool
    why: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What came from one to another. `what` is message, answer, signal, fault or end: the last two are notices of the
    kernel about the sender. `gift` is the capability that went along, empty where there was none."""

    sender: int | None
    receiver: int
    what: str
    sent: Moment
    received: Moment
    words: str
    gift: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A task did something wrong."""

    task: int
    at: Moment
    words: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """An interrupt: `what` is a tick, the limit, a deadline or a device; `task` is whom it stopped."""

    task: int | None
    at: Moment
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Output:
    """What a task wrote, or while it ran a device put out; a line of the kernel's where `task` is None."""

    task: int | None
    at: Moment
    words: str


Event = State | Turn | Call | Message | Fault | Interrupt | Output


@dataclass(frozen=True)
class Timeline:
    """`tasks` are the names by number of all tasks that there were. `end` is where the timeline ends: with the run if
    `whole`. `status` is the run's exit status, None where it has none."""

    run: str
    machine: str
    unit: str
    tasks: dict[int, str]
    events: tuple[Event, ...]
    end: Moment
    whole: bool
    status: int | None

    def name(self, task: int | None) -> str:
        return "kernel" if task is None else self.tasks[task]
