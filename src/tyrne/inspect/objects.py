"""What there is in a system at one position of a run, as values.

Objects are referred to by name: that of the description, or of one that was made at run time its kind and its place in
the kernel, such as `endpoint 3`; a task that was made is `task 7`, by how many there were before it. `made_by` is the
task that made an object, None of what a system starts with. Names are fit to be shown, and bounded.

A `Word` is a number of 64 bits; in JSON it is a string such as "0x5". Transitions are counted as `tyrne replay` counts
them. Time is in nanoseconds since boot, sizes are in pages of 4 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import PlainSerializer

from tyrne.inspect.words import counted, deadline_words, how_words

FORMAT: Final = 2
"""Of the JSON."""
Word = Annotated[int, PlainSerializer(hex, return_type=str)]


@dataclass(frozen=True)
class SourceLine:
    """A line of a program's source; what is not known is None."""

    file: str | None
    line: int | None
    function: str | None

    @property
    def text(self) -> str:
        """`pong.py:12 in main`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return " ".join(filter(None, (where, f"in {self.function}" if self.function else None)))


@dataclass(frozen=True)
class Call:
    """A system call. `transition` is that in which it returned, None while it waits; `why` explains a refusal."""

    transition: int | None
    text: str
    """The call with its arguments: `send_wait(0x1, 0x0)`."""
    outcome: str
    """Its status, and what it gave: `OK (0x5)`; `waits`; `does not return`."""
    why: str | None


@dataclass(frozen=True)
class Fault:
    """What a task did wrong that has ended or stopped it."""

    kind: str
    address: Word
    pc: Word


@dataclass(frozen=True)
class Deadline:
    """What a task wants to happen at a time. `notification` is None where it ends a wait; `counts` says whether it
    would now."""

    at: int
    notification: str | None
    bits: Word
    counts: bool

    @property
    def text(self) -> str:
        """`its wait ends at 5,000 ns`."""
        return deadline_words(self.at, self.notification, self.bits)


@dataclass(frozen=True)
class Task:
    """A task that exists. `does` is its state in words, and what it waits for. `pc` is where it goes on; `line` is
    that of `pc`, of the call in which it waits, or of its fault."""

    number: int
    name: str
    made_by: str | None
    state: str
    does: str
    runs: bool
    """Whether it is the one that runs next."""
    priority: int
    """0 is the most urgent, 15 the least."""
    serves: bool
    waits_for: str | None
    """The object: `endpoint table`, `task server`."""
    supervisor: str | None
    """The endpoint that hears of its faults and its end."""
    supervisor_badge: Word
    space: str | None
    deadline: Deadline | None
    pc: Word
    line: SourceLine | None
    exit_code: Word | None
    fault: Fault | None
    instructions: int
    traps: int
    """Transitions of the kernel that it caused: calls, faults, and interrupts while it ran."""
    calls: int
    """System calls that have returned, or have ended it."""
    refused: int
    last_calls: tuple[Call, ...]
    """The last eight, the latest last."""


@dataclass(frozen=True)
class Capability:
    """A capability, wherever it is: each slot of the kernel that holds one, once.

    | place | where it is |
    |---|---|
    | table | in the table of the task `holder`, at the word `handle` |
    | message | in the message that is parked in the endpoint `holder` |
    | home | in the task `holder`: the address space that it lives in |
    | supervisor | in the task `holder`: the endpoint that hears of it |
    | origin | in the object itself, which it stands for |
    | kernel | in the kernel's own table |

    `parent` is the number of the capability that it is derived from; of an origin, of the quota capability that has
    paid. None of a root: console, clock, interrupts, the kernel's quota, and the right to an answer.
    """

    number: int
    """Its place in the order of the tree, parents first."""
    place: str
    holder: str
    handle: Word | None
    kind: str
    object: str
    rights: tuple[str, ...]
    badge: Word
    depth: int
    """How often it was derived, counted by the kernel: 16 at most."""
    parent: int | None
    how: str
    """How it came there: `description`, `made`, `derived`, `copied`, `moved`, `received`, `answer`, `kernel` for what
    is in no table; or `later`, after the start, where nobody has seen how."""
    giver: str | None
    """The task that it was received from."""
    transition: int | None
    """The one in which it came there; None of what its holder started with, and where nobody has counted."""
    first_page: int | None
    """Of memory, within its region."""
    pages: int | None
    mapped_in: str | None
    """The address space where these pages are mapped."""
    address: Word | None
    being_revoked: bool
    has_all_rights: bool
    """Whether no right is missing that means something for its kind."""

    @property
    def text(self) -> str:
        """`endpoint door, TRANSFER|SEND, badge 0x5`."""
        plain = self.kind in ("console", "clock") or self.object.startswith(f"{self.kind} ")
        parts = [self.object if plain else f"{self.kind} {self.object}"]
        parts += ["all rights" if self.has_all_rights else "|".join(self.rights) or "no rights"]
        parts += [f"badge {self.badge:#x}"] if self.badge else []
        if self.pages is not None and self.first_page is not None:
            last = self.first_page + self.pages - 1
            parts += [f"page {last}" if self.pages == 1 else f"pages {self.first_page} to {last}"]
        parts += [f"at {self.address:#x}"] if self.address is not None else []
        parts += ["being revoked"] if self.being_revoked else []
        return ", ".join(parts)

    @property
    def origin(self) -> str:
        """How it came where it is: `received from grantor at transition 5`."""
        return how_words(self.place, self.how, self.giver, self.transition)


@dataclass(frozen=True)
class Message:
    """A message that is parked in an endpoint. `capability` is the number of what travels in it."""

    label: Word
    words: tuple[Word, Word, Word]
    badge: Word
    sender: str | None
    capability: int | None


@dataclass(frozen=True)
class Endpoint:
    """Where messages pass. `senders` and `receivers` stand in its queues, the first in front."""

    number: int
    name: str
    made_by: str | None
    senders: tuple[str, ...]
    receivers: tuple[str, ...]
    message: Message | None
    polled_by: str | None
    """Who has asked for the next message by `recv`."""
    bound: str | None
    """The notification whose signals receivers take too."""


@dataclass(frozen=True)
class Notification:
    """A word of signal bits that nobody has taken yet, and who waits for some."""

    number: int
    name: str
    made_by: str | None
    bits: Word
    waiters: tuple[str, ...]
    bound: str | None
    """The endpoint that it is bound to."""


@dataclass(frozen=True)
class Mapping:
    """Pages in a row, from `start` up to `end`. `access` is such as `rw-`; `---` while the kernel prepares them.

    `what` is a part of a program (`code`, `constants`, `data`, `stack`), `own` for pages of a space whose program
    nobody knows, or `memory`: then `region` and `capability` say by what they are mapped.
    """

    start: Word
    end: Word
    access: str
    pages: int
    what: str
    region: str | None
    capability: int | None


@dataclass(frozen=True)
class Space:
    """An address space, and the tasks that live in it. It takes `frames`: `tables` and `own_pages`."""

    number: int
    name: str
    made_by: str | None
    payer: str
    tasks: tuple[str, ...]
    frames: int
    tables: int
    own_pages: int
    ends: bool
    """Whether its frames are being given back."""
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True)
class Region:
    """Memory that capabilities name, from physical address `start` on. `cleared` counts its first pages that hold
    nothing of an earlier owner, `mappings` the capabilities by which some of it is mapped."""

    number: int
    name: str
    made_by: str | None
    payer: str
    start: Word
    pages: int
    kind: str
    """`memory`; `device` for registers; `shared` for RAM that is one region's as long as the kernel runs: what devices
    reach, what a file fills, and where a program leaves files."""
    cleared: int
    mappings: int


@dataclass(frozen=True)
class Claim:
    """How much of something a quota was granted so far, how much of that is used, and how much may still be."""

    what: str
    granted: int
    used: int
    left: int


@dataclass(frozen=True)
class Quota:
    """What its holders may make. What boot made is the kernel's own, and so are the frames that tasks started with."""

    number: int
    name: str
    made_by: str | None
    claims: tuple[Claim, ...]


