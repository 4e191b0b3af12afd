"""Why the user library has ended a program with a status that no call was refused with, by what its description lacks.

`device_memory` (`tyrne.user.virtio`) makes such statuses: it asks what a capability over memory names, which is
answered, and needs memory that is mapped and that says where it lies. So only tasks that drive a device are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from tyrne.abi import CapKind, Rights, Status
from tyrne.system.manifest import System, Task
from tyrne.system.parts import Cap, Region


def library_words(system: System, number: int, said: str | None) -> Iterator[str]:
    """Of each memory that a task holds and its driver cannot use: what it lacks, and what to write in the description.

    `said` is the name of the status with which the program ended, None where nobody knows.
    """
    if number >= len(system.tasks):
        return
    task, devices = system.tasks[number], {device.name for device in system.devices}
    memory = [
        (index, cap, system.memory[cap.object]) for index, cap in enumerate(task.caps) if cap.kind is CapKind.MEMORY
    ]
    first = len(system.memory) - len(devices)  # the registers of devices are the last regions
    if not any(cap.object >= first for _, cap, _ in memory):
        return
    for index, cap, region in memory:
        found = None if cap.object >= first else _lack(task, index, cap, region)
        if found is not None and said in (None, found[0].name):
            yield f'device_memory answers {found[0].name} for memory "{region.name}", {found[1]}'


def _lack(task: Task, index: int, cap: Cap, region: Region) -> tuple[Status, str] | None:
    """What `device_memory` says of a capability over memory, and why, with the mend; None of one that is good."""
    line = f'{{ memory = "{region.name}" }} of the caps of {task.name}'
    if all(mapping.cap != index for mapping in task.mappings):
        return Status.NOT_MAPPED, f"which is mapped nowhere: write at = 0x1001_0000, or where there is room, in {line}"
    if not region.dma:
        where = f", at {region.place}" if region.place else ""
        return Status.INSUFFICIENT_RIGHTS, f"which no device reaches: write dma = true in its [[memory]]{where}"
    if Rights.LOCATE not in cap.rights:
        return Status.INSUFFICIENT_RIGHTS, f'and does not say where it lies: add "LOCATE" to the rights in {line}'
    return None
