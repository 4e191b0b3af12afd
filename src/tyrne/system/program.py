"""User programs in the one form that the kernel loads: segments of pages, an entry, and a place for the stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tyrne.system import limits
from tyrne.system.errors import RequestError


@dataclass(frozen=True)
class Segment:
    """Pages of a program: `data`, then zeros up to `memory` bytes, from a page-aligned virtual address on."""

    address: int
    writable: bool
    executable: bool
    data: bytes
    memory: int

    @property
    def end(self) -> int:
        """One past the last byte of the last page."""
        return self.address + pages(self.memory) * limits.PAGE


@dataclass(frozen=True)
class Program:
    """A program that the kernel can load: segments in the order of their addresses, without overlap, never W and X."""

    entry: int
    segments: tuple[Segment, ...]
    stack_base: int
    """The lowest byte of its stack."""
    warnings: tuple[str, ...] = ()
    """What its author should know: lines that begin with `warning: `, each with the indented ones that belong to it."""
    elf: bytes = field(default=b"", compare=False, repr=False)
    """The file with its debug information, if it has one; the kernel sees nothing of it."""
    source: Path = field(default=Path(), compare=False)
    """The file that was named as the program."""
    stack_pages: int = 1
    """Of the stack that it gets if nobody says how large it is."""
    heap_pages: int = 0
    """Of memory that it makes when it is asked for, with a quota that its task gets for that."""
    about: str = ""
    """What else is to be known of it, for who looks at a system: a few words."""
    reach: tuple[str, ...] = ()
    """What it is given besides its capabilities, and what not, if it is for Linux."""
    shift: int = 0
    """What was added to the addresses of its file."""
    asks_for_page: bool = False
    """Whether it says in a note that it reads its start page."""
    added: tuple[tuple[int, str], ...] = ()
    """Functions that are not in its file, from an address on, in order; they have a segment of their own."""

    @property
    def room(self) -> int:
        """The pages of RAM that it takes: those of its memory, and those that it is copied from."""
        return sum(pages(segment.memory) + pages(len(segment.data)) for segment in self.segments)


def pages(length: int) -> int:
    """The number of pages that `length` bytes take."""
    return -(-length // limits.PAGE)


def too_large(path: Path, length: int) -> RequestError:
    """A program that fits into no system."""
    limit = limits.PROGRAM_BYTES
    return RequestError(f"{path}: {length} bytes of memory; a program has at most {limit}, make it smaller")