@dataclass(frozen=True)
class Interrupt:
    """An interrupt line. `state` is `unbound`, `open` (the next one is heard) or `delivered` (until acknowledged)."""

    line: int
    state: str
    driver: str | None
    """The task that has bound it."""
    notification: str | None
    bits: Word


@dataclass(frozen=True)
class Wait:
    """A task that waits, and whom for. `partners` are the tasks that could end the wait in the ordinary way, by any one
    of them; `others` what else could: a deadline, an interrupt.

    `stuck`: as far as capabilities tell, nobody will: each partner is stuck itself, and there is nothing else. `cycle`
    is the number of the cycle that it is part of.
    """

    task: str
    does: str
    on: str | None
    partners: tuple[str, ...]
    others: tuple[str, ...]
    stuck: bool
    cycle: int | None


@dataclass(frozen=True)
class Frames:
    """Pages of RAM: those of the kernel and of devices are `reserved`, `allocated` are those of spaces and
    regions, which may have some of theirs still to take."""

    total: int
    reserved: int
    allocated: int
    free: int


@dataclass(frozen=True)
class Position:
    """Where in which run: so many transitions, `inside` instructions after the last, and `instructions` of tasks since
    the start. `machine` is that of the run that was recorded; `status` is the exit status of one that is over."""

    run: str
    machine: str
    transition: int
    inside: int
    instructions: int
    over: bool
    status: int | None
    live: bool = False
    """Whether it is a machine that runs now: nobody has counted, so the numbers are 0."""

    @property
    def text(self) -> str:
        """`after transition 4 and 12 instructions`."""
        if self.live:
            return "as it stands now"
        where = f"after transition {self.transition}" if self.transition else "before the first transition"
        return f"{where} and {counted(self.inside, 'instruction')}" if self.inside else where


@dataclass(frozen=True)
class Inspection:
    """All that there is between two traps. Tasks in the order of their numbers, capabilities in that of the tree, the
    rest by their places in the kernel."""

    at: Position
    tasks: tuple[Task, ...]
    capabilities: tuple[Capability, ...]
    endpoints: tuple[Endpoint, ...]
    notifications: tuple[Notification, ...]
    spaces: tuple[Space, ...]
    regions: tuple[Region, ...]
    quotas: tuple[Quota, ...]
    interrupts: tuple[Interrupt, ...]
    waits: tuple[Wait, ...]
    cycles: tuple[tuple[str, ...], ...]
    """Stuck tasks that wait for each other: each for the next, the last for the first."""
    frames: Frames

    def task(self, name: str) -> Task:
        """The task of a name; a KeyError names those there are."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(f"no task {name!r}; the tasks are {', '.join(task.name for task in self.tasks)}")

    def held_by(self, task: str) -> list[Capability]:
        """What is in a task's table, in the order of its slots."""
        self.task(task)
        held = [each for each in self.capabilities if each.place == "table" and each.holder == task]
        return sorted(held, key=lambda each: (each.handle or 0) & 0xFFFF)

    def derived_from(self, number: int | None) -> list[Capability]:
        """The capabilities right below one, or the roots."""
        return [each for each in self.capabilities if each.parent == number]
