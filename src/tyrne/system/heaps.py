"""The memory of programs of Linux: what their tasks hold, so that the library makes it when it is asked for.

Such a task has two capabilities behind those of its description: over its quota, to make memory regions, and over its
own address space, to map them there. Its quota has the pages of its heap, and frames for page tables, besides what the
description gives it. What a program with threads asks for its keeper makes (tyrne.system.threads): a region goes with
the last capability over it, and each thread has a table of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tyrne.abi import CapKind, Rights
from tyrne.host_file import read_file
from tyrne.linux.abi import is_for_linux
from tyrne.linux.start import DEFAULT_HEAP_PAGES, HEAP_CAPS, HEAP_PIECES, HEAP_TABLES, NO_ROOM, HeapRoom
from tyrne.system import limits
from tyrne.system.described import SystemDescription, TaskDescription
from tyrne.system.errors import RequestError
from tyrne.system.loading import SOURCES
from tyrne.system.parts import Cap, Given, Quota
from tyrne.system.program import Program


def is_linux_file(path: Path, given: Given) -> bool:
    """Whether a file that can be read is a program of Linux."""
    if path.suffix in (".toml", ".bin", *SOURCES):
        return False
    try:
        return is_for_linux(read_file(path, limits.FILE_BYTES), given.abi)
    except OSError:
        return False


def heap_pages(given: Given) -> int:
    """Of the heap that a program of Linux has."""
    return DEFAULT_HEAP_PAGES if given.heap_pages is None else given.heap_pages


def rooms(description: SystemDescription) -> list[HeapRoom]:
    """For each task how its program makes memory, if it is one of Linux, or keeps the threads of one. These share the
    regions that are left."""
    found = {task.name: task for task in description.tasks if is_linux_file(task.program, task.given)}
    left = limits.REGIONS - len(description.memory) - sum(task.quota.memory for task in description.tasks)
    pieces = min(HEAP_PIECES, left // max(1, len(found)))
    return [_room(task, found, pieces) for task in description.tasks]


def _room(task: TaskDescription, found: Mapping[str, TaskDescription], pieces: int) -> HeapRoom:
    if task.name in found:
        return HeapRoom(len(task.caps), len(task.caps) + 1, pieces)
    if task.keeper_of in found:
        return HeapRoom(pieces=pieces, pages=heap_pages(found[task.keeper_of].given))
    return NO_ROOM


def with_heap(task: TaskDescription, number: int, program: Program, room: HeapRoom) -> tuple[tuple[Cap, ...], Quota]:
    """The capabilities and the quota of a task, with what its program makes memory by; RequestError where there is no
    room for that. For one with threads its keeper makes the memory, and it pays for page tables only."""
    quota = task.quota
    if room.pages:
        return task.caps, replace(quota, memory=quota.memory + room.pieces, frames=quota.frames + room.pages)
    if not program.heap_pages:
        return task.caps, quota
    if not room.pieces:
        what = f"none of the {limits.REGIONS} memory regions of a system is left for its heap"
        raise RequestError(f"{task.program}: {what}; lower memory in a quota")
    frames = quota.frames + HEAP_TABLES
    if (task.given.threads or 1) > 1:
        return task.caps, replace(quota, frames=frames)
    if len(task.caps) + HEAP_CAPS > limits.CAPS:
        what = f"its heap takes {HEAP_CAPS} of the {limits.CAPS} capabilities that a task may have"
        raise RequestError(f"{task.program}: {what}, and there are {len(task.caps)} others; remove some")
    caps = (
        Cap(0, Rights.CREATE, kind=CapKind.QUOTA),
        Cap(number, Rights.MAP, kind=CapKind.ADDRESS_SPACE),
    )
    return (*task.caps, *caps), replace(quota, memory=quota.memory + room.pieces, frames=frames + program.heap_pages)
