"""An ELF from elsewhere whose constructors or thread-locals nobody sets up says so, unless it says that it does it."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from elf_files import CODE, DATA, Load, R, X, elf

from tyrne.compiler.build import build_user_program
from tyrne.compiler.build.toolchain import USER_C_FLAGS, compile_file, run_tool
from tyrne.system.elf import load_elf
from tyrne.system.loading import load_program
from tyrne.user.header import HEADER

CONSTRUCTOR = "static int x; __attribute__((constructor)) static void f(void) { x = 1; }\n"
THREAD_LOCAL = "_Thread_local volatile int t; int get(void) { return t; }\n"
START = '#include "tyrne.h"\nint get(void);\nvoid _start(void) { tyrne_task_exit(0); }\n'
MEND = "build it from its sources with tyrne, or write TYRNE_OWN_START; (tyrne.h) if its start does"


def linked(folder: Path, text: str, strip: bool = False) -> Path:
    """An ELF that somebody else's linker script has made."""
    (folder / "other.c").write_text(START + text)
    compile_file("other.c", "other.o", folder, USER_C_FLAGS, include=[HEADER.parent])
    layout = ["-z", "separate-loadable-segments", "-z", "max-page-size=4096", "--image-base=0x800000"]
    run_tool("ld.lld", ["-static", *layout, *(["-s"] if strip else []), "other.o", "-o", "other.elf"], folder)
    return folder / "other.elf"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (CONSTRUCTOR, "constructors"),
        (THREAD_LOCAL, "thread-locals"),
        (CONSTRUCTOR + THREAD_LOCAL, "constructors and thread-locals"),
    ],
)
@pytest.mark.parametrize("strip", [False, True])
def test_what_nobody_sets_up_is_said_in_a_line(tmp_path: Path, text: str, parts: str, strip: bool) -> None:
    path = linked(tmp_path, text, strip)
    assert load_program(path).warnings == (f"warning: {path}: has {parts}, which tyrne does not set up; {MEND}",)


def test_an_elf_whose_start_does_it_says_nothing(tmp_path: Path) -> None:
    assert load_program(linked(tmp_path, CONSTRUCTOR + THREAD_LOCAL + "TYRNE_OWN_START;\n")).warnings == ()


def test_an_elf_with_neither_says_nothing(tmp_path: Path) -> None:
    assert load_program(linked(tmp_path, "")).warnings == ()


@pytest.mark.parametrize("text", [CONSTRUCTOR, THREAD_LOCAL, CONSTRUCTOR + THREAD_LOCAL])
def test_what_tyrne_links_says_nothing_also_as_an_elf(tmp_path: Path, text: str) -> None:
    (tmp_path / "own.c").write_text(text + "int main(void) { return 0; }\n")
    assert load_program(build_user_program(tmp_path / "own.c")).warnings == ()


@pytest.mark.parametrize("place", [0, 64, 1 << 20, (1 << 64) - 1])
@pytest.mark.parametrize("count", [0, 1, 0xFFFF])
@pytest.mark.parametrize("size", [0, 64, 65])
def test_section_headers_that_are_not_there_are_no_reason_for_anything(place: int, count: int, size: int) -> None:
    data = bytearray(elf(CODE, DATA, Load(0x80_8000, R, b"x" * 64, type=4, claimed=1 << 40)))
    struct.pack_into("<Q", data, 0x28, place)
    struct.pack_into("<HH", data, 0x3A, size, count)

    assert len(load_elf(Path("x.elf"), bytes(data)).segments) == 2


def test_notes_that_claim_the_file_over_and_over_cost_no_more_than_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [Load(0, R, b"", type=4, claimed=0x4000)] * 60
    data = elf(*notes, Load(0x80_0000, R | X, bytes(0x4000)), Load(0, R, b"", memory=8, type=7))
    looked_at = 0

    def warning(path: Path, sections: bytes, notes: Iterable[bytes], has_thread_locals: bool) -> None:
        nonlocal looked_at
        looked_at = sum(map(len, notes))

    monkeypatch.setattr("tyrne.system.elf.start_warning", warning)
    load_elf(Path("x.elf"), data)
    assert 0 < looked_at <= len(data)
