"""The memory regions of a description: how large they are, where they lie, and what they begin with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tyrne.abi import CapKind, Rights
from tyrne.linux.start import OUT, out_pages
from tyrne.system import limits
from tyrne.system.device_files import read_below
from tyrne.system.devices import range_error
from tyrne.system.errors import RequestError
from tyrne.system.mistakes import Mistakes, Where
from tyrne.system.parts import Cap, Mapping, Region
from tyrne.system.shape import MemoryTable, example


def read_region(
    mistakes: Mistakes, description: Path, here: Where, table: MemoryTable, allowed: Sequence[Path], most: int
) -> Region:
    """One region, of at most so many pages; `placed` says where it lies, if it is to lie at the end of RAM. A file is
    read now, so that it gives the size, and is looked at with all else of the description."""
    file, content = _content(mistakes, description, here, table, allowed, most)
    pages = table.pages if table.pages is not None else _pages_for(content)
    if table.pages is None and file is None:
        mistakes.add(here, f'no "pages" in [[memory]]; add {example("pages")}, or {example("file", "memory")}')
        pages = 1
    elif table.pages is None and not content:
        mistakes.add((*here, "file"), f"{file}: empty; add {example('pages')}, or name another file")
        pages = 1
    elif not 1 <= pages <= most:
        mistakes.add((*here, "pages"), f"pages is {pages}; write a number from 1 to {most}")
        pages = 1  # what is said of its mappings should hold for any size
    elif pages > limits.MAPPED_PAGES and pages % limits.MAPPED_PAGES and _lies_anywhere(table):
        what = f"pages is {pages}; above {limits.MAPPED_PAGES} memory is made of blocks of {limits.MAPPED_PAGES} pages"
        mistakes.add((*here, "pages"), f"{what}, write {pages + -pages % limits.MAPPED_PAGES}")
        pages = 1
    elif table.address is not None and (wrong := range_error(table.address, pages)):
        mistakes.add((*here, "address"), wrong)
    elif table.address is not None and table.dma:
        mistakes.add((*here, "dma"), 'memory with an "address" is a device, and shared with none; remove dma')
    if table.file is not None and (table.dma or table.address is not None):
        other = "shared with devices" if table.dma else "a device"
        mistakes.add((*here, "file"), f"memory that is {other} is filled from no file; remove file")
    place = mistakes.place((*here, "address" if file is None else "file"))
    return Region(table.name, pages, table.address or 0, place, bool(table.dma), file, content)


def _pages_for(content: bytes) -> int:
    """The pages for what a file holds: of more than can be mapped by pages, whole blocks."""
    pages = -(-len(content) // limits.PAGE)
    return pages if pages <= limits.MAPPED_PAGES else pages + -pages % limits.MAPPED_PAGES


def _lies_anywhere(table: MemoryTable) -> bool:
    """Whether the kernel finds a place for the memory. All other lies in a row."""
    return table.address is None and not table.dma and table.file is None


def out_region(task: str, heap_pages: int | None, out: Path, place: str = "") -> Region:
    """The memory in which a program leaves what it has changed of its files, for the folder that gets it."""
    return Region(f"files of {task}", out_pages(heap_pages), place=place, out=out)


def with_out(
    caps: Sequence[Cap], mappings: Sequence[Mapping], region: int, place: str = ""
) -> tuple[tuple[Cap, ...], tuple[Mapping, ...]]:
    """The capabilities of a task and what it has mapped, with that memory, which is the last of both."""
    cap = Cap(region, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    return (*caps, cap), (*mappings, Mapping(len(caps), OUT, True, False, place))


def _content(
    mistakes: Mistakes, description: Path, here: Where, table: MemoryTable, allowed: Sequence[Path], most: int
) -> tuple[Path | None, bytes]:
    """The file of a region and what it holds, which is not read for a region that has no file."""
    if table.file is None:
        return None, b""
    if "\0" in table.file or not table.file:
        mistakes.add((*here, "file"), f"no file is named {table.file!r}; write {example('file', 'memory')}")
        return Path(), bytes(1)
    file = description.parent / table.file
    most = most if table.pages is None else max(1, min(table.pages, most))
    what, smaller = "a file", "make it smaller"
    if table.pages is not None:
        what = f"one of {table.pages} page{'s' * (table.pages != 1)}"
        smaller = "leave pages out, and there are as many as it takes"
    try:
        return file, read_below(file, (description.parent, *allowed), what, most * limits.PAGE, smaller)[1]
    except RequestError as error:
        mistakes.add((*here, "file"), f"{file}: {error}")
        return file, bytes(1)
