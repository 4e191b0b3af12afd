"""The manifest: the bytes that tell the kernel which tasks to make. tyrne.hal.manifest says where each word stands.

Little-endian 64-bit words. A header, then a record for each memory region, one for each that is filled, one for each
task, then the contents of regions and segments, each from a page boundary on; the whole is a multiple of the page size.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tyrne.hal import manifest as layout
from tyrne.hal.pages import MappingFlags
from tyrne.system import limits
from tyrne.system.names import Names
from tyrne.system.parts import DEFAULT_PRIORITY, NO_QUOTA, SERIAL, Cap, Device, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, pages
from tyrne.system.ram import end_of

HEADER_WORDS: Final = int(layout.HEADER_WORDS)
REGION_WORDS: Final = int(layout.REGION_WORDS)
TASK_WORDS: Final = int(layout.TASK_WORDS)


@dataclass(frozen=True)
class Task:
    """A task with its program in hand. A held one does not start by itself."""

    name: str
    program: Program
    stack_pages: int
    caps: tuple[Cap, ...]
    priority: int = DEFAULT_PRIORITY
    supervisor: Supervisor | None = None
    quota: Quota = NO_QUOTA
    mappings: tuple[Mapping, ...] = ()
    held: bool = False
    serves: bool = False


@dataclass(frozen=True)
class System:
    """Everything that the kernel makes at boot.

    `slice`: after so many instructions a task goes behind its equals; 0 for none.
    """

    name: str
    endpoints: int
    tasks: tuple[Task, ...]
    notifications: int = 0
    memory: tuple[Region, ...] = ()
    slice: int = 0
    endpoint_names: tuple[str, ...] = ()
    notification_names: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()
    """Their registers are the last ones of `memory`."""
    ram: int = limits.RAM
    """Bytes that its machine has."""

    @property
    def names(self) -> Names:
        """What its objects are called; the kernel knows numbers."""
        tasks = tuple(task.name for task in self.tasks)
        memory = tuple(region.name for region in self.memory)
        return Names(tasks, self.endpoint_names, self.notification_names, memory)

    @property
    def returned(self) -> tuple[Region, ...]:
        """The memory that is read when the run is over: what programs have left there goes into files."""
        return tuple(region for region in self.memory if region.out is not None)

    @property
    def silent(self) -> bool:
        """Whether its kernel says nothing on the serial line, since that is a task's."""
        return any(device.kind == SERIAL for device in self.devices)


def encode(system: System, max_instructions: int = 0) -> bytes:
    """The manifest of a system that is within the limits. `max_instructions` 0 means no limit."""
    filled = [(number, region.content) for number, region in enumerate(system.memory) if region.file or region.out]
    first_fill = HEADER_WORDS + REGION_WORDS * len(system.memory)
    first_task = first_fill + int(layout.FILL_WORDS) * len(filled)
    offset = pages(8 * (first_task + TASK_WORDS * len(system.tasks))) * limits.PAGE
    records = bytearray()
    contents = bytearray()
    fills: list[int] = []
    for number, content in filled:
        fills += [number, offset + len(contents), len(content)]
        contents += _whole_pages(content)
    for task in system.tasks:
        segments: list[int] = []
        for segment in task.program.segments:
            flags = _flags(segment.writable, segment.executable) | MappingFlags.USER
            segments += [segment.address, flags, offset + len(contents), len(segment.data), segment.memory]
            contents += _whole_pages(segment.data)
        records += encode_task(task, segments)
    head = [0] * HEADER_WORDS
    head[layout.WORD_MAGIC] = layout.MAGIC
    head[layout.WORD_LENGTH] = offset + len(contents)
    head[layout.WORD_MAX_INSTRUCTIONS] = max_instructions
    head[layout.WORD_ENDPOINTS] = system.endpoints
    head[layout.WORD_TASKS] = len(system.tasks)
    head[layout.WORD_FIRST_TASK] = 8 * first_task
    head[layout.WORD_SLICE] = system.slice
    head[layout.WORD_NOTIFICATIONS] = system.notifications
    head[layout.WORD_REGIONS] = len(system.memory)
    head[layout.WORD_FIRST_REGION] = 8 * HEADER_WORDS
    head[layout.WORD_MEMORY] = end_of(system.ram)
    head[layout.WORD_FILLS] = len(filled)
    head[layout.WORD_FIRST_FILL] = 8 * first_fill if filled else 0
    regions = [word for region in system.memory for word in (region.pages, region.address)]
    return (_pack(head) + _pack(regions) + _pack(fills) + records).ljust(offset, b"\0") + contents


def encode_task(task: Task, segments: Sequence[int]) -> bytes:
    """A task's record; `segments` are the words of its segments."""
    program = task.program
    supervisor = task.supervisor
    words = [0] * TASK_WORDS

    def put(index: int, values: Sequence[int]) -> None:
        words[index : index + len(values)] = values

    put(layout.TASK_NAME, struct.unpack("<4Q", task.name.encode().ljust(limits.NAME_BYTES, b"\0")))
    words[layout.TASK_ENTRY] = program.entry
    words[layout.TASK_STACK_BASE] = program.stack_base
    words[layout.TASK_STACK_PAGES] = task.stack_pages
    words[layout.TASK_SEGMENTS] = len(program.segments)
    put(layout.TASK_FIRST_SEGMENT, segments)
    words[layout.TASK_PRIORITY] = task.priority
    words[layout.TASK_SUPERVISOR] = 0 if supervisor is None else 1 + supervisor.endpoint
    words[layout.TASK_SUPERVISOR_BADGE] = 0 if supervisor is None else supervisor.badge
    put(layout.TASK_QUOTA, _claims(task.quota))
    words[layout.TASK_MAPPINGS] = len(task.mappings)
    for index, mapping in enumerate(task.mappings):
        flags = _flags(mapping.writable, mapping.executable)
        put(layout.TASK_FIRST_MAPPING + index * layout.MAPPING_WORDS, (mapping.cap, mapping.address, flags))
    words[layout.TASK_CAPS] = len(task.caps)
    for index, cap in enumerate(task.caps):
        put(
            layout.TASK_FIRST_CAP + index * layout.CAP_WORDS,
            (cap.kind.value, cap.object, int(cap.rights), cap.badge),
        )
    words[layout.TASK_STANDING] = int(layout.HELD) * task.held | int(layout.SERVES) * task.serves
    return _pack(words)


def _whole_pages(content: bytes) -> bytes:
    return content.ljust(pages(len(content)) * limits.PAGE, b"\0")


def _claims(quota: Quota) -> tuple[int, ...]:
    """Frames, then objects in the order of the numbers of their kinds."""
    objects = (quota.endpoints, quota.notifications, quota.tasks, quota.spaces, quota.memory, quota.quotas)
    return (quota.frames, *objects)


def _pack(words: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(words)}Q", *words)


def _flags(writable: bool, executable: bool) -> MappingFlags:
    flags = MappingFlags.NONE
    if writable:
        flags |= MappingFlags.WRITE
    if executable:
        flags |= MappingFlags.EXECUTE
    return flags
