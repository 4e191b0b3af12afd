"""User programs in C and assembly: from their sources to one ELF for EL0.

The headers of a program stand beside its sources, or in folders that it names; tyrne.h is the library's. A program
defines `main`, or its own `_start`. With `main`, constructors or thread-locals it begins in c/begin.S of the library.
What it was built from is in the key of the cache, headers and files of `.incbin` included.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import cache_directory, digest, stored
from tyrne.compiler.build.diagnostics import compile_errors, link_errors, warnings
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.included import INCBIN, refuse_no_files
from tyrne.compiler.build.inputs import READ_BYTES, Index
from tyrne.compiler.build.library import interface_note, library
from tyrne.compiler.build.toolchain import LINK_FLAGS, USER_C_FLAGS, WRITTEN_FLAGS, ToolError, compile_file, link
from tyrne.host_file import read_file

FLAGS: Final = ("-O2", *USER_C_FLAGS)
SUFFIXES: Final = (".c", ".S")
HANDLES: Final = "handles.h"
"""The header that is made for each task: the names of its capabilities."""
SAID: Final = "warnings.txt"
FRESH_SOURCE: Final = '        .section .fresh, "a"\n        .incbin "fresh.bin"\n'
_NAME: Final = re.compile(r"(?:\\+[ #]|\\|[^\s\\])+")
_ESCAPED: Final = re.compile(r"(\\*)\\([ #])")
"""Names in a list of dependencies: a backslash stands before a space or # that belongs to one, and is doubled there."""


@dataclass(frozen=True)
class CProgram:
    """What a program is built from. `define` has NAME or NAME=value; `handles` is the text of handles.h, `console` the
    handle word of the console."""

    sources: tuple[Path, ...]
    include: tuple[Path, ...] = ()
    define: tuple[str, ...] = ()
    handles: str = ""
    console: int = 0


@dataclass(frozen=True)
class _Kinds:
    """What objects have in them that decides how the program begins."""

    start: bool = False
    thread_locals: bool = False
    constructors: bool = False
    destructors: bool = False


def build_c_program(program: CProgram) -> Path:
    """The ELF of a program. What the compiler warned of stands beside it: `warnings_of`."""
    sources = [Path(os.path.abspath(source)) for source in program.sources]
    include = [Path(os.path.abspath(folder)) for folder in program.include]
    for source in sources:
        if not source.is_file():
            raise CompileError(f"{source}: there is no such file")
    output = f"{sources[0].stem}.elf"
    request: list[str | bytes] = [compiler_part(), *FLAGS, "sources", *map(os.fsencode, sources)]
    request += ["include", *map(os.fsencode, include), "define", *program.define, f"console {program.console}"]
    request += _library_parts()
    index = Index(request, {HANDLES: program.handles})
    found = index.once(lambda: index.known("program"), lambda: _build(index, sources, include, program, output))
    return found / output


def warnings_of(elf: Path) -> list[str]:
    """What the compiler warned of when it built a program in C or assembly; see `diagnostics.warnings`."""
    try:
        return warnings((elf.parent / SAID).read_text(errors="surrogateescape"))
    except FileNotFoundError:
        return []


def _library_parts() -> Iterator[bytes]:
    folder = library()
    for path in (folder / "user.ld", folder / "tyrne.h", folder / "note.S", *sorted((folder / "c").glob("*.*"))):
        yield file_part(path)


