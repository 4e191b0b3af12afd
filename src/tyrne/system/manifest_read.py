"""The system that a manifest starts, read back out of its bytes; they may be anybody's (tyrne.system.record).

Whatever is read is within them, and only a manifest as `tyrne.system.manifest.encode` lays one out is read: each table
and each content begins where the one before it ends, and all that has no meaning is zero.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.abi import CapKind, Rights
from tyrne.hal import manifest as layout
from tyrne.hal.pages import MappingFlags
from tyrne.system import limits
from tyrne.system.devices import in_ram
from tyrne.system.errors import BadRecordError
from tyrne.system.manifest import System, Task, encode_task
from tyrne.system.parts import Cap, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, Segment, pages
from tyrne.system.ram import end_of, is_size, shared_frames

HEADER_BYTES: Final = 8 * int(layout.HEADER_WORDS)
_TABLE_BYTES: Final = 1 << 20
"""More than what stands in a manifest before the contents."""
_TABLES: Final = (
    (layout.WORD_REGIONS, layout.WORD_FIRST_REGION, layout.REGION_WORDS, limits.BOOT_REGIONS),
    (layout.WORD_FILLS, layout.WORD_FIRST_FILL, layout.FILL_WORDS, limits.BOOT_REGIONS),
    (layout.WORD_TASKS, layout.WORD_FIRST_TASK, layout.TASK_WORDS, limits.TASKS),
)
"""In their order: the words for their length and place, the words of an entry, and the most entries."""
_COUNTS: Final = (
    (layout.TASK_SEGMENTS, limits.SEGMENTS, "segments"),
    (layout.TASK_CAPS, limits.CAPS, "capabilities"),
    (layout.TASK_MAPPINGS, limits.MAPPINGS, "mappings"),
)
_KINDS: Final = {kind.value: kind for kind in CapKind}
_IN_FILE: Final = Path("manifest")
"""Stands for the file that a region was filled from: it is not known any more."""


def manifest_bytes(ram: int) -> int:
    """More than the manifest of any system takes that has so many bytes of RAM: each page of contents is copied to
    another one, and there is room for both."""
    room = limits.TASKS * limits.SMALL_PROGRAM_PAGES + shared_frames(ram)
    return room // 2 * limits.PAGE + _TABLE_BYTES


def ram_of(manifest: bytes) -> int:
    """The bytes of RAM that a manifest asks for. Those of older records do not say it."""
    end = word_of(manifest, int(layout.WORD_MEMORY))
    return end - end_of(0) if end else limits.RAM


def word_of(manifest: bytes, index: int) -> int:
    """A word of the header, or of what follows it."""
    return _words(manifest, 8 * index, 1)[0]


def read_manifest(manifest: bytes) -> System:
    """The system in a manifest, which has no names but those of its tasks, and zeros for all contents: no more of it is
    needed to say whether it may start. BadRecordError for what `encode` would not write."""
    return _Reader(manifest).system()


@dataclass
class _Reader:
    manifest: bytes
    contents: int = 0
    """Where the next content begins."""

    def system(self) -> System:
        header = self._header()
        regions, filled, tasks = self._tables(header)
        fills = {number: self._content(offset, length) for number, offset, length in filled}
        if list(fills) != sorted(fills) or len(fills) < len(filled) or any(n >= len(regions) for n in fills):
            raise not_ours("what regions are filled with is not in their order")
        memory = tuple(_region(words, fills.get(number)) for number, words in enumerate(regions))
        found = tuple(map(self._task, tasks))
        if self.contents != len(self.manifest):
            raise not_ours("something lies behind its contents")
        endpoints, notifications = header[layout.WORD_ENDPOINTS], header[layout.WORD_NOTIFICATIONS]
        slice_length, ram = header[layout.WORD_SLICE], ram_of(self.manifest)
        return System("", endpoints, found, notifications, memory, slice_length, ram=ram)

    def _header(self) -> Sequence[int]:
        content = self.manifest
        if len(content) < HEADER_BYTES or len(content) % limits.PAGE:
            raise BadRecordError("replay.manifest is not a manifest")
        header = _words(content, 0, int(layout.HEADER_WORDS))
        if (header[layout.WORD_MAGIC], header[layout.WORD_LENGTH]) != (int(layout.MAGIC), len(content)):
            raise BadRecordError("replay.manifest is not a manifest of this version")
        if not is_size(ram_of(content)):
            raise BadRecordError("replay.manifest asks for memory that no machine has")
        if any(header[layout.WORD_MEMORY + 1 :]):
            raise not_ours("its header says what means nothing")
        return header

    def _tables(self, header: Sequence[int]) -> list[list[Sequence[int]]]:
        """The records of regions, of what fills them, and of tasks."""
        at, found = HEADER_BYTES, []
        for count, first, size, most in _TABLES:
            number, start, entry = header[count], header[first], int(size)
            if number > most or at + 8 * entry * number > len(self.manifest):
                raise BadRecordError("replay.manifest is not a manifest: a table lies outside it")
            if start != at and not (count == layout.WORD_FILLS and number == start == 0):
                raise BadRecordError("replay.manifest is not a manifest: a table lies outside its place")
            found.append([_words(self.manifest, at + 8 * entry * i, entry) for i in range(number)])
            at += 8 * entry * number
        self.contents = pages(at) * limits.PAGE
        return found

    def _content(self, offset: int, length: int) -> bytes:
        """As many zeros as there are bytes in the next content; they take no memory."""
        if offset != self.contents or offset + length > len(self.manifest):
            raise not_ours("contents do not follow each other")
        self.contents += pages(length) * limits.PAGE
        return bytes(length)

    def _task(self, record: Sequence[int]) -> Task:
        for index, most, what in _COUNTS:
            if record[index] > most:
                raise not_ours(f"a task has {record[index]} {what}")
        segments = list(self._segments(record))
        supervisor = None
        if record[layout.TASK_SUPERVISOR]:
            supervisor = Supervisor(record[layout.TASK_SUPERVISOR] - 1, record[layout.TASK_SUPERVISOR_BADGE])
        frames, *objects = record[layout.TASK_QUOTA : layout.TASK_QUOTA + layout.QUOTA_WORDS]
        endpoints, notifications, tasks, spaces, memory, quotas = objects
        standing = record[layout.TASK_STANDING]
        task = Task(
            _name(record),
            Program(record[layout.TASK_ENTRY], tuple(segments), record[layout.TASK_STACK_BASE]),
            record[layout.TASK_STACK_PAGES],
            tuple(_caps(record)),
            record[layout.TASK_PRIORITY],
            supervisor,
            Quota(tasks, endpoints, notifications, spaces, memory, quotas, frames),
            tuple(_mappings(record)),
            held=bool(standing & layout.HELD),
            serves=bool(standing & layout.SERVES),
        )
        at = int(layout.TASK_FIRST_SEGMENT)
        words = record[at : at + len(segments) * int(layout.SEGMENT_WORDS)]
        if encode_task(task, words) != struct.pack(f"<{len(record)}Q", *record):
            raise not_ours("the record of a task says what means nothing")
        return task

    def _segments(self, record: Sequence[int]) -> Iterator[Segment]:
        for words in _entries(record, layout.TASK_SEGMENTS, layout.TASK_FIRST_SEGMENT, layout.SEGMENT_WORDS):
            address, flags, offset, length, memory = words
            if flags & ~int(layout.SEGMENT_FLAG_BITS) or not flags & MappingFlags.USER:
                raise not_ours(f"a segment has the flags {flags:#x}")
            write, execute = bool(flags & MappingFlags.WRITE), bool(flags & MappingFlags.EXECUTE)
            yield Segment(address, write, execute, self._content(offset, length), memory)


def _region(record: Sequence[int], content: bytes | None) -> Region:
    number, address = record
    if content is not None:
        return Region("", number, address, file=_IN_FILE, content=content)
    return Region("", number, address, dma=bool(address) and in_ram(Region("", number, address)))


def _name(record: Sequence[int]) -> str:
    try:
        return struct.pack("<4Q", *record[: layout.TASK_ENTRY]).rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise not_ours("a task's name is no text") from None


def _caps(record: Sequence[int]) -> Iterator[Cap]:
    for kind, number, rights, badge in _entries(record, layout.TASK_CAPS, layout.TASK_FIRST_CAP, layout.CAP_WORDS):
        if kind not in _KINDS:
            raise not_ours(f"a capability is of kind {kind}")
        yield Cap(number, Rights(rights), badge, _KINDS[kind])


def _mappings(record: Sequence[int]) -> Iterator[Mapping]:
    table = _entries(record, layout.TASK_MAPPINGS, layout.TASK_FIRST_MAPPING, layout.MAPPING_WORDS)
    for cap, address, flags in table:
        yield Mapping(cap, address, bool(flags & MappingFlags.WRITE), bool(flags & MappingFlags.EXECUTE))


def _entries(record: Sequence[int], count: int, first: int, size: int) -> Iterator[Sequence[int]]:
    """The entries of one of a record's tables."""
    for number in range(record[count]):
        yield record[first + number * size : first + (number + 1) * size]


def _words(manifest: bytes, at: int, count: int) -> Sequence[int]:
    return struct.unpack_from(f"<{count}Q", manifest, at)


def not_ours(what: str) -> BadRecordError:
    """The error for a manifest with which something is wrong."""
    return BadRecordError(f"replay.manifest is none that tyrne makes: {what}")
