"""The manifest: the bytes that tell the kernel which tasks to make.

Little-endian 64-bit words. A header of HEADER_WORDS, then one record of RECORD_WORDS for each task, then the contents
of the segments, each from a page boundary on; the whole is a multiple of the page size.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tyrne.system import limits
from tyrne.system.description import Cap
from tyrne.system.program import Program, Segment, pages

MAGIC: Final = b"TYRNEMF1"
HEADER_WORDS: Final = 6
"""Magic, total length, most instructions (0: no limit), endpoints, tasks, offset of the first record."""
RECORD_WORDS: Final = 88
FIRST_SEGMENT_WORD: Final = 9
FIRST_CAP_WORD: Final = 29

FLAG_WRITE: Final = 1
FLAG_EXECUTE: Final = 2
FLAG_USER: Final = 4
CAP_CONSOLE: Final = 1
CAP_ENDPOINT: Final = 2


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
    total = offset + len(contents)
    head = struct.pack(
        "<8s5Q", MAGIC, total, max_instructions, system.endpoints, len(system.tasks), 8 * HEADER_WORDS
    )
    return (head + records).ljust(offset, b"\0") + contents


def _record(task: Task, segment_words: Sequence[int]) -> bytes:
    words = [0] * RECORD_WORDS
    program = task.program
    name = task.name.encode().ljust(limits.NAME_BYTES, b"\0")
    words[0:4] = struct.unpack("<4Q", name)
    words[4:9] = program.entry, program.stack_base, task.stack_pages, len(program.segments), len(task.caps)
    words[FIRST_SEGMENT_WORD : FIRST_SEGMENT_WORD + len(segment_words)] = segment_words
    for index, cap in enumerate(task.caps):
        word = FIRST_CAP_WORD + 3 * index
        kind = CAP_CONSOLE if cap.endpoint is None else CAP_ENDPOINT
        words[word : word + 3] = kind, cap.endpoint or 0, int(cap.rights)
    return struct.pack(f"<{RECORD_WORDS}Q", *words)


def _flags(segment: Segment) -> int:
    return FLAG_USER | (FLAG_WRITE if segment.writable else 0) | (FLAG_EXECUTE if segment.executable else 0)
