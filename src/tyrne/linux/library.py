"""The library OS: built once from its sources in C and assembly, and read for who puts it behind a program."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.library import library as user_library
from tyrne.compiler.build.toolchain import LINK_FLAGS, USER_C_FLAGS, WRITTEN_FLAGS, compile_file, link
from tyrne.linux.calls import calls_header

SOURCES: Final = Path(__file__).parent / "c"
FLAGS: Final = ("-O2", *USER_C_FLAGS, "-mgeneral-regs-only")
"""Of a program's registers only the general ones are kept over a call: the library touches no other."""
OUTPUT: Final = "linux.elf"
_PARTS: Final = (".text", ".data")
_ABSOLUTE: Final = 257
"""R_AARCH64_ABS64: a word that holds an address. All other references are relative."""


@dataclass(frozen=True)
class Library:
    """The library as it lies from address 0 on: code, then from `data_at`, a page, data. `words` are the offsets of
    the 64-bit words that hold an address of its own."""

    code: bytes
    data: bytes
    data_at: int
    words: tuple[int, ...]
    symbols: dict[str, int]
    functions: tuple[tuple[int, str], ...]


@cache
def read_library() -> Library:
    """The library, built if it is not in the cache."""
    from elftools.elf.elffile import ELFFile  # here: it is slow to import, and a known system needs none of this
    from elftools.elf.relocation import RelocationSection

    with build_library().open("rb") as stream:
        elf: Any = ELFFile(stream)
        table = elf.get_section_by_name(".symtab")
        symbols = {str(s.name): int(s["st_value"]) for s in table.iter_symbols() if s.name}
        kinds = {str(s.name) for s in table.iter_symbols() if s["st_info"]["type"] == "STT_FUNC"}
        functions = tuple(sorted((at, name) for name, at in symbols.items() if name in kinds))
        code, data = (segment for segment in elf.iter_segments("PT_LOAD"))
        zeros = data["p_memsz"] - data["p_filesz"]
        content = bytes(data.data()) + bytes(zeros)
        words = []
        for section in elf.iter_sections():
            if isinstance(section, RelocationSection) and elf.get_section(section["sh_info"]).name in _PARTS:
                words += [int(r["r_offset"]) for r in section.iter_relocations() if r["r_info_type"] == _ABSOLUTE]
        return Library(bytes(code.data()), content, int(data["p_vaddr"]), tuple(sorted(words)), symbols, functions)


def build_library() -> Path:
    """The ELF of the library, linked from address 0 on, with its relocations kept."""
    own = sorted(path for path in SOURCES.iterdir() if path.suffix in (".c", ".S"))
    memory = user_library() / "c" / "memory.c"
    header = calls_header()

    def make(entry: Path) -> None:
        (entry / "calls.h").write_text(header)
        objects = []
        for source, name in [*((path, f"{path.stem}.o") for path in own), (memory, "copies.o")]:
            compile_file(
                str(source),
                name,
                entry,
                FLAGS,
                include=[entry, SOURCES, user_library()],
                roots={SOURCES: "tyrne/linux", user_library(): "tyrne", entry: ""},
                look=WRITTEN_FLAGS,
            )
            objects.append(name)
        link(objects, SOURCES / "library.ld", OUTPUT, entry, [*LINK_FLAGS, "--emit-relocs"])

    parts: list[str | bytes] = [compiler_part(), *FLAGS, header]
    parts += [part for path in (*sorted(SOURCES.iterdir()), memory, user_library() / "tyrne.h") for part in _part(path)]
    return stored("linux", digest(parts), make) / OUTPUT


def _part(path: Path) -> Iterator[str | bytes]:
    yield path.name
    yield file_part(path)


def moved(library: Library, base: int) -> tuple[bytearray, bytearray]:
    """Code and data of the library for the address `base`, a page."""
    code, data = bytearray(library.code), bytearray(library.data)
    for at in library.words:
        part, offset = (data, at - library.data_at) if at >= library.data_at else (code, at)
        (value,) = struct.unpack_from("<Q", part, offset)
        struct.pack_into("<Q", part, offset, value + base)
    return code, data
