"""What the tasks of a manifest are made of: where their programs lie, and what they hold at first.

A manifest may come from a report of anybody's: counts that are too large stand for what there may be.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.abi import KNOWN_RIGHTS, CapKind, Rights
from tyrne.hal import manifest as layout
from tyrne.hal.pages import MappingFlags
from tyrne.system import limits
from tyrne.system.names import Names

NULL_BYTES: Final = 64 << 10
"""An address this near to 0, on either side, comes from a null pointer: an element of an array, a part of a struct."""
_BEYOND_STACK: Final = 64 << 10
"""An address this near above the stack is thought to be past its end."""


class Where(Enum):
    """What an address of a task belongs to."""

    CODE = 1
    CONSTANTS = 2
    DATA = 3
    STACK = 4
    BELOW_STACK = 5
    """Where nothing is mapped, so that a stack that grows too far is noticed."""
    ABOVE_STACK = 6
    MEMORY = 7
    """A memory region that is mapped from the start."""
    NULL = 8
    NOT_ITS_OWN = 9
    """No address of any program."""
    NOWHERE = 10


@dataclass(frozen=True)
class Span:
    """The addresses from `start` up to `end`; of a memory region with its name."""

    start: int
    end: int
    where: Where
    name: str = ""


@dataclass(frozen=True)
class FirstCap:
    """A capability that a task starts with, by its number at the handle word; a kind that there is not is None."""

    kind: CapKind | None
    object: int
    rights: Rights
    badge: int


NOWHERE: Final = Span(0, 0, Where.NOWHERE)


@dataclass(frozen=True)
class TaskView:
    """A task of the manifest."""

    stack_pages: int
    spans: tuple[Span, ...]
    code: tuple[tuple[int, memoryview], ...]
    """Addresses, and what stands there."""
    caps: tuple[FirstCap, ...]

    def span(self, address: int) -> Span:
        """What an address belongs to."""
        for span in self.spans:
            if span.start <= address < span.end:
                return span
        return NOWHERE

    def instruction(self, address: int) -> int | None:
        """The word of code at an address; None outside."""
        for start, content in self.code:
            if start <= address and address + 4 <= start + len(content):
                return int.from_bytes(content[address - start : address - start + 4], "little")
        return None


COMMON: Final = (
    Span(0, NULL_BYTES, Where.NULL),
    Span((1 << 64) - NULL_BYTES, 1 << 64, Where.NULL),
    Span(limits.USER_VA_LIMIT, 1 << 64, Where.NOT_ITS_OWN),
)
"""What holds of every task, where its own spans say nothing else."""
UNKNOWN: Final = TaskView(0, COMMON, (), ())
"""A task that a task has made."""


def read_tasks(manifest: bytes, names: Names) -> list[TaskView]:
    """The tasks of a manifest whose tables lie inside it."""

    def words(first: int, count: int) -> Sequence[int]:
        return struct.unpack_from(f"<{count}Q", manifest, first)

    header = words(0, int(layout.HEADER_WORDS))
    first_task, size = header[layout.WORD_FIRST_TASK], int(layout.TASK_WORDS)
    first_region = header[layout.WORD_FIRST_REGION]
    regions = words(first_region, int(layout.REGION_WORDS) * header[layout.WORD_REGIONS])
    pages = regions[layout.REGION_PAGES :: layout.REGION_WORDS]
    records = (words(first_task + 8 * size * number, size) for number in range(header[layout.WORD_TASKS]))
    return [_task(record, manifest, pages, names) for record in records]


def _task(record: Sequence[int], manifest: bytes, pages: Sequence[int], names: Names) -> TaskView:
    caps = tuple(_caps(record))
    segments = list(_segments(record))
    stack, stack_pages = record[layout.TASK_STACK_BASE], record[layout.TASK_STACK_PAGES]
    top = stack + stack_pages * limits.PAGE
    spans = [Span(at, at + memory, _kind(flags)) for at, flags, _, _, memory in segments]
    spans += _mappings(record, caps, pages, names)
    spans.append(Span(stack, top, Where.STACK))
    below = max((span.end for span in spans if span.end <= stack), default=stack)
    spans.append(Span(max(below, stack - limits.STACK_GUARD), stack, Where.BELOW_STACK))
    spans.append(Span(top, top + _BEYOND_STACK, Where.ABOVE_STACK))
    content = memoryview(manifest)
    code = tuple(
        (at, content[source : source + length])
        for at, flags, source, length, _ in segments
        if flags & MappingFlags.EXECUTE
    )
    return TaskView(stack_pages, (*spans, *COMMON), code, caps)


def _kind(flags: int) -> Where:
    if flags & MappingFlags.EXECUTE:
        return Where.CODE
    return Where.DATA if flags & MappingFlags.WRITE else Where.CONSTANTS


def _entries(record: Sequence[int], count: int, first: int, size: int, most: int) -> Iterator[Sequence[int]]:
    """The entries of one of a record's tables."""
    for number in range(min(record[count], most)):
        at = first + number * size
        yield record[at : at + size]


def _segments(record: Sequence[int]) -> Iterator[tuple[int, int, int, int, int]]:
    """Address, flags, offset of the bytes, their number, bytes in memory: to the end of the last page."""
    table = _entries(
        record, int(layout.TASK_SEGMENTS), int(layout.TASK_FIRST_SEGMENT), int(layout.SEGMENT_WORDS), limits.SEGMENTS
    )
    for address, flags, offset, length, memory in table:
        yield address, flags, offset, length, -(-memory // limits.PAGE) * limits.PAGE


def _caps(record: Sequence[int]) -> Iterator[FirstCap]:
    kinds = {kind.value: kind for kind in CapKind}
    table = _entries(record, int(layout.TASK_CAPS), int(layout.TASK_FIRST_CAP), int(layout.CAP_WORDS), limits.CAPS)
    for kind, number, rights, badge in table:
        yield FirstCap(kinds.get(kind), number, Rights(rights & int(KNOWN_RIGHTS)), badge)


def _mappings(
    record: Sequence[int], caps: Sequence[FirstCap], pages: Sequence[int], names: Names
) -> Iterator[Span]:
    table = _entries(
        record, int(layout.TASK_MAPPINGS), int(layout.TASK_FIRST_MAPPING), int(layout.MAPPING_WORDS), limits.MAPPINGS
    )
    for cap, address, _ in table:
        region = caps[cap].object if cap < len(caps) else len(pages)
        if region < len(pages):
            name = names.memory[region] if region < len(names.memory) else str(region)
            yield Span(address, address + pages[region] * limits.PAGE, Where.MEMORY, name)
