"""A hosted system that a test steps: real machine code behind the kernel's page tables, looked at between traps.

system = boot_system("systems/grant.toml")
system.until(call="send_wait", task="grantor")
assert [held.object for held in system.capabilities("grantee")][-1] == "door"
system.finish().assert_success()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tyrne.abi import CallNumber, Status
from tyrne.hosted.board import HostedBoard
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.recorder import Recorder
from tyrne.inspect.held import HeldCapability, capabilities_of
from tyrne.inspect.look import look
from tyrne.inspect.objects import Inspection, Position
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.system.device_files import read_files
from tyrne.system.devices import refuse_devices
from tyrne.system.explanation import explainer_of
from tyrne.system.history import History
from tyrne.system.inputs import Input, typed_into
from tyrne.system.kernel_check import check_kernel
from tyrne.system.manifest import System, encode
from tyrne.system.models import attach
from tyrne.system.names import Names
from tyrne.system.run import Machine, Request, Result
from tyrne.testing.invariants import violations
from tyrne.testing.invariants.transitions import (
    Holding,
    handles_keep_their_meaning,
    holdings,
    revocation_leaves_no_descendant,
    slot_named,
)
from tyrne.testing.observations import Observations, TaskOutcome
from tyrne.testing.sources import Source, read_source
from tyrne.testing.systems import MAX_INSTRUCTIONS, Run

Condition = Callable[["LiveSystem"], bool]


class LiveSystem(Observations):
    """A system that has booted. A step is one transition of the kernel: a task runs until it traps, the kernel answers.

    With `check` every invariant of the kernel, and of the transition, is checked after each of them: about 6 ms. A
    kernel panic is the exception that it is, with its place in the kernel.
    """

    def __init__(
        self,
        system: System,
        names: Names,
        release: bool,
        max_instructions: int,
        check: bool,
        given: Input | None = None,
    ) -> None:
        refuse_devices(system, Machine.HOSTED.value)
        super().__init__(Recorder(), names)
        self.machine: Final = HostedMachine(encode(system, max_instructions), self.recorder, not release)
        attach(self.machine, typed_into(read_files(system.devices, ()), given), system.memory)
        self.kernel: Final[Kernel[HostedBoard]] = self.machine.kernel
        self.check: Final = check
        self.transitions = 0
        """How many steps there have been."""
        self._request: Final = Request(system, Machine.HOSTED, release, max_instructions)
        self._explainer: Final = explainer_of(system)
        self._next = self.machine.boot()
        self._history: Final = History(self.kernel)
        self._check("boot", [])

    @property
    def running(self) -> str | None:
        """The task that runs in the next step; None while nobody is ready, and when the run is over."""
        return None if self._next is None else self.names.task(int(self._next.number))

    @property
    def over(self) -> bool:
        """Whether the run is over: nobody is ready, and no deadline will change that."""
        return not self.machine.goes_on(self._next)

    def step(self, count: int = 1) -> bool:
        """So many transitions, or all that are left; whether there are more. While nobody is ready one takes as long as
        it is until an interrupt."""
        for _ in range(count):
            task = self._next
            if self.over:
                break
            before, known = holdings(self.kernel) if self.check else [], len(self.recorder.calls)
            self._next = self.machine.step(task)
            self.transitions += 1
            events, instructions = self.recorder.calls[known:], self.machine.board.cpu.instructions
            number = None if task is None else int(task.number)
            self._history.follow(self.kernel, self.transitions, number, events, instructions)
            if self.over:
                self.recorder.end(self.machine.end(), self.machine.board.cpu.instructions)
            what = [*handles_keep_their_meaning(before), *self._revocations(before, known)]
            who = "nobody" if task is None else self.names.task(int(task.number))
            self._check(f"transition {self.transitions}, of {who}", what)
        return not self.over

    def until(
        self,
        condition: Condition | None = None,
        *,
        call: str | None = None,
        task: str | None = None,
        status: Status | None = None,
        console: str | None = None,
    ) -> None:
        """Step, at least once, until something happens; AssertionError when the run ends before.

        What may be given: a system call returns, of a name, a task or a status; the tasks have written a text since; a
        condition of the system holds. All that is given must be so after the same step.
        """
        returns = (task, call, status) != (None, None, None)
        if not returns and console is None and condition is None:
            raise ValueError("until waits for nothing: give a condition, call, task, status or console")
        written = len(self.console)
        while not self.over:
            known = len(self.recorder.calls)
            self.step()
            if returns and not self.calls(task, call, status, since=known):
                continue
            if console is not None and console not in self.console[written:]:
                continue
            if condition is None or condition(self):
                return
        asked = {"call": call, "task": task, "status": status and status.name, "console": console}
        what = ", ".join(f"{key}={value!r}" for key, value in asked.items() if value is not None)
        raise AssertionError(f"{self!r} ended before it came to {what or 'the condition'}\n{self.account()}")

    def finish(self) -> Run:
        """Step to the end."""
        while self.step():
            pass
        return Run(Result(self._request, self.recorder), self.names)

    def task(self, name: str) -> TaskOutcome:
        """What is known of a task now; KeyError for one that was not yet made."""
        number = self.names.number(name)
        fault, code = self.recorder.faults.get(number), self.recorder.exit_codes.get(number)
        found = self._task(number)
        if found is not None:
            return TaskOutcome(name, found.state.name.lower(), code, fault)
        if number >= self.kernel.lives:
            raise KeyError(f"task {number} was not made yet; so far there were {self.kernel.lives}")
        return TaskOutcome(name, "exited" if fault is None else "faulted", code, fault)

    def capabilities(self, task: str) -> list[HeldCapability]:
        """What a task holds now, in the order of its handle words; nothing for one that is gone."""
        found = self._task(self.names.number(task))
        return [] if found is None else capabilities_of(self.kernel, found, self.names)

    def inspect(self) -> Inspection:
        """All that there is now: tasks, capabilities and their tree, waits, memory."""
        at = Position(
            run=self._request.system.name,
            machine=Machine.HOSTED.value,
            transition=self.transitions,
            inside=0,
            instructions=self.machine.board.cpu.instructions,
            over=self.over,
            status=self.recorder.status,
        )
        return look(self.kernel, self.names, self._explainer, self._history, at)

    def __repr__(self) -> str:
        """Who runs next, and the state of each task of the description."""
        tasks = "; ".join(f"{name} {self.task(name).state}" for name in self.names.tasks)
        return f"<{self._request.system.name!r} after {self.transitions} transitions: {tasks}>"

    def _task(self, number: int) -> Task | None:
        """The living task of a number."""
        arena = self.kernel.tasks
        living = (task for task, alive in zip(arena.items, arena.occupied, strict=True) if alive)
        return next((task for task in living if task.number == number), None)

    def _revocations(self, before: Sequence[Holding], known: int) -> Iterator[str]:
        """What is left of what a revoke was to take, by the calls that have returned since."""
        for event in self.recorder.calls[known:]:
            task = self._task(event.task)
            succeeded = event.results is not None and event.results[0] == Status.OK.value
            if event.number == CallNumber.CAP_REVOKE.value and succeeded and task is not None:
                source = slot_named(before, task.capabilities, event.arguments[0])
                yield from revocation_leaves_no_descendant(before, source)

    def _check(self, when: str, of_the_transition: Sequence[str]) -> None:
        """Fail with every violation, of the state or of the transition that led to it."""
        found = [*violations(self.kernel), *of_the_transition] if self.check else []
        if found:
            raise AssertionError("\n".join([f"after {when}:", *found, self.account()]))


def boot_system(
    source: Source,
    *,
    release: bool = False,
    max_instructions: int = MAX_INSTRUCTIONS,
    folder: Path | None = None,
    check: bool = True,
    typed: bytes | None = None,
) -> LiveSystem:
    """Boot a system on the hosted machine; its first task has not run yet.

    The source, what is typed and the errors are those of `run_system`.
    """
    check_kernel()
    system, names = read_source(source, folder)
    given = None if typed is None else Input(typed)
    return LiveSystem(system, names, release, max_instructions, check, given)
