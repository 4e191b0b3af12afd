"""A player that makes random steps on a pair of kernels: system calls that mean something, faults, ticks, wild words.

It looks at the kernel in CPython for what would be interesting, and keeps the system alive: while only one task is
ready, that one seldom waits without a deadline. While none is, it lets time pass, mostly until the next interrupt.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random
from typing import Final

from tyrne.abi import CallNumber, CapKind, TaskState
from tyrne.hal.frame import Vector
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.task import Task
from tyrne.testing.lockstep.call_arguments import ARGUMENTS, WORD, word
from tyrne.testing.lockstep.pair import Pair
from tyrne.testing.lockstep.prospects import NEEDED_BY, NULL, Scene, chances, dead_ends, numbers, opportunities
from tyrne.testing.lockstep.sides import NO_TASK
from tyrne.testing.lockstep.step import PC, SP, Step

SVC: Final = 0x5600_0000
FAULTS: Final = (
    0x9200_0047, 0x9200_0006, 0x8200_000F, 0x0200_0000, 0x07E0_0000, 0x1E00_0000, 0x6234_F801, 0xF200_0003,
    0x8A00_0000, 0x9A00_0000, 0x9200_0021, 0xBE00_0011, 0,
)  # fmt: skip
"""Syndromes of every class of exception that EL0 can raise."""

N = CallNumber
WAITS: Final = frozenset(numbers(N.SEND_WAIT, N.WAIT, N.CALL, N.REPLY_WAIT, N.TASK_EXIT))
"""Calls after which the caller may not be ready."""
LOSSES: Final = numbers(N.CAP_DROP, N.CAP_REVOKE, N.CAP_MOVE)
"""Calls after which the caller may hold less."""
USUAL: Final = {
    N.TASK_EXIT: 0.02, N.TASK_END: 0.25, N.TASK_SUSPEND: 0.4, N.CAP_DROP: 0.5, N.CAP_REVOKE: 0.4,
    N.RECV: 0.4, N.TASK_YIELD: 0.5, N.SEND_WAIT: 2, N.CALL: 3, N.REPLY: 3, N.REPLY_WAIT: 4,
}  # fmt: skip
"""How often calls come compared with the others: what takes something away less, what two tasks do together more."""
CALL_NUMBERS: Final = tuple(CallNumber)
EXIT: Final = numbers(N.TASK_EXIT)
COPY: Final = numbers(N.CAP_COPY)
WAIT_FOR_MORE: Final = numbers(N.WAIT, N.RECV, N.CALL)
KINDS: Final = tuple(kind.value for kind in CapKind)


def _mood(factor: float, *calls: CallNumber) -> list[float]:
    """The weight of each call, by its number less one, while some come more often."""
    return [USUAL.get(number, 1.0) * (factor if number in calls else 1.0) for number in CALL_NUMBERS]


_LONG: Final = (
    _mood(25, N.CAP_COPY, N.CAP_DERIVE, N.CAP_REVOKE, N.TASK_YIELD),
    _mood(20, N.CREATE, N.MEMORY_DERIVE, N.MAP, N.PROTECT, N.TASK_YIELD),
    _mood(20, N.CAP_COPY, N.TASK_END, N.TASK_CONFIGURE, N.TASK_RESUME, N.TASK_YIELD),
)
MOODS: Final = (
    _mood(1),
    _mood(8, N.SEND, N.RECV, N.SEND_WAIT, N.WAIT, N.CALL, N.REPLY, N.REPLY_WAIT, N.CANCEL),
    _mood(12, N.SEND_WAIT, N.WAIT, N.CALL, N.REPLY, N.REPLY_WAIT),
    _mood(30, N.WAIT, N.CALL, N.SEND_WAIT, N.REPLY_WAIT),
    _mood(6, N.NOTIFY, N.POLL, N.BIND, N.WAIT),
    _mood(12, N.CLOCK_ARM, N.WAIT, N.CALL),
    _mood(10, N.CLOCK_ARM, N.NOTIFY, N.BIND, N.WAIT, N.REPLY_WAIT),
    _mood(10, N.INTERRUPT_BIND, N.INTERRUPT_ACK, N.WAIT, N.BIND, N.REPLY_WAIT),
    _mood(10, N.CAP_COPY, N.CAP_DERIVE, N.CAP_MOVE, N.CAP_QUERY),
    _mood(40, N.CAP_DERIVE),
    _mood(40, N.CAP_COPY, N.SEND, N.SEND_WAIT, N.WAIT),
    _mood(15, N.CAP_DROP, N.CAP_REVOKE),
    _mood(12, N.CREATE, N.QUOTA_MOVE),
    _mood(30, N.CREATE, N.CAP_DROP),
    _mood(8, N.CREATE, N.MEMORY_DERIVE, N.MAP, N.UNMAP, N.PROTECT),
    _mood(8, N.CREATE, N.TASK_CONFIGURE, N.CAP_MOVE, N.TASK_RESUME, N.TASK_SUPERVISE),
    _mood(6, N.TASK_SUSPEND, N.TASK_RESUME, N.TASK_READ, N.TASK_WRITE, N.TASK_STATE, N.TASK_PRIORITY),
    _mood(8, N.TASK_END, N.TASK_EXIT, N.TASK_CONFIGURE, N.TASK_RESUME),
    *_LONG, *_LONG,
)  # fmt: skip
"""What a stretch of calls is about, often long work."""

MANY_HELD: Final = 40
"""With so many capabilities a task gives up more than it gains, unless it hoards."""
FEW_HELD: Final = 8
"""With so few it keeps what it has."""
NEXT_TO_NOTHING: Final = 3
MOST_STALE: Final = 32


class Player:
    """Makes up one step after the other for the task that runs."""

    def __init__(self, random: Random, pair: Pair) -> None:
        self._random: Final = random
        self._pair: Final = pair
        self._kernel: Final = pair.python.kernel
        self._stale: Final[list[int]] = []
        self._mood = MOODS[0]
        self._mood_left = 0
        self._favourite = CapKind.ENDPOINT.value
        self._hoarder = random.choice((None, *range(4)))
        """A task that keeps all it gets, until its table is full."""

    def next_step(self) -> Step:
        random = self._random
        if self._pair.current == NO_TASK:
            left = self._pair.until_interrupt()
            return Step(left if random.random() < 0.9 else random.randint(0, left), {}, Vector.IRQ, self._line(), 0)
        task = self._pair.python.tasks[self._pair.current]
        others = self._others(task)
        alone = others == 0
        kind = random.random()
        space = None if task.context is None else task.context.space
        lost = space is None or space.at.life.count != space.life
        if kind < 0.02 + 0.02 * (not alone) or (kind < 0.3 and self._is_due()):
            return self._step({}, Vector.IRQ, self._line(), 0)
        if kind > (0.5 if lost else 0.999 if alone else 0.985):
            vector = random.choice((Vector.SYNCHRONOUS,) * 6 + (Vector.SERROR, Vector.FIQ))
            syndrome = random.choice((*FAULTS, random.getrandbits(32) & ~(1 << 30)))
            return self._step({}, vector, syndrome, word(self._scene(task)))
        if kind > 0.98:
            number = random.choice((0, 1 + len(CallNumber), random.getrandbits(64)))
            return self._step({8: number, 0: random.getrandbits(64)}, Vector.SYNCHRONOUS, SVC, 0)
        return self._call(task, others)

    def _call(self, task: Task, others: int) -> Step:
        random = self._random
        scene = self._scene(task)
        number = self._choose(scene, others)
        for maker in ARGUMENTS[number]:
            scene.words.append(maker(scene) & WORD)
        words = scene.words
        if words and random.random() < 0.06:
            self._spoil(scene)
        self._remember(words)
        registers = dict(enumerate(words))
        registers[8] = number.value
        if random.random() < 0.1:
            registers[random.randrange(9, 31)] = random.getrandbits(64)
            registers[random.choice((SP, PC))] = random.getrandbits(64)
        return self._step(registers, Vector.SYNCHRONOUS, SVC | random.choice((0, random.getrandbits(16))), 0)

    def _choose(self, scene: Scene, others: int) -> CallNumber:
        """A call that the task can make something of."""
        random = self._random
        if self._mood_left == 0:
            self._mood = random.choice(MOODS)
            self._favourite = random.choice(KINDS)
            self._mood_left = random.choice((20, 60, 150))
        self._mood_left -= 1
        weights = self._mood.copy()

        def change(calls: Iterable[int], factor: float) -> None:
            for number in calls:
                weights[number - 1] *= factor

        for kind, calls in NEEDED_BY.items():
            if not scene.held[kind]:
                change(calls, 0.02)
        if scene.count == 0 and others and random.random() < 0.9:
            return random.choice((N.TASK_EXIT, N.TASK_YIELD))
        useful = opportunities(scene)
        change(useful, 4 if others else 15)
        released = 2 if scene.task.urgency == NOT_AT_ONCE else 0
        change(WAITS - useful, (0.0005, 0.3, 0.7, 1)[min(others + released, 3)])
        change(EXIT, 0.05 if released else 1)
        change(dead_ends(scene), 0.15)
        change(chances(scene), 15)
        if self._pair.current == self._hoarder:
            change(LOSSES, 0.05)
            change(COPY if scene.count < len(scene.task.capabilities.slots) else WAIT_FOR_MORE, 25)
        elif scene.count > MANY_HELD:
            change(LOSSES, 12)
        if scene.task.supervisor.capability is not None and others > 2:
            change(EXIT, 4)
        if scene.count < FEW_HELD:
            change(LOSSES, 0.05)
        return random.choices(CALL_NUMBERS, weights)[0]

    def _spoil(self, scene: Scene) -> None:
        """Put something else into one register: bits that a handle does not have, its neighbour, or a wild word."""
        random = self._random
        at = random.randrange(len(scene.words))
        was = scene.words[at]
        scene.words[at] = random.choice((
            was | random.getrandbits(16) << 48, was | 1 << 48, was + (1 << 16) & WORD, was ^ 1, NULL, scene.wild(),
        ))  # fmt: skip
        if random.random() < 0.3 and len(scene.words) > 1:
            scene.words[-1] = scene.words[0] | random.getrandbits(16) << 48

    def follow(self, step: Step) -> None:
        """Somebody else has made up a step: learn from it what a task may name."""
        if 0 in step.registers:
            self._remember([step.registers[0]])

    def _remember(self, words: list[int]) -> None:
        if words:
            self._stale.append(words[0])
            del self._stale[:-MOST_STALE]

    def _scene(self, task: Task) -> Scene:
        return Scene(self._random, self._kernel, task, self._stale, self._others(task), self._favourite)

    def _step(self, registers: dict[int, int], vector: Vector, syndrome: int, address: int) -> Step:
        return Step(self._random.choice((0, 1, 2, 20, 60)), registers, vector, syndrome, address)

    def is_at_its_end(self) -> bool:
        """Whether only one task can run, and that one has hardly anything left to make calls with."""
        if self._pair.current == NO_TASK:
            return False
        task = self._pair.python.tasks[self._pair.current]
        return self._others(task) == 0 and self._scene(task).count < NEXT_TO_NOTHING

    def _others(self, task: Task) -> int:
        """How many tasks are ready besides the one that runs."""
        return sum(other is not task and other.state is TaskState.READY for other in self._pair.python.tasks)

    def _line(self) -> int:
        """The line of a device that interrupts; mostly one that the kernel has open, if it has any."""
        lines = sorted(self._pair.python.board.unmasked)
        return self._random.choice(lines) if lines else 0

    def _is_due(self) -> bool:
        """Whether the board would interrupt, or some device may."""
        board = self._pair.python.board
        if board.unmasked and self._random.random() < 0.15:
            return True
        at = board.deadlines.earliest()
        return at is not None and board.instructions >= at
