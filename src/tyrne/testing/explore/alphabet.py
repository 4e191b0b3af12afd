"""What may happen next in a model: its current task makes system calls with representative arguments, or a fault; a
tick comes, an alarm, or the interrupt of a device.

A model lists templates; in a state, a template stands for a call with every combination of the arguments that fit:

| argument    | stands for                                                                                   |
|-------------|----------------------------------------------------------------------------------------------|
| `Own(kind)` | each capability of the kind that the caller holds; and, one at a time, those that must fail: |
|             | a capability of another kind, unless it is x0 of a call that takes others there, and a stale |
|             | handle, which is the null handle for who holds nothing                                       |
| `Gift()`    | null, and each capability that the caller holds; and a stale handle                          |
| `Words(…)`  | each of the words                                                                            |
| `Time()`    | a time that is past; one before, one at and one behind each deadline of others that is to    |
|             | come; and never                                                                              |
| `Fewer(…)`  | the rights of the capability in x0, all or without some; and all that there are              |

At an alarm it is the time at which the board is to raise it; and, if other deadlines count that come later, at another
alarm the time of the last of them. Nothing else ever sees the time, so it stands still between alarms.

Which actions a state has depends on nothing that `canonical` erases, but for those that must be refused, and are
checked to be: for two states with the same key, the lists are the same up to the names of slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tyrne.abi import NULL_HANDLE, CapKind, Rights
from tyrne.abi import CallNumber as C
from tyrne.hal.cause import Cause
from tyrne.hal.interrupt import Interrupt
from tyrne.hal.timer import ticks_to_ns
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import kind_of
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.board import MemoryBoard
from tyrne.testing.invariants.deadlines import counts
from tyrne.testing.kernels import ALL, SVC

NULL = int(NULL_HANDLE)
FAULT = 0x9200_004F
"""ESR_EL1 of the fault that tasks make: a store that the page's permissions refuse."""
FAULT_ADDRESS = 0x1234_5000
JUNK = u64(0x5EC4E7)
"""What x6 and x7 hold before a call: ignored, but rewritten by its answer."""


@dataclass(frozen=True)
class Own:
    """A handle of the caller's."""

    kind: CapKind | None
    """None for all kinds."""


@dataclass(frozen=True)
class Gift:
    """A capability to go with a message, or none."""


@dataclass(frozen=True)
class Words:
    """One of these."""

    words: tuple[int, ...]


@dataclass(frozen=True)
class Fewer:
    """Rights of the capability in x0: all, and for each of these sets all without it."""

    without: tuple[Rights, ...] = ()


@dataclass(frozen=True)
class Time:
    """When, in nanoseconds since boot."""


Argument = Own | Gift | Words | Fewer | Time


@dataclass(frozen=True)
class Template:
    """A system call and what its registers from x0 on may hold; the rest of them are 0."""

    call: C
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class Call:
    """A system call of the current task: x8, and x0 to x5."""

    number: int
    words: tuple[int, ...]
    refused: bool = False
    """Whether one of the words does not fit, so that no kernel may answer Ok."""


@dataclass(frozen=True)
class Tick:
    """The end of the current task's turn."""


@dataclass(frozen=True)
class Fault:
    """The current task makes a fault."""


@dataclass(frozen=True)
class Alarm:
    """The next deadline has come; or, when it is `late`, all that count."""

    late: bool = False


@dataclass(frozen=True)
class Raise:
    """A device raises a line that the kernel lets interrupt."""

    line: int


Action = Call | Tick | Fault | Alarm | Raise
TAKES_OTHERS = {C.CAP_COPY, C.CAP_DERIVE, C.CAP_REVOKE, C.CAP_DROP, C.CAP_MOVE, C.CAP_QUERY, C.WAIT}
"""Calls that take capabilities of several kinds in x0, so that one of another kind is none that must be refused."""
TICK = Tick()
FAULTS = Fault()
ALARM, LATE_ALARM = Alarm(), Alarm(late=True)
FAR = 1 << 32
"""Between the last deadline and one behind it, in counts of the counter: there is room for many between them."""
NEVER = NULL
"""The time at which nothing happens."""


def stale(slot: CapSlot) -> int:
    """A word that names an earlier use of a slot, or in its first use none that will be."""
    return ((int(slot.generation) - 1) & 0xFFFF_FFFF) << 16 | int(slot.index)


