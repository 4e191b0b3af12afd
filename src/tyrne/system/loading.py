"""Programs in files: a source is built, an AArch64 ELF or a raw image is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from tyrne.host_file import read_file
from tyrne.linux.start import NO_ROOM, HeapRoom
from tyrne.system import limits
from tyrne.system.errors import RequestError, SourceError, reason
from tyrne.system.handles import CONSOLE_ONLY, Handles, handles_header
from tyrne.system.parts import NO_OPTIONS, NOTHING_GIVEN, BuildOptions, Given
from tyrne.system.program import Program, Segment

RAW_BASE: Final = 0x0080_0000
"""Where a raw image is mapped and entered; its stack stands directly above."""
C_SOURCES: Final = (".c", ".S")
SOURCES: Final = (".py", *C_SOURCES)
ELF_MAGIC: Final = b"\x7fELF"


def load_program(
    path: Path,
    options: BuildOptions = NO_OPTIONS,
    handles: Handles = CONSOLE_ONLY,
    given: Given = NOTHING_GIVEN,
    stack_pages: int | None = None,
    room: HeapRoom = NO_ROOM,
) -> Program:
    """The program in a file, or in the sources of which it is the first; RequestError says what is wrong with it.
    `room` is for one of Linux.

    A source (Kernel Python, C or assembly) is built first; an ELF is known by its magic; a raw image is named `.bin`.
    """
    built = path
    warnings: list[str] = []
    if path.suffix in SOURCES:
        for source in (path, *options.more):
            check_source_path(source)
            _read(source, limits.SOURCE_BYTES)
        built = compile_program(path, options, handles)
        warnings = _compiler_warnings(built)
    data = _read(built, limits.FILE_BYTES)
    if data.startswith(ELF_MAGIC):
        from tyrne.system.linux_elf import load_any_elf  # here: slow to import, and a command may need no program

        program = load_any_elf(path, data, handles, given, stack_pages, built != path, room)
        return replace(program, warnings=(*warnings, *program.warnings), elf=data, source=path)
    refuse_given(path, given)
    if path.suffix != ".bin":
        raise RequestError(
            f"{path}: not a program; "
            "give Kernel Python (.py), C (.c), assembly (.S), an AArch64 ELF or a raw image (.bin)"
        )
    code = Segment(RAW_BASE, writable=False, executable=True, data=data, memory=len(data))
    return Program(RAW_BASE, (code,), code.end)


def refuse_given(path: Path, given: Given, start_page: bool = False) -> None:
    """Refuse what only programs of Linux can be given, for one that is none; what stands on the start page of one that
    can have that is not refused."""
    known = (*(() if start_page else ("args", "env", "heap_pages")), "threads", "files", "stdin", "out")
    keys = [key for key in known if getattr(given, key) not in ((), None)]
    if given.abi == "linux":
        raise RequestError(f'{path}: no executable of Linux; leave out abi = "linux", which only those have')
    if keys:
        what = f"a program of Tyrne, which is given no {' and no '.join(keys)}"
        raise RequestError(f"{path}: {what}; leave that out, or name an executable of Linux")


def check_source_path(path: Path) -> None:
    """Refuse the source whose path the compiler's messages, tables of lines and keys could not name."""
    if not str(path.absolute()).isprintable():
        raise RequestError(f"{path}: the path of a source is printable UTF-8; rename the file, or its folder")


def _read(path: Path, limit: int) -> bytes:
    try:
        data = read_file(path, limit)
    except OSError as error:
        raise RequestError(f"{path}: cannot be read: {reason(error)}; give the path of a program") from None
    if not data:
        raise RequestError(f"{path}: empty; a program has at least one instruction")
    if len(data) > limit:
        raise RequestError(f"{path}: larger than {limit} bytes, the limit for such a file; make it smaller")
    return data


def compile_program(path: Path, options: BuildOptions = NO_OPTIONS, handles: Handles = CONSOLE_ONLY) -> Path:
    """The ELF of a source, from the cache where nothing has changed."""
    from tyrne.compiler import CompileError
    from tyrne.compiler.build import CProgram, build_c_program, build_user_program

    try:
        if path.suffix in C_SOURCES:
            header, console = handles_header(handles), dict(handles).get("console", 0)
            return build_c_program(CProgram((path, *options.more), options.include, options.define, header, console))
        return build_user_program(path, dict(handles))
    except CompileError as error:
        raise SourceError(*str(error).split("\n")) from None


def _compiler_warnings(built: Path) -> list[str]:
    """What the compiler warned of when it built this ELF, today or earlier."""
    from tyrne.compiler.build import warnings_of

    return warnings_of(built)
