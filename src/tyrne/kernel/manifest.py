"""The manifest: a blob of 64-bit words that says which tasks, with what in their hands, a system starts with.

It is made and checked where the image is built, and is part of the image; docs/manifest.md has the layout.
"""

from __future__ import annotations

from typing import Final

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.descriptors import MappingFlags
from tyrne.kernel.abi import Rights, rights_from_word
from tyrne.kernel.image import MAX_SEGMENTS, Image, Segment
from tyrne.kernel.task import NAME_LENGTH, Task
from tyrne.lang import irange, u64

MAGIC: Final = u64(int.from_bytes(b"TYRNEMF1", "little"))

WORD_MAGIC: Final = u64(0)
WORD_LENGTH: Final = u64(1)
WORD_MAX_INSTRUCTIONS: Final = u64(2)
WORD_ENDPOINTS: Final = u64(3)
WORD_TASKS: Final = u64(4)
WORD_FIRST_TASK: Final = u64(5)

TASK_BYTES: Final = u64(704)
TASK_NAME: Final = u64(0)
TASK_ENTRY: Final = u64(4)
TASK_STACK_BASE: Final = u64(5)
TASK_STACK_PAGES: Final = u64(6)
TASK_SEGMENTS: Final = u64(7)
TASK_CAPS: Final = u64(8)
TASK_FIRST_SEGMENT: Final = u64(9)
SEGMENT_WORDS: Final = u64(5)
TASK_FIRST_CAP: Final = u64(29)
CAP_WORDS: Final = u64(3)
MAX_CAPS: Final = 16

SEGMENT_FLAG_BITS: Final = u64(7)
"""Write, execute and user: what a segment's word of flags may hold."""
CAP_CONSOLE: Final = u64(1)
CAP_ENDPOINT: Final = u64(2)


def read_word(memory: PhysicalMemory, record: u64, index: u64) -> u64:
    """Word `index` of the manifest or of a record in it."""
    return memory.read64(record + index * 8)


def task_record(memory: PhysicalMemory, manifest: u64, number: u64) -> u64:
    """The physical address of a task's record."""
    return manifest + read_word(memory, manifest, WORD_FIRST_TASK) + number * TASK_BYTES


def segment_flags(word: u64) -> MappingFlags:
    """A program's pages are RAM that it may read, and of its own space only."""
    flags = MappingFlags(word & SEGMENT_FLAG_BITS)
    assert word <= SEGMENT_FLAG_BITS and bool(flags & MappingFlags.USER), "a segment is not a user program's"
    return flags


def read_image(memory: PhysicalMemory, manifest: u64, record: u64, image: Image) -> None:
    """The image of a task, its segments' sources being physical addresses inside the manifest."""
    image.entry = read_word(memory, record, TASK_ENTRY)
    image.stack_base = read_word(memory, record, TASK_STACK_BASE)
    image.stack_pages = read_word(memory, record, TASK_STACK_PAGES)
    image.segment_count = read_word(memory, record, TASK_SEGMENTS)
    assert 1 <= image.segment_count <= MAX_SEGMENTS
    for i in irange(image.segment_count):
        at = TASK_FIRST_SEGMENT + i * SEGMENT_WORDS
        image.segments[i] = Segment(
            read_word(memory, record, at),
            segment_flags(read_word(memory, record, at + 1)),
            manifest + read_word(memory, record, at + 2),
            read_word(memory, record, at + 3),
            read_word(memory, record, at + 4),
        )


def read_name(memory: PhysicalMemory, record: u64, task: Task) -> None:
    for i in irange(NAME_LENGTH):
        task.name[i] = memory.read8(record + TASK_NAME * 8 + i)


def cap_kind(memory: PhysicalMemory, record: u64, index: u64) -> u64:
    return read_word(memory, record, TASK_FIRST_CAP + index * CAP_WORDS)


def cap_object(memory: PhysicalMemory, record: u64, index: u64) -> u64:
    """The number of the object, in the order of creation."""
    return read_word(memory, record, TASK_FIRST_CAP + index * CAP_WORDS + 1)


def cap_rights(memory: PhysicalMemory, record: u64, index: u64) -> Rights:
    return rights_from_word(read_word(memory, record, TASK_FIRST_CAP + index * CAP_WORDS + 2))