class Holdings:
    """The handle words of the current task, by kind. Who asks for `every` order of deadlines is told when there is none
    to be had between two; a walk at random, which may make any number of them, goes without."""

    def __init__(self, kernel: Kernel[MemoryBoard], *, every: bool = True) -> None:
        task = kernel.scheduler.core.current
        assert task is not None
        self.by_kind: dict[CapKind, list[int]] = {}
        self.all: list[int] = []
        self.rights: dict[int, int] = {}
        self.stale = NULL
        for slot in task.capabilities.slots:
            capability = slot.capability
            if capability is None:
                continue
            word = int(slot.generation) << 16 | int(slot.index)
            self.all.append(word)
            self.rights[word] = int(capability.rights)
            self.by_kind.setdefault(kind_of(capability.object), []).append(word)
            if self.stale == NULL:
                self.stale = stale(slot)
        self._kernel, self._every = kernel, every

    def times(self) -> list[int]:
        """One of each order in which a deadline can come with those of the others."""
        board, current = self._kernel.board, self._kernel.scheduler.core.current
        found, last = [0], board.time
        for at in sorted({int(deadline_of(task)) for task in deadlines(self._kernel) if task is not current}):
            if at > last:
                between = [(last + at) // 2] if at - last > 1 else []
                assert between or not self._every, "there is no time between two deadlines: make FAR larger"
                found += [nanoseconds(self._kernel, time) for time in (*between, at)]
                last = at
        return [*found, nanoseconds(self._kernel, last + FAR), NEVER]

    def fitting(self, argument: Argument, x0: int) -> list[int]:
        """The words that may do."""
        match argument:
            case Own(kind):
                return self.all if kind is None else self.by_kind.get(kind, [])
            case Gift():
                return [NULL, *self.all]
            case Words(words):
                return list(words)
            case Time():
                return self.times()
            case Fewer(without):
                rights = self.rights.get(x0, 0)
                return list(dict.fromkeys([rights, *(rights & ~int(some) for some in without)]))

    def unfitting(self, argument: Argument, x0: int, takes_others: bool) -> list[int]:
        """The words that must be refused."""
        match argument:
            case Own(kind):
                if takes_others or kind is None:
                    return [self.stale]
                others = [words[0] for other, words in self.by_kind.items() if other is not kind]
                return [*others[:1], self.stale]
            case Gift():
                return [self.stale] if self.stale != NULL else []
            case Words() | Time():
                return []
            case Fewer():
                return [int(ALL)] if self.rights.get(x0, 0) != int(ALL) else []


def _combinations(template: Template, holdings: Holdings) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Every combination of fitting words, and those with one that does not fit and the first of the others."""
    fitting: list[tuple[int, ...]] = [()]
    unfitting: list[tuple[int, ...]] = []
    for register, argument in enumerate(template.arguments):
        takes_others = register == 0 and template.call in TAKES_OTHERS
        unfitting = [(*words, next(iter(holdings.fitting(argument, words[0])), NULL)) for words in unfitting]
        if fitting:
            first = fitting[0]
            x0 = first[0] if first else NULL
            unfitting += [(*first, word) for word in holdings.unfitting(argument, x0, takes_others)]
        fitting = [
            (*words, word) for words in fitting for word in holdings.fitting(argument, words[0] if words else NULL)
        ]
    return fitting, unfitting


def actions(
    templates: tuple[Template, ...], ticks: bool, faults: bool, kernel: Kernel[MemoryBoard]
) -> Iterator[Action]:
    """What can happen next, always in the same order for the same state; nothing when the run is over."""
    task = kernel.scheduler.core.current
    if task is None and not kernel.waits():
        return
    if ticks and (kernel.scheduler.slice == 0 or kernel.board.turn_end is not None):
        yield TICK
    yield from alarms(kernel)
    yield from (Raise(line) for line in sorted(kernel.board.unmasked))
    if task is None:
        return
    if faults:
        yield FAULTS
    holdings = Holdings(kernel)
    for template in templates:
        number = template.call._value_
        fitting, unfitting = _combinations(template, holdings)
        for words in fitting:
            yield Call(number, words)
        for words in unfitting:
            yield Call(number, words, refused=True)


def deadlines(kernel: Kernel[MemoryBoard]) -> list[Task]:
    """The tasks that have one."""
    return [task for task in kernel.tasks.items._items if task.deadline is not None]


def deadline_of(task: Task) -> u64:
    assert task.deadline is not None
    return task.deadline.at


def nanoseconds(kernel: Kernel[MemoryBoard], at: int) -> int:
    """What a call says to mean a value of the counter."""
    return int(ticks_to_ns(u64(at) - kernel.started, kernel.board.frequency()))


def last_deadline(kernel: Kernel[MemoryBoard]) -> int:
    """The last that counts; 0 without any."""
    return max((int(deadline_of(task)) for task in deadlines(kernel) if counts(task)), default=0)


def alarms(kernel: Kernel[MemoryBoard]) -> Iterator[Action]:
    """The alarms that may come."""
    board = kernel.board
    if board.alarm_at is not None:
        yield ALARM
        if last_deadline(kernel) > max(board.alarm_at, board.time):
            yield LATE_ALARM


def raise_alarm(kernel: Kernel[MemoryBoard], late: bool) -> None:
    """Let it be the time for an alarm."""
    board = kernel.board
    assert board.alarm_at is not None, "there is no alarm to be raised"
    board.time = max(board.time, board.alarm_at, last_deadline(kernel) if late else 0)
    board.alarm_at = None
    board.interrupt = Interrupt.ALARM


def prepare(kernel: Kernel[MemoryBoard], action: Action) -> tuple[Cause, u64, u64]:
    """Let it be about to happen; the trap that it is."""
    match action:
        case Call(number, words, _):
            task = kernel.scheduler.core.current
            assert task is not None
            x = task.frame.x
            for register in range(6):
                x[register] = u64(words[register] if register < len(words) else 0)
            x[6] = x[7] = JUNK
            x[8] = u64(number)
            return Cause.CALL, u64(SVC), u64(0)
        case Tick():
            kernel.board.interrupt = Interrupt.TICK
            return Cause.INTERRUPT, u64(0), u64(0)
        case Alarm(late):
            raise_alarm(kernel, late)
            return Cause.INTERRUPT, u64(0), u64(0)
        case Raise(line):
            kernel.board.raise_line(line)
            return Cause.INTERRUPT, u64(0), u64(0)
        case Fault():
            return Cause.FAULT, u64(FAULT), u64(FAULT_ADDRESS)


def perform(kernel: Kernel[MemoryBoard], action: Action) -> None:
    """Let it happen: one transition of the kernel."""
    kernel.trap(*prepare(kernel, action))
