"""The start page: what a program of Tyrne finds of itself when it starts, at the address that is in x0.

Behind its segments lies one more, which may be read and executed: an instruction that puts the address of the words
into x0, a branch to the program's entry, the words (`struct tyrne_start` of tyrne.h), and the strings. Where that is
follows from the program, so it is the same on every machine; all other registers are zero, as for those without a page.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from tyrne.system import limits
from tyrne.system.described import TaskDescription
from tyrne.system.errors import RequestError
from tyrne.system.parts import Region
from tyrne.system.program import Program, Segment, pages

VERSION: Final = 1
STRINGS: Final = 4096
STRING_BYTES: Final = 64 << 10
"""Arguments and variables together: how many, and how long."""
WORDS: Final = struct.Struct("<15Q")
"""Version, stack and its bytes, heap and its bytes, arguments and their list, variables and theirs, four of the seed,
how much is held and the table of that."""
HELD: Final = struct.Struct("<5Q")
"""Name, kind, handle, address and bytes."""
_WORDS_AT: Final = 0x20
_ADDRESS_OF_WORDS: Final = 0x1000_0000 | _WORDS_AT >> 2 << 5
"""`adr x0, . + _WORDS_AT`."""
_BRANCH: Final = 0x1400_0000
_REACH: Final = 1 << 27
_GAP: Final = 1 << 20
"""Bytes between two segments that become one."""


def with_start_page(program: Program, task: TaskDescription, stack_pages: int, memory: Sequence[Region]) -> Program:
    """The program with a start page; RequestError says why it cannot have one."""
    segments = _with_room(program)
    if segments is None:
        what = f"has {len(program.segments)} segments, and what it is given takes one of {limits.SEGMENTS}"
        raise RequestError(f"{program.source}: {what}; link it into {limits.SEGMENTS - 1}, or leave out args and env")
    at = segments[-1].end
    distance = program.entry - (at + 4)
    if not -_REACH <= distance < _REACH:
        raise RequestError(f"{program.source}: its entry is further from its end than a branch leads; link it closer")
    length = len(_page(program, task, at, 0, stack_pages, memory))
    stack_base = at + pages(length) * limits.PAGE + limits.STACK_GUARD
    content = _page(program, task, at, stack_base, stack_pages, memory)
    code = struct.pack("<2I", _ADDRESS_OF_WORDS, _BRANCH | distance >> 2 & 0x3FF_FFFF)
    page = Segment(at, writable=False, executable=True, data=code + content[len(code) :], memory=length)
    return replace(program, entry=at, segments=(*segments, page), stack_base=stack_base)


def _with_room(program: Program) -> tuple[Segment, ...] | None:
    """Its segments, one less than there may be: of as many as that two neighbours that nobody writes to become one,
    which may be executed if one of them may. None where there are no such neighbours."""
    found = program.segments
    if len(found) < limits.SEGMENTS:
        return found
    for number, (low, high) in enumerate(pairwise(found)):
        if not low.writable and not high.writable and high.address - low.end <= _GAP:
            whole = low.data.ljust(high.address - low.address, b"\0") + high.data
            executable = low.executable or high.executable
            one = Segment(low.address, False, executable, whole, high.address - low.address + high.memory)
            return (*found[:number], one, *found[number + 2 :])
    return None


def _page(
    program: Program, task: TaskDescription, at: int, stack_base: int, stack_pages: int, memory: Sequence[Region]
) -> bytes:
    """The whole segment, without its code. Its length does not depend on where the stack is."""
    given = task.given
    texts = [program.source.name, *given.args]
    variables = [f"{name}={value}" for name, value in given.env]
    names = {word: name for name, word in task.handles}
    strings = [os.fsencode(text) for text in (*texts, *variables, *(names.get(n, "") for n in range(len(task.caps))))]
    if len(strings) > STRINGS or sum(map(len, strings)) > STRING_BYTES:
        what = f"at most {STRINGS} arguments and variables of {STRING_BYTES} bytes together"
        raise RequestError(f"{program.source}: too many arguments and variables; give it {what}")
    lists = _WORDS_AT + WORDS.size
    table = lists + 8 * (len(texts) + 1 + len(variables) + 1)
    places, end = [], table + HELD.size * len(task.caps)
    for string in strings:
        places.append(at + end)
        end += len(string) + 1
    seed = struct.unpack("<4Q", hashlib.sha256(hashlib.sha256(program.elf).digest() + b"\0".join(strings)).digest())
    first = len(texts) + len(variables)
    pointers = [*places[: len(texts)], 0, *places[len(texts) : first], 0]
    words = WORDS.pack(
        *(VERSION, stack_base, stack_pages * limits.PAGE, 0, 0),
        *(len(texts), at + lists, len(variables), at + lists + 8 * (len(texts) + 1)),
        *(*seed, len(task.caps), at + table),
    )
    held = b"".join(HELD.pack(*each) for each in _held(task, places[first:], memory))
    body = words + struct.pack(f"<{len(pointers)}Q", *pointers) + held + b"".join(s + b"\0" for s in strings)
    return bytes(_WORDS_AT) + body


def _held(task: TaskDescription, names: Sequence[int], memory: Sequence[Region]) -> Iterator[tuple[int, ...]]:
    """What it holds, in the order of its handle words."""
    mapped = {mapping.cap: mapping.address for mapping in task.mappings}
    for word, (cap, name) in enumerate(zip(task.caps, names, strict=True)):
        size = memory[cap.object].pages * limits.PAGE if cap.kind.name == "MEMORY" else 0
        yield name, int(cap.kind.value), word, mapped.get(word, 0), size
