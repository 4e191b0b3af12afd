"""ELF files of both systems: a program of Tyrne as it is, one of Linux patched, with the library OS behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.linux.abi import Abi, looks_like_linux, stated_abi
from tyrne.linux.archive import count_files, read_archive
from tyrne.linux.errors import ExecutableError
from tyrne.linux.patch import Patched, patch
from tyrne.linux.start import DEFAULT_HEAP_PAGES, NO_ROOM, STACK_PAGES, STACK_TOP, HeapRoom, Start, out_pages
from tyrne.system import limits
from tyrne.system.elf import load_elf
from tyrne.system.errors import RequestError, reason
from tyrne.system.handles import Handles
from tyrne.system.inputs import input_content
from tyrne.system.loading import refuse_given
from tyrne.system.outline import count
from tyrne.system.parts import Given
from tyrne.system.program import Program

TOLD: Final = 4
"""Addresses that a warning names."""


def load_any_elf(
    path: Path,
    data: bytes,
    handles: Handles,
    given: Given,
    stack_pages: int | None,
    built: bool,
    room: HeapRoom = NO_ROOM,
) -> Program:
    """The program in the bytes of an ELF; `built` says that it was made from sources of a program of Tyrne. `room` is
    for one of Linux."""
    stated = Abi.TYRNE if built else stated_abi(data)
    abi = stated or (None if given.abi is None else Abi(given.abi))
    if stated is not None and given.abi not in (None, stated.value):
        what = f"built for {stated.value.capitalize()}, as it says itself"
        raise RequestError(f"{path}: {what}; leave out that its abi is {given.abi}")
    if abi is Abi.LINUX:
        return _linux_program(path, data, handles, given, stack_pages, room)
    hint = abi is None and looks_like_linux(data)
    what = f"{path}: does not say for which system it was built, and calls what only Linux has"
    mend = 'run it with --abi linux, or write abi = "linux" in its [[task]]'
    try:
        refuse_given(path, given, start_page=path.suffix != ".py" and not hint)
        program = load_elf(path, data)
    except RequestError:
        if hint:
            raise RequestError(f"{what}; {mend}") from None
        raise
    return replace(program, warnings=(*program.warnings, f"warning: {what}; {mend}")) if hint else program


def _linux_program(
    path: Path, data: bytes, handles: Handles, given: Given, stack_pages: int | None, room: HeapRoom
) -> Program:
    heap = DEFAULT_HEAP_PAGES if given.heap_pages is None else given.heap_pages
    stack = STACK_PAGES if stack_pages is None else stack_pages
    archive = b"" if given.files is None else _archive(path, given.files)
    typed = b"" if given.stdin is None else input_content(given.stdin, f"{path}: its input: {given.stdin}")
    try:
        texts, out = (path.name, given.args, given.env), 0 if given.out is None else out_pages(given.heap_pages)
        start = Start(*texts, heap, stack, handles, archive, typed, out, given.threads or 1, room)
        patched = patch(data, start)
    except ExecutableError as error:
        raise RequestError(f"{path}: {error}") from None
    except CompileError as error:
        raise RequestError(*str(error).split("\n")) from None
    program = load_elf(path, patched.elf)
    about = f"for Linux, {patched.calls} calls patched, {heap} pages of heap"
    return replace(
        program,
        warnings=_warnings(path, patched),
        stack_base=STACK_TOP - stack * limits.PAGE,
        stack_pages=STACK_PAGES,
        heap_pages=heap,
        about=about,
        reach=tuple(_reach(archive, typed, dict(handles), given)),
        shift=patched.base,
        added=patched.functions,
    )


def _reach(archive: bytes, typed: bytes, handles: Mapping[str, int], given: Given) -> Iterator[str]:
    """What a program finds besides its capabilities, by what its library makes of them."""
    files, size = count_files(archive)
    yield f"a copy of {count(files, 'file')} of {count(size, 'byte')}" if archive else "no files"
    if given.out is not None:
        yield f"what it changes of them comes back to {given.out}"
    yield f"{count(len(typed), 'byte')} of input" if typed else "no input"
    yield "the time since boot" if "clock" in handles else "no time"
    yield "random bytes that follow from program and arguments"
    yield "no network"


def _archive(path: Path, files: Path) -> bytes:
    try:
        return read_archive(files)
    except ExecutableError as error:
        raise RequestError(f"{path}: its files: {files}: {error}") from None
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) else files
        raise RequestError(f"{path}: its files: {where}: cannot be read: {reason(error)}; name a folder") from None


def _warnings(path: Path, patched: Patched) -> tuple[str, ...]:
    if not patched.left:
        return ()
    places = ", ".join(map(hex, patched.left[:TOLD])) + (", …" if len(patched.left) > TOLD else "")
    what = f"{len(patched.left)} words among its code look like system calls, and are data by its symbols: {places}"
    return (f"warning: {path}: {what}; they stay as they are",)
