"""The manifest: 64-bit words that tell the kernel which objects and tasks a system starts with (docs/manifest.md).

It is made and checked where the image is built, and is part of the image. A record is an array of words; offsets
count from the start of the manifest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.hal.board import PhysicalMemory
from tyrne.hal.image import MAX_SEGMENTS, Image, Segment
from tyrne.hal.pages import MappingFlags
from tyrne.lang import irange, u64

MAGIC: Final = u64(int.from_bytes(b"TYRNEMF2", "little"))

HEADER_WORDS: Final = u64(16)
WORD_MAGIC: Final = u64(0)
WORD_LENGTH: Final = u64(1)
WORD_MAX_INSTRUCTIONS: Final = u64(2)
WORD_ENDPOINTS: Final = u64(3)
WORD_TASKS: Final = u64(4)
WORD_FIRST_TASK: Final = u64(5)
WORD_SLICE: Final = u64(6)
WORD_NOTIFICATIONS: Final = u64(7)
WORD_REGIONS: Final = u64(8)
WORD_FIRST_REGION: Final = u64(9)
WORD_FILLS: Final = u64(10)
WORD_FIRST_FILL: Final = u64(11)
WORD_MEMORY: Final = u64(12)
"""The physical address where RAM ends."""

REGION_WORDS: Final = u64(2)
REGION_PAGES: Final = u64(0)
REGION_ADDRESS: Final = u64(1)
"""The physical address of a device's range; 0 for RAM."""

FILL_WORDS: Final = u64(3)
FILL_REGION: Final = u64(0)
"""The number of a memory region that lies where the manifest says."""
FILL_SOURCE: Final = u64(1)
FILL_LENGTH: Final = u64(2)
"""Bytes; what lies behind them stays zero."""

TASK_WORDS: Final = u64(120)
TASK_NAME: Final = u64(0)
NAME_LENGTH: Final = 32
TASK_ENTRY: Final = u64(4)
TASK_STACK_BASE: Final = u64(5)
TASK_STACK_PAGES: Final = u64(6)
TASK_SEGMENTS: Final = u64(7)
TASK_CAPS: Final = u64(8)
TASK_FIRST_SEGMENT: Final = u64(9)
SEGMENT_WORDS: Final = u64(5)
TASK_PRIORITY: Final = u64(29)
TASK_SUPERVISOR: Final = u64(30)
"""One more than the number of the endpoint; 0 for none."""
TASK_SUPERVISOR_BADGE: Final = u64(31)
TASK_QUOTA: Final = u64(32)
"""Claims on frames, then on each kind of object from the endpoint on, in the order of their numbers."""
QUOTA_WORDS: Final = u64(7)
TASK_MAPPINGS: Final = u64(39)
TASK_FIRST_MAPPING: Final = u64(40)
MAPPING_WORDS: Final = u64(3)
"""The number of a capability in the record, an address, and flags."""
MAX_MAPPINGS: Final = 4
TASK_FIRST_CAP: Final = u64(52)
CAP_WORDS: Final = u64(4)
"""The kind, the number of the object, rights, and a badge."""
MAX_CAPS: Final = 16
TASK_STANDING: Final = u64(116)
"""Of HELD and SERVES those that a task is."""
HELD: Final = u64(1)
"""Somebody has to start it."""
SERVES: Final = u64(2)
"""It does not keep the run going."""

SEGMENT_FLAG_BITS: Final = u64(7)
"""Write, execute and user: what a segment's word of flags may hold."""


def read_word(memory: PhysicalMemory, record: u64, index: u64) -> u64:
    """Word `index` of the manifest or of a record in it."""
    return memory.read64(record + index * 8)


def task_record(memory: PhysicalMemory, manifest: u64, number: u64) -> u64:
    """The physical address of a task's record."""
    return manifest + read_word(memory, manifest, WORD_FIRST_TASK) + number * TASK_WORDS * 8


def region_record(memory: PhysicalMemory, manifest: u64, number: u64) -> u64:
    """The physical address of the record of a memory region."""
    return manifest + read_word(memory, manifest, WORD_FIRST_REGION) + number * REGION_WORDS * 8


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


@dataclass(frozen=True)
class CapRecord:
    """A capability of a record: its kind, the number of its object in the order of creation, rights and badge."""

    kind: u64
    number: u64
    rights: u64
    badge: u64


def read_cap(memory: PhysicalMemory, record: u64, index: u64) -> CapRecord:
    """Capability `index` of a task's record."""
    at = TASK_FIRST_CAP + index * CAP_WORDS
    return CapRecord(
        read_word(memory, record, at),
        read_word(memory, record, at + 1),
        read_word(memory, record, at + 2),
        read_word(memory, record, at + 3),
    )