def _build(index: Index, sources: Sequence[Path], include: Sequence[Path], program: CProgram, output: str) -> Path:
    """Build in a folder of its own; what was read is known afterwards, and gives the key."""
    shipped = _library_objects()
    base = cache_directory() / "program"
    base.mkdir(parents=True, exist_ok=True)
    work = Path(os.path.normpath(tempfile.mkdtemp(prefix=".work-", dir=base)))
    try:
        started = time.time()
        (work / HANDLES).write_text(program.handles)
        folder = Path(os.path.commonpath([path.parent for path in sources] + list(include)))
        said = _compile(sources, include, program, work, folder)
        _link(sources, work, folder, output, shipped, program.console)
        (work / SAID).write_text(said, errors="surrogateescape")
        read = _read_files(work, sources, include)
        asked = {HANDLES: None} if str(work / HANDLES) in read else {}
        files = [name for name in read if name != str(work / HANDLES)]
        index.write(files, asked, _read_instead(files, [*(source.parent for source in sources), *include]))
        key = index.key()
        if key is None or any(os.stat(name).st_mtime >= started for name in files):
            key = digest([index.path.name, os.urandom(16)])  # something changed meanwhile: good for this time only

        def make(entry: Path) -> None:
            for name in (output, SAID):
                shutil.move(work / name, entry / name)

        return stored("program", key, make)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _compile(sources: Sequence[Path], include: Sequence[Path], program: CProgram, work: Path, folder: Path) -> str:
    """Compile each source to an object with its number; what the compiler said."""
    folders = [*dict.fromkeys([*(source.parent for source in sources), *include]), work]
    refuse_no_files(sources, [*folders, library()])
    said = []
    errors: list[str] = []
    for number, source in enumerate(sources):
        flags = [*FLAGS, *(f"-D{definition}" for definition in program.define), "-MMD", "-MF", f"{number}.d"]
        flags += ["-MT", "object", "-isystem", str(library())]
        try:
            said.append(
                compile_file(
                    str(source),
                    f"{number}.o",
                    work,
                    flags,
                    include=folders,
                    roots={folder: "", library(): "tyrne", work: ""},
                    look=WRITTEN_FLAGS,
                )
            )
        except ToolError as error:
            errors += compile_errors(error, source)
    if errors:
        raise CompileError("\n".join(dict.fromkeys(errors)))
    return "".join(said)


def _link(sources: Sequence[Path], work: Path, folder: Path, output: str, shipped: Path, console: int) -> None:
    """Link the objects with what they need of the library. What begins in begin.S is linked again, with a copy of its
    data, which stands behind everything, so that nothing moves."""
    kinds = [_kinds(work / f"{number}.o") for number in range(len(sources))]
    has_start = any(kind.start for kind in kinds)
    begins = not has_start or any(kind.thread_locals or kind.constructors for kind in kinds)
    for source, kind in zip(sources, kinds, strict=True):
        if kind.destructors and has_start:
            what = "a destructor, which nobody calls in a program with its own _start"
            raise CompileError(f"{source}: {what}; define main in place of _start, or remove it")
    script = library() / "user.ld"
    objects = [*(f"{number}.o" for number in range(len(sources))), str(interface_note())]
    objects += [str(shipped / "begin.o")] if begins else []
    objects += [] if has_start else [str(shipped / "main.o")]
    objects += ["--start-lib", str(shipped / "memory.o"), str(shipped / "printing.o"), "--end-lib"]
    flags = [*LINK_FLAGS, f"--defsym=tyrne_console={console}", *(["-e", "tyrne_begin"] if begins else [])]
    try:
        link(objects, script, output, work, flags)
        if begins:
            (work / "fresh.bin").write_bytes(_fresh_data(work / output))
            (work / "fresh.S").write_text(FRESH_SOURCE)
            compile_file("fresh.S", "fresh.o", work, FLAGS)
            link(["fresh.o", *objects], script, output, work, flags)
    except ToolError as error:
        raise CompileError("\n".join(link_errors(error, sources[0], folder))) from None


def _library_objects() -> Path:
    """The folder with the objects of the library's own C and assembly."""
    sources = sorted((library() / "c").glob("*.[cS]"))

    def make(entry: Path) -> None:
        for source in sources:
            compile_file(str(source), f"{source.stem}.o", entry, FLAGS, include=[library()], roots={library(): "tyrne"})

    return stored("library", digest([compiler_part(), *FLAGS, *_library_parts()]), make)


