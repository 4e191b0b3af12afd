"""The manifest: the bytes that tell the kernel which tasks to make. The kernel's own table says where each word stands.

Little-endian 64-bit words. A header of HEADER_WORDS, then one record of RECORD_WORDS for each task, then the contents
of the segments, each from a page boundary on; the whole is a multiple of the page size.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tyrne.hal.descriptors import MappingFlags
from tyrne.kernel import manifest as layout
from tyrne.system import limits
from tyrne.system.description import Cap
from tyrne.system.program import Program, Segment, pages

HEADER_WORDS: Final = 6
RECORD_WORDS: Final = int(layout.TASK_BYTES) // 8


@dataclass(frozen=True)
class Task:
    """A task with its program in hand."""

    name: str
    program: Program
    stack_pages: int
    caps: tuple[Cap, ...]


@dataclass(frozen=True)
class System:
    """Everything that the kernel makes at boot. Names of endpoints matter only to the description."""

    name: str
    endpoints: int
    tasks: tuple[Task, ...]


def encode(system: System, max_instructions: int = 0) -> bytes:
    """The manifest of a system that is within the limits. `max_instructions` 0 means no limit."""
    offset = pages(8 * (HEADER_WORDS + RECORD_WORDS * len(system.tasks))) * limits.PAGE
    records = bytearray()
    contents = bytearray()
    for task in system.tasks:
        words: list[int] = []
        for segment in task.program.segments:
            words += [segment.address, _flags(segment), offset + len(contents), len(segment.data), segment.memory]
            contents += segment.data.ljust(pages(len(segment.data)) * limits.PAGE, b"\0")
        records += _record(task, words)
    head = [0] * HEADER_WORDS
    head[layout.WORD_MAGIC] = layout.MAGIC
    head[layout.WORD_LENGTH] = offset + len(contents)
    head[layout.WORD_MAX_INSTRUCTIONS] = max_instructions
    head[layout.WORD_ENDPOINTS] = system.endpoints
    head[layout.WORD_TASKS] = len(system.tasks)
    head[layout.WORD_FIRST_TASK] = 8 * HEADER_WORDS
    return (_pack(head) + records).ljust(offset, b"\0") + contents


def _record(task: Task, segment_words: Sequence[int]) -> bytes:
    words = [0] * RECORD_WORDS
    program = task.program
    name = task.name.encode().ljust(limits.NAME_BYTES, b"\0")
    first = int(layout.TASK_NAME)
    words[first : first + 4] = struct.unpack("<4Q", name)
    words[layout.TASK_ENTRY] = program.entry
    words[layout.TASK_STACK_BASE] = program.stack_base
    words[layout.TASK_STACK_PAGES] = task.stack_pages
    words[layout.TASK_SEGMENTS] = len(program.segments)
    words[layout.TASK_CAPS] = len(task.caps)
    first = int(layout.TASK_FIRST_SEGMENT)
    words[first : first + len(segment_words)] = segment_words
    for index, cap in enumerate(task.caps):
        first = int(layout.TASK_FIRST_CAP) + index * int(layout.CAP_WORDS)
        kind = layout.CAP_CONSOLE if cap.endpoint is None else layout.CAP_ENDPOINT
        words[first : first + 3] = int(kind), cap.endpoint or 0, int(cap.rights)
    return _pack(words)


def _pack(words: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(words)}Q", *words)


def _flags(segment: Segment) -> int:
    flags = MappingFlags.USER
    if segment.writable:
        flags |= MappingFlags.WRITE
    if segment.executable:
        flags |= MappingFlags.EXECUTE
    return int(flags)
