"""How late deadlines are while programs hold the kernel for as long as they can: each trial beside a task that sleeps.

The sleeper is more urgent than all others, so it is late by what is done with interrupts masked, and by its way to its
next reading of the clock. It reads the clock itself: one nanosecond is one instruction.
"""

from __future__ import annotations

import struct
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from counts import BenchError, ram_after, system_of, task_of
from scenarios import Role, Scenario
from trials import Trial

from tyrne.abi import CapKind, Rights
from tyrne.kernel.config import MAX_TASKS
from tyrne.system import limits
from tyrne.system.build import kernel_elf
from tyrne.system.parts import Cap, Mapping, Region

VIGIL_AT: Final = 0x1100_0000
MAGIC: Final = b"TRYVIGIL"
MOST_URGENT: Final = 0
ROUNDS: Final = 500
"""Of each trial, but of those that end what they are about."""


@dataclass(frozen=True)
class Lateness:
    """Instructions: of how many deadlines, the earliest and the latest that the sleeper was awake, and how long the run
    took."""

    deadlines: int
    earliest: int
    latest: int
    instructions: int


def lateness(trial: Trial, rounds: int = ROUNDS, slice: int = limits.SLICE_MAX) -> Lateness:
    """Run a trial with a sleeper beside it."""
    scenario = with_room(trial.scenario)
    rounds = 1 if trial.rounds == 1 else rounds
    system = system_of(scenario, rounds, slice)
    region = len(system.memory)
    role = Role(
        "vigil",
        (
            Cap(0, Rights.READ | Rights.ARM, kind=CapKind.CLOCK),
            Cap(system.notifications, Rights.WAIT, kind=CapKind.NOTIFICATION),
        ),
        priority=MOST_URGENT,
    )
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        vigil = task_of(role, Path(folder), f"#define SAMPLES {rounds}\n#define SEED 0x2545\n")
    own = Cap(region, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    vigil = replace(
        vigil,
        caps=(own, *role.caps),
        mappings=(Mapping(0, VIGIL_AT, writable=True, executable=False),),
        serves=True,
    )
    system = replace(
        system,
        tasks=(*system.tasks, vigil),
        notifications=system.notifications + 1,
        memory=(*system.memory, Region("vigil", 1)),
    )
    ram, instructions = ram_after(scenario, kernel_elf(system, release=True, counted=True))
    at = ram.find(MAGIC)
    while at % limits.PAGE and at >= 0:
        at = ram.find(MAGIC, at + 1)
    if at < 0:
        raise BenchError(f"{trial.name}: nothing in RAM looks like what the sleeper found")
    deadlines, earliest, latest, _ = struct.unpack_from("<4Q", ram, at + len(MAGIC))
    return Lateness(deadlines, earliest, latest, instructions)


def with_room(scenario: Scenario) -> Scenario:
    """The scenario, or where it takes all tasks that there are the same with one task less."""
    made = sum(role.quota.tasks for role in scenario.roles)
    if len(scenario.roles) + scenario.equal + made < MAX_TASKS:
        return scenario
    defines = {
        name: str(int(value) - 1) if name in ("TASKS", "CALLS") else value for name, value in scenario.defines.items()
    }
    program, count = Counter(role.program for role in scenario.roles).most_common(1)[0]
    if count > 1:
        first = next(i for i, role in enumerate(scenario.roles) if role.program == program)
        return replace(scenario, roles=scenario.roles[:first] + scenario.roles[first + 1 :], defines=defines)
    fewer = (replace(role, quota=replace(role.quota, tasks=max(0, role.quota.tasks - 1))) for role in scenario.roles)
    return replace(scenario, roles=tuple(fewer), defines=defines)