def _kinds(path: Path) -> _Kinds:
    """What an object has in it."""
    from elftools.elf.constants import SH_FLAGS  # imported here: a build that is in the cache does without
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as stream:
        sections = list(ELFFile(stream).iter_sections())
        symbols = [s for table in sections if isinstance(table, SymbolTableSection) for s in table.iter_symbols()]
        starts = [s for s in symbols if s.name == "_start" and s["st_info"]["bind"] != "STB_LOCAL"]
        return _Kinds(
            any(symbol["st_shndx"] != "SHN_UNDEF" for symbol in starts),
            any(section["sh_flags"] & SH_FLAGS.SHF_TLS and section["sh_size"] for section in sections),
            any(section["sh_type"] in ("SHT_INIT_ARRAY", "SHT_PREINIT_ARRAY") for section in sections),
            any(section["sh_type"] == "SHT_FINI_ARRAY" for section in sections),
        )


def _fresh_data(path: Path) -> bytes:
    """What lies in the file from `user_fresh_data` on, but for zeros at its end: what a later life begins with.

    Never nothing: where it is linked says where the writable pages end.
    """
    from elftools.elf.constants import P_FLAGS
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    with path.open("rb") as stream:
        elf = ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection), "a program keeps its symbols when it is linked"
        start = next(int(symbol["st_value"]) for symbol in table.iter_symbols() if symbol.name == "user_fresh_data")
        for segment in elf.iter_segments("PT_LOAD"):
            address = segment["p_vaddr"]
            if segment["p_flags"] & P_FLAGS.PF_W:
                data = bytes(segment.data()[start - address :]).rstrip(b"\0")
                return data.ljust(max(1, -(-len(data) // 16)) * 16, b"\0")
    raise AssertionError("begin.S has a byte of its own in the writable segment")


def _read_files(work: Path, sources: Sequence[Path], include: Sequence[Path]) -> list[str]:
    """Every file that the sources were made from, in and outside of the program's folders."""
    folders = [work, *(source.parent for source in sources), *include]
    found: list[str] = []
    for number, source in enumerate(sources):
        text = (work / f"{number}.d").read_text(errors="surrogateescape").replace("\\\n", " ")
        _, *headers = (_name(word) for word in _NAME.findall(text.partition(": ")[2]))
        found += [str(source), *(_with_backslashes(_shortest(os.path.join(work, name)), folders) for name in headers)]
    for name in dict.fromkeys(found):
        for wanted in INCBIN.findall(_content(name)):
            for folder in folders:
                if (folder / os.fsdecode(wanted)).is_file():
                    found.append(_shortest(os.path.join(folder, os.fsdecode(wanted))))
                    break
    return list(dict.fromkeys(found))


def _content(name: str) -> bytes:
    """What a file holds; nothing where it cannot be read."""
    try:
        return read_file(name, READ_BYTES)
    except OSError:
        return b""


def _read_instead(read: Sequence[str], folders: Sequence[Path]) -> Iterator[str]:
    """Where nothing is now, but a header would be found before one that was read: in each folder that is searched, the
    folders of the files that include others among them."""
    searched = dict.fromkeys([*map(str, folders), *map(os.path.dirname, read)])
    for name in read:
        for folder in searched:
            if name.startswith(f"{folder}/"):
                for other in searched:
                    candidate = f"{other}{name.removeprefix(folder)}"
                    if not os.path.lexists(candidate):
                        yield candidate


def _name(word: str) -> str:
    """A name as it stands in a list of dependencies."""
    return _ESCAPED.sub(lambda part: part[1][len(part[1]) // 2 :] + part[2], word).replace("$$", "$")


def _shortest(name: str) -> str:
    """A path without "..", if that leads to the same file: behind a link it may not."""
    short = os.path.normpath(name)
    return short if os.path.realpath(short) == os.path.realpath(name) else name


def _with_backslashes(name: str, folders: Sequence[Path]) -> str:
    """The path of a header: clang writes a slash for each backslash, also where that belongs to the name of a folder.

    One whose own name has a backslash is not found again, so a program that includes it is built each time.
    """
    for folder in map(str, folders):
        if name.startswith(f"{folder}/".replace("\\", "/")):
            return folder + name[len(folder) :]
    return name
