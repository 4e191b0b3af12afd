"""Debug information that is right, absent, and made to mislead: what is known of it, and what that may cost."""

from __future__ import annotations

import io
import random
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

from tyrne.system import dwarf
from tyrne.system.dwarf import read_debug, read_rows, read_symbols
from tyrne.system.loading import compile_program
from tyrne.system.source_lines import SourceMap, source_map

CODE = [(0x80_0000, 0x80_1000)]
SOURCE = """\
#include "tyrne.h"

static __attribute__((noinline)) long deeper(volatile long *at) { return *at; }

static inline __attribute__((always_inline)) long inlined(volatile long *at) {
    return 1 + *at;
}

void _start(void) {
    tyrne_task_exit(deeper((long *)0xdead0000) + inlined((long *)0xbeef0000));
}
"""
SECONDS = 3.0
"""What reading may take on a slow machine, whatever the file says."""


@pytest.fixture(scope="module")
def elf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    source = tmp_path_factory.mktemp("dwarf") / "program.c"
    source.write_text(SOURCE)
    return compile_program(source).read_bytes()


def section(elf: bytes, name: str) -> tuple[int, int]:
    """Where a section lies in the file, and its length."""
    found = ELFFile(io.BytesIO(elf)).get_section_by_name(name)
    return int(found["sh_offset"]), int(found["sh_size"])


def with_section(elf: bytes, name: str, content: bytes, flags: int | None = None) -> bytes:
    """The file with other, perhaps longer, content of a section, which is appended."""
    file = ELFFile(io.BytesIO(elf))
    number = next(i for i, found in enumerate(file.iter_sections()) if found.name == name)
    at = file.header["e_shoff"] + number * file.header["e_shentsize"]
    fields = list(struct.unpack_from("<IIQQQQIIQQ", elf, at))
    fields[4], fields[5] = len(elf), len(content)
    if flags is not None:
        fields[2] = flags
    return elf[:at] + struct.pack("<IIQQQQIIQQ", *fields) + elf[at + 64 :] + content


def places(known: SourceMap) -> set[str]:
    return {place.text for _, place in known.parts if place is not None}


def test_lines_functions_and_inlined_calls_are_known(elf: bytes) -> None:
    found = places(source_map(elf, CODE))
    assert "program.c:3 in deeper" in found
    assert "program.c:6 in inlined, called from program.c:10 in _start" in found


def test_an_instruction_of_no_line_counts_to_the_line_before(tmp_path: Path) -> None:
    """The compiler gives none to parts of a loop that it has moved."""
    (tmp_path / "spins.c").write_text("void _start(void) {\n    for (volatile long i = 0;; i++) { }\n}\n")
    rows, _ = read_debug(compile_program(tmp_path / "spins.c").read_bytes())
    assert {row.line for row in rows if row.file == "spins.c"} == {1, 2}


def test_without_debug_information_the_symbols_name_the_function(elf: bytes) -> None:
    found = source_map(with_section(elf, ".debug_info", b""), CODE)
    assert places(found) == {"in _start", "in deeper"} | {f"in {name}" for _, name in read_symbols(elf)} & places(found)
    assert found.at(CODE[0][0] - 4) is found.at(CODE[0][1]) is None


def test_what_is_no_elf_or_has_nothing_is_known_nothing_of() -> None:
    for content in (b"", b"\x7fELF", b"\x7fELF" + bytes(200), b"text"):
        assert read_debug(content) == ([], []) and read_symbols(content) == []
        assert source_map(content, CODE).parts == ((0x80_1000, None),)


def test_code_of_nowhere_is_no_part_of_a_map(elf: bytes) -> None:
    assert source_map(elf, []).parts == ()


