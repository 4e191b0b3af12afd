"""Whole systems in a test: run to the end on any machine, or booted on the hosted one and stepped.

run = run_system("systems/ping-pong.toml")
assert run.console_of("ping").startswith("ping: sends 0xaaaa")
assert run.task("pong").exit_code == 0
assert [call.status for call in run.calls(task="ping", name="call")] == [Status.OK] * 3
"""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from tyrne.hal import exit_status
from tyrne.hosted.recorder import Listener
from tyrne.system.errors import RequestError
from tyrne.system.inputs import Input
from tyrne.system.names import Names
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.similar import meant
from tyrne.testing.observations import Observations, TaskOutcome
from tyrne.testing.sources import Source, read_source

MAX_INSTRUCTIONS: Final = 50_000_000
"""Of user programs, so that no test runs for ever: about a second on the hosted machine. On QEMU the kernel's count
too."""


class Ending(IntEnum):
    """How a run ended: the exit status of `tyrne run`."""

    ALL_EXITED = int(exit_status.ALL_EXITED)
    """Every task exited with 0."""
    TASK_FAILED = int(exit_status.TASK_FAILED)
    """Some task exited with another code, or was ended by a fault."""
    PANIC = int(exit_status.PANIC)
    """A check of the kernel failed: a defect of Tyrne."""
    LIMIT = int(exit_status.LIMIT)
    """The instructions were used up, or two minutes on QEMU."""
    DEADLOCK = int(exit_status.DEADLOCK)
    """Tasks wait, are suspended or were never started, and nothing can change that."""


class Run(Observations):
    """A run that has ended."""

    def __init__(self, result: Result, names: Names) -> None:
        super().__init__(result.recorder, names)
        self.result: Final = result
        self.machine: Final = result.request.machine.value
        self.status: Final = Ending(result.status)

    @property
    def instructions(self) -> int:
        """How many instructions ran: of user programs on hosted and native, of the kernel too on QEMU."""
        return self.recorder.instructions

    @property
    def tasks(self) -> list[TaskOutcome]:
        """Every task of the description, then those that were made and did something, by number."""
        created = sorted(number for number in self.recorder.tasks_seen if number >= len(self.names.tasks))
        return [self.task(self.names.task(number)) for number in (*range(len(self.names.tasks)), *created)]

    def task(self, name: str) -> TaskOutcome:
        """What became of a task; tasks that tasks made are `task N`."""
        number = self.names.number(name)
        recorder = self.recorder
        fault, code = recorder.faults.get(number), recorder.exit_codes.get(number)
        waits = "waiting" if number in recorder.blocked else "ready"
        state = "faulted" if fault is not None else "exited" if code is not None else waits
        return TaskOutcome(name, state, code, fault)

    def report(self) -> dict[str, Any]:
        """The run as `tyrne run --report` writes it."""
        return self.result.report()

    def what_tasks_did(self) -> dict[str, Any]:
        """The parts of the report that are the same on every machine, where no clock decides the order."""
        report = self.report()
        return {key: report[key] for key in ("status", "console", "tasks", "syscalls")}

    def assert_success(self) -> None:
        """Fail unless every task has exited with 0, and say all that is known of why."""
        if self.status is not Ending.ALL_EXITED:
            raise AssertionError(f"{self!r}\n{self.account()}")

    def __repr__(self) -> str:
        """How it ended, and every task that did not exit with 0."""
        others = [_short(task) for task in self.tasks if (task.state, task.exit_code) != ("exited", 0)]
        name = self.result.request.system.name
        return f"<run of {name!r} on {self.machine}: {'; '.join([self.status.name, *others])}>"


def run_system(
    source: Source,
    machine: str | Machine = Machine.HOSTED,
    *,
    release: bool = False,
    max_instructions: int = MAX_INSTRUCTIONS,
    preempt_calls: int = 0,
    folder: Path | None = None,
    listener: Listener | None = None,
    typed: bytes | None = None,
) -> Run:
    """Run a system to its end on `hosted`, `native` or `qemu`, with the debug or the release kernel.

    Relative paths start at `folder`, by default the working directory. `max_instructions` 0 is no limit.
    `preempt_calls` is the seed by which long calls are interrupted between their steps, 0 for not. A `listener` is told
    of each event. `typed` is what a file would say that `--input` names; None types nothing, not even an end.
    RequestError says what is wrong with the source or the machine, or that QEMU is missing.
    """
    chosen = _machine(machine)
    system, names = read_source(source, folder)
    given = None if typed is None else Input(typed)
    ready = prepare(Request(system, chosen, release, max_instructions, preempt_calls, input=given))
    return Run(ready.run(Listener() if listener is None else listener), names)


def _machine(name: str | Machine) -> Machine:
    names = [machine.value for machine in Machine]
    if isinstance(name, str) and name not in names:
        raise RequestError(f'no machine "{name}"; write one of {", ".join(names)}{meant(name, names)}')
    return Machine(name)


def _short(task: TaskOutcome) -> str:
    if task.fault is not None:
        return f"{task.name} faulted: {task.fault.kind} at pc {task.fault.pc:#x}, address {task.fault.address:#x}"
    return f"{task.name} {task.state}" + (f" with {task.exit_code}" if task.exit_code is not None else "")
