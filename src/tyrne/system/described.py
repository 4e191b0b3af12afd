"""What a system description says, once it has been read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tyrne.system import limits
from tyrne.system.handles import Handles
from tyrne.system.parts import (
    DEFAULT_PRIORITY,
    DEFAULT_SLICE,
    NO_OPTIONS,
    NO_QUOTA,
    NOTHING_GIVEN,
    SERIAL,
    BuildOptions,
    Cap,
    Device,
    Given,
    Mapping,
    Quota,
    Region,
    Supervisor,
)


@dataclass(frozen=True)
class TaskDescription:
    """One task. `place` is where an error about its program points: "file:line", or empty for the command line.
    `stack_pages` is None where that is left to the program."""

    name: str
    program: Path
    stack_pages: int | None
    caps: tuple[Cap, ...]
    place: str
    priority: int = DEFAULT_PRIORITY
    supervisor: Supervisor | None = None
    quota: Quota = NO_QUOTA
    mappings: tuple[Mapping, ...] = ()
    held: bool = False
    options: BuildOptions = NO_OPTIONS
    handles: Handles = ()
    serves: bool = False
    given: Given = NOTHING_GIVEN
    thread_of: str = ""
    keeper_of: str = ""
    """The program whose threads it keeps, and whose memory it makes."""
    """The task before it in whose space and with whose code it runs, once it is started; empty for all others."""


@dataclass(frozen=True)
class SystemDescription:
    """A checked description: every reference resolves, every number is within the limits.

    `slice` is in instructions, 0 for none.
    """

    name: str
    endpoints: tuple[str, ...]
    tasks: tuple[TaskDescription, ...]
    notifications: tuple[str, ...] = ()
    memory: tuple[Region, ...] = ()
    slice: int = DEFAULT_SLICE
    devices: tuple[Device, ...] = ()
    """Their registers are the last ones of `memory`."""
    ram: int = limits.RAM
    """Bytes that its machine has."""

    @property
    def silent(self) -> bool:
        """As that of the system."""
        return any(device.kind == SERIAL for device in self.devices)

    def files(self) -> list[Path]:
        """The files that its programs are made from, without headers."""
        return [file for task in self.tasks for file in (task.program, *task.options.more)]

    def inputs(self) -> list[Path]:
        """All that it names: these files, what programs of Linux are given, and what memory and devices begin with."""
        given = [file for task in self.tasks for file in (task.given.files, task.given.stdin)]
        begun = [*(region.file for region in self.memory), *(device.file for device in self.devices)]
        return [*self.files(), *(file for file in (*given, *begun) if file is not None)]


def name_error(name: str) -> str | None:
    """What is wrong with the name of a system, task or other part; None for a good one."""
    if not name or not name.isprintable() or len(name.encode()) > limits.NAME_BYTES:
        return f"the name {name!r} is not usable; write 1 to {limits.NAME_BYTES} printable bytes"
    return None
