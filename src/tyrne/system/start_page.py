"""The start page: what a program of Tyrne finds of itself when it starts, at the address that is in x0.

Behind its segments lies one more, which may be read and executed: an instruction that puts the address of the words
into x0, a branch to the program's entry, the words (`struct tyrne_start` of tyrne.h), and the strings. Where that is
follows from the program, so it is the same on every machine; all other registers are zero, as for those without a page.
Behind it lies the heap. The loader takes four segments: of more, neighbours become one (tyrne.system.merging).
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from tyrne.system import limits
from tyrne.system.described import TaskDescription
from tyrne.system.errors import RequestError
from tyrne.system.merging import merged
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


class Places(NamedTuple):
    """Where the stack and the heap begin, and how many pages each has; 0 without a heap."""

    stack: int
    stack_pages: int
    heap: int
    heap_pages: int


def with_start_page(program: Program, task: TaskDescription, stack_pages: int, memory: Sequence[Region]) -> Program:
    """The program with a start page, and behind it the heap that its task is given, if it is given one. RequestError
    says why it cannot have them."""
    at, heap_pages = program.segments[-1].end, task.given.heap_pages or 0
    distance = program.entry - (at + 4)
    if not -_REACH <= distance < _REACH:
        raise RequestError(f"{program.source}: its entry is further from its end than a branch leads; link it closer")
    length = len(_page(program, task, at, Places(0, 0, 0, 0), memory))
    heap = at + pages(length) * limits.PAGE
    stack = heap + heap_pages * limits.PAGE + limits.STACK_GUARD
    if stack + stack_pages * limits.PAGE > limits.USER_VA_LIMIT:
        what = f"its start page, heap and stack behind {at:#x} reach beyond the user addresses"
        raise RequestError(f"{program.source}: {what}; link it well below {limits.USER_VA_LIMIT:#x}")
    places = Places(stack, stack_pages, heap if heap_pages else 0, heap_pages)
    content = _page(program, task, at, places, memory)
    code = struct.pack("<2I", _ADDRESS_OF_WORDS, _BRANCH | distance >> 2 & 0x3FF_FFFF)
    added = [Segment(at, writable=False, executable=True, data=code + content[len(code) :], memory=length)]
    if heap_pages:
        added.append(Segment(heap, writable=True, executable=False, data=b"", memory=heap_pages * limits.PAGE))
    segments = merged((*program.segments, *added), limits.SEGMENTS)
    if len(segments) > limits.SEGMENTS:
        what = f"has segments of which {len(segments) - len(added)} at least are left when neighbours become one"
        given = f"what it is given takes {len(added)} of {limits.SEGMENTS}"
        mend = "link it with all that is written to behind all that is not, or leave out args, env and heap_pages"
        raise RequestError(f"{program.source}: {what}, and {given}; {mend}")
    about = f"{heap_pages} page{'s' * (heap_pages != 1)} of heap" if heap_pages else program.about
    return replace(program, entry=at, segments=segments, stack_base=stack, about=about)


def _page(
    program: Program, task: TaskDescription, at: int, places: Places, memory: Sequence[Region]
) -> bytes:
    """The whole segment, without its code. Its length does not depend on where stack and heap are."""
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
    texts_at, end = [], table + HELD.size * len(task.caps)
    for string in strings:
        texts_at.append(at + end)
        end += len(string) + 1
    seed = struct.unpack("<4Q", hashlib.sha256(hashlib.sha256(program.elf).digest() + b"\0".join(strings)).digest())
    first = len(texts) + len(variables)
    pointers = [*texts_at[: len(texts)], 0, *texts_at[len(texts) : first], 0]
    words = WORDS.pack(
        *(VERSION, places.stack, places.stack_pages * limits.PAGE, places.heap, places.heap_pages * limits.PAGE),
        *(len(texts), at + lists, len(variables), at + lists + 8 * (len(texts) + 1)),
        *(*seed, len(task.caps), at + table),
    )
    held = b"".join(HELD.pack(*each) for each in _held(task, texts_at[first:], memory))
    body = words + struct.pack(f"<{len(pointers)}Q", *pointers) + held + b"".join(s + b"\0" for s in strings)
    return bytes(_WORDS_AT) + body


def _held(task: TaskDescription, names: Sequence[int], memory: Sequence[Region]) -> Iterator[tuple[int, ...]]:
    """What it holds, in the order of its handle words."""
    mapped = {mapping.cap: mapping.address for mapping in task.mappings}
    for word, (cap, name) in enumerate(zip(task.caps, names, strict=True)):
        size = memory[cap.object].pages * limits.PAGE if cap.kind.name == "MEMORY" else 0
        yield name, int(cap.kind.value), word, mapped.get(word, 0), size
