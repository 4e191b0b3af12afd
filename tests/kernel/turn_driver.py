"""A kernel whose tasks follow scripts under a clock that the driver moves, and who had how much of the processor.

A script yields what its task does next: `compute(n)` for n counts of its own code, `Act` for a system call or a fault,
which takes `cost` counts in the kernel. The clock stands still while nothing is done, so a count is worth the same
everywhere, and interrupts come as on a machine: before the next count of a task's own once the turn's end has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tyrne.abi import CallNumber, TaskState
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import NULL, STORE_FAULT, SVC, trap
from tyrne.testing.world import World

SLICE = 1000
TRAP = 3
"""Counts that the kernel takes for a tick, or a call of which nothing else is said."""


@dataclass(frozen=True)
class Act:
    """A call, or a fault when there is no number."""

    number: CallNumber | None
    arguments: tuple[int, ...] = ()
    cost: int = TRAP


Script = Iterator[int | Act]


def call(number: CallNumber, *arguments: int, cost: int = TRAP) -> Act:
    """A system call."""
    return Act(number, arguments, cost)


def message(number: CallNumber, word: int, cost: int = TRAP) -> Act:
    """A call that sends an empty message without a capability through what a handle word names."""
    return Act(number, (word, 0, 0, 0, 0, NULL), cost)


@dataclass
class Driver:
    """Runs the scripts of a world's tasks. A task without one computes for ever."""

    world: World
    scripts: dict[int, Callable[[Task], Script]]
    served: dict[int, int] = field(default_factory=dict)
    """Counts that each task ran, the kernel's work for it included."""
    contenders: int = 1
    """The most tasks of priority 8 that were ready at once since this was last set."""
    longest: int = 0
    """The longest call."""

    def __post_init__(self) -> None:
        self._left: dict[int, int] = {}
        self._running = {number: script(self.world.task(number)) for number, script in self.scripts.items()}
        self.served = dict.fromkeys(range(len(self.world.quotas)), 0)

    def run(self, until: int) -> None:
        """Go on until so many counts have passed since the start, or nobody runs."""
        board = self.world.board
        steps = 0
        while board.clock < until:
            task = self.world.kernel.scheduler.core.current
            if task is None:
                return
            before = board.clock
            self._step(task, until)
            self.served[int(task.life.index)] += board.clock - before
            self.contenders = max(self.contenders, self._ready())
            steps += 1
            if steps % 50 == 0:
                check_system(self.world.kernel)

    def _step(self, task: Task, until: int) -> None:
        board, number = self.world.board, int(task.life.index)
        end = until if board.turn_end is None else board.turn_end
        if board.clock >= end:
            board.clock += TRAP
            board.interrupt = Interrupt.TICK
            board.turn_end = None
            trap(self.world.kernel, Vector.IRQ, u64(0), u64(0))
            return
        left = self._left.get(number, 0)
        if left == 0:
            action = next(self._running[number]) if number in self._running else until
            if isinstance(action, Act):
                self._act(task, action)
                return
            left = action
        ran = min(left, end - board.clock, until - board.clock)
        self._left[number] = left - ran
        board.clock += ran

    def _act(self, task: Task, act: Act) -> None:
        self.longest = max(self.longest, act.cost)
        self.world.board.clock += act.cost
        if act.number is None:
            trap(self.world.kernel, Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(0))
            return
        x = task.frame.x
        for register in range(6):
            x[register] = u64(act.arguments[register] if register < len(act.arguments) else 0)
        x[8] = u64(act.number.value)
        trap(self.world.kernel, Vector.SYNCHRONOUS, u64(SVC), u64(0))

    def _ready(self) -> int:
        tasks = self.world.kernel.tasks.items
        return sum(task.state is TaskState.READY and task.priority == 8 for task in tasks)