def hostile(elf: bytes) -> dict[str, bytes]:
    """Files that would cost much more than their size, if they were believed."""
    line_at, line_size = section(elf, ".debug_line")
    endless_number = b"\x80" * (1 << 20)
    info_at, _ = section(elf, ".debug_info")
    header = elf[info_at : info_at + 12]
    long_name = b"n" * (1 << 20)
    unit = struct.pack("<IHBBI", 0x7FFF_FFF0, 5, 1, 8, 0)
    return {
        "a line table larger than is read": with_section(elf, ".debug_line", bytes(dwarf.LINE_BYTES + 1)),
        "a number without an end in the abbreviations": with_section(elf, ".debug_abbrev", endless_number),
        "a number without an end in the entries": with_section(elf, ".debug_info", header + endless_number),
        "a million names of a million bytes": with_section(elf, ".debug_str", long_name),
        "units that are all headers": with_section(elf, ".debug_info", struct.pack("<IHBBI", 8, 5, 1, 8, 0) * 60_000),
        "a unit longer than the section": with_section(elf, ".debug_info", unit + elf[info_at + 12 : info_at + 400]),
        "a line program of special opcodes only": with_section(
            elf,
            ".debug_line",
            struct.pack("<I", dwarf.LINE_BYTES - 4)
            + elf[line_at + 4 : line_at + line_size]
            + b"\xff" * (dwarf.LINE_BYTES - line_size),
        ),
        "compressed sections": with_section(elf, ".debug_str", bytes(64), flags=0x800),
    }


def test_hostile_tables_cost_no_more_than_seconds_and_raise_nothing(
    elf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dwarf, "LINE_BYTES", 16 << 10)  # an eighth of a second instead of five
    for what, content in hostile(elf).items():
        started = time.process_time()
        source_map(content, CODE)
        assert time.process_time() - started < SECONDS, what


def test_what_is_read_is_bounded_by_bytes_not_by_what_the_tables_say(
    elf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = read_debug(elf)
    monkeypatch.setattr(dwarf, "BYTES", 600)
    some, _ = read_debug(elf)
    assert len(some) < len(whole)


def test_an_entry_of_one_byte_costs_what_an_entry_takes(elf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = bytes([1, 0x11, 1, 0, 0, 2, 0x2E, 0, 0, 0, 0])  # a unit, and functions of which nothing is told
    entries = struct.pack("<HIB", 4, 0, 8) + b"\1" + b"\2" * 200_000
    content = with_section(elf, ".debug_abbrev", kinds)
    content = with_section(content, ".debug_info", struct.pack("<I", len(entries)) + entries)
    made = 0

    def entry(*words: Any) -> Any:
        nonlocal made
        made += 1
        return DIE(*words)

    monkeypatch.setattr(dwarf, "BYTES", 1 << 20)
    monkeypatch.setattr(dwarf, "DIE", entry)
    assert read_debug(content) == ([], [])
    assert 0 < made <= (1 << 20) // dwarf.ENTRY_BYTES


def test_of_a_symbol_table_larger_than_that_of_any_program_nothing_is_read(
    elf: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_symbols(elf)
    monkeypatch.setattr(dwarf, "SYMBOLS", 2)
    assert read_symbols(elf) == []


def test_damaged_tables_give_what_can_be_known_and_raise_nothing(elf: bytes) -> None:
    """Bytes changed in every table that is read, one to twenty at a time."""
    chance = random.Random(1)
    names = [".debug_info", ".debug_abbrev", ".debug_line", ".debug_str_offsets", ".debug_rnglists", ".debug_addr"]
    spans = [section(elf, name) for name in names]
    started = time.process_time()
    for _ in range(60):
        damaged = bytearray(elf)
        for _ in range(chance.randint(1, 20)):
            at, size = chance.choice(spans)
            damaged[at + chance.randrange(size)] = chance.randrange(256)
        source_map(bytes(damaged), CODE)
    assert time.process_time() - started < 4 * SECONDS


def test_the_rows_of_our_own_kernel_are_not_bounded(elf: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwarf, "BYTES", 600 + 8 * len(elf))
    monkeypatch.setattr(dwarf, "LINE_BYTES", 1)
    assert read_debug(elf) == ([], [])
    assert any(row.file == "program.c" and row.line == 6 for row in read_rows(elf))
