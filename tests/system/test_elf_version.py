"""A program carries the version of the interface it was built with; a kernel that has less refuses it in a line."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from elf_files import CODE, Load, R, elf

from tyrne.abi import KNOWN_KINDS, KNOWN_RIGHTS, VERSION
from tyrne.abi.version import NOTE_INTERFACE, UNSTATED
from tyrne.compiler.build import build_user_program
from tyrne.compiler.build.toolchain import USER_C_FLAGS, compile_file, run_tool
from tyrne.system.elf import load_elf
from tyrne.system.elf_version import Interface, interface_of
from tyrne.system.errors import RequestError
from tyrne.system.loading import load_program
from tyrne.user.header import HEADER

ROOT = Path(__file__).parents[2]
OURS = Interface(VERSION, KNOWN_KINDS, int(KNOWN_RIGHTS))
NEWER = "run it with a newer tyrne, or build it anew with this one"
OTHER = "run it with the tyrne that it was built with, or build it anew with this one"


def note(*words: int, kind: int = NOTE_INTERFACE, owner: bytes = b"Tyrne\0") -> bytes:
    content = struct.pack(f"<{len(words)}I", *words)
    return struct.pack("<III", len(owner), len(content), kind) + owner.ljust(-(-len(owner) // 4) * 4, b"\0") + content


def with_notes(*notes: bytes) -> bytes:
    return elf(CODE, *(Load(0x81_0000 + 0x1000 * number, R, content, type=4) for number, content in enumerate(notes)))


def needed(path: Path) -> Interface:
    """What an ELF says, as somebody else's tool reads it."""
    from elftools.elf.elffile import ELFFile

    with path.open("rb") as stream:
        return interface_of(path, [segment.data() for segment in ELFFile(stream).iter_segments("PT_NOTE")])


NO_HEADER = '__asm__(".globl _start\\n_start: mov x0, #0\\n mov x8, #4\\n svc #0\\n");\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hello.py", (ROOT / "programs" / "hello.py").read_text()),
        ("hello.c", (ROOT / "programs" / "hello.c").read_text()),
        ("hello.S", (ROOT / "programs" / "hello.S").read_text()),
        ("bare.c", NO_HEADER),
        ("main.c", "int main(void) { return 0; }\n"),
    ],
)
def test_every_program_that_tyrne_builds_carries_the_version(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    built = build_user_program(tmp_path / name)
    assert needed(built) == OURS
    assert load_program(built).segments


@pytest.mark.parametrize("suffix", [".c", ".S"])
@pytest.mark.parametrize("strip", [False, True])
def test_what_another_linker_makes_of_our_header_carries_it(tmp_path: Path, suffix: str, strip: bool) -> None:
    body = "void _start(void) { tyrne_task_exit(0); }" if suffix == ".c" else ".globl _start\n_start: tyrne_exit 0"
    (tmp_path / f"other{suffix}").write_text(f'#include "tyrne.h"\n{body}\n')
    compile_file(f"other{suffix}", "other.o", tmp_path, USER_C_FLAGS, include=[HEADER.parent])
    layout = ["-z", "separate-loadable-segments", "-z", "max-page-size=4096", "--image-base=0x800000", "--gc-sections"]
    run_tool("ld.lld", ["-static", *layout, *(["-s"] if strip else []), "other.o", "-o", "other.elf"], tmp_path)
    assert needed(tmp_path / "other.elf") == OURS
    assert load_program(tmp_path / "other.elf").segments


@pytest.mark.parametrize(
    "notes",
    [
        [],
        [note(VERSION, 0, 0, 0)],
        [note(VERSION - 1, 0, 0, 0)],
        [note(VERSION, KNOWN_KINDS, int(KNOWN_RIGHTS), 0)],
        [note(VERSION, 0, 0, 0, 99, 99)],
        [note(VERSION + 1, 0, 0, 0, owner=b"GNU\0")],
        [note(VERSION + 1, 0, 0, 0, kind=77)],
        [note(VERSION, 0, 0, 0), note(UNSTATED, 0, 0, 0)],
    ],
)
def test_one_of_our_version_an_older_one_or_none_runs(notes: list[bytes]) -> None:
    assert load_elf(Path("x.elf"), with_notes(*notes)).segments


@pytest.mark.parametrize(
    ("notes", "told"),
    [
        (
            [note(VERSION + 1, KNOWN_KINDS, int(KNOWN_RIGHTS), 0)],
            f"built for version {VERSION + 1} of the interface, and this tyrne has version {VERSION}; {NEWER}",
        ),
        (
            [note(VERSION, 0, 0, 0) + note(VERSION + 7, 1 << 31, 1 << 31, 1)],
            f"built for version {VERSION + 7} of the interface, and this tyrne has version {VERSION}; {NEWER}",
        ),
        (
            [note(VERSION, 0, 0, 0), note(VERSION + 1, 0, 0, 0)],
            f"built for version {VERSION + 1} of the interface, and this tyrne has version {VERSION}; {NEWER}",
        ),
        (
            [note(VERSION, KNOWN_KINDS | 1 << 30, 0, 0)],
            f"built for an interface with the kind 30, which this kernel lacks; {OTHER}",
        ),
        (
            [note(VERSION, KNOWN_KINDS, 1 << 31, 0)],
            f"built for an interface with the right {1 << 31:#x}, which this kernel lacks; {OTHER}",
        ),
        (
            [note(UNSTATED, 0, 0, 1 << 5)],
            f"built for an interface with the right {1 << 37:#x}, which this kernel lacks; {OTHER}",
        ),
        ([note(VERSION)], "its note of the interface's version is damaged; link it again"),
        ([note()], "its note of the interface's version is damaged; link it again"),
    ],
)
def test_a_newer_one_or_a_right_or_kind_that_is_not_there_is_refused_in_a_line(notes: list[bytes], told: str) -> None:
    with pytest.raises(RequestError) as refused:
        load_elf(Path("x.elf"), with_notes(*notes))
    assert refused.value.lines == (f"x.elf: {told}",)


@pytest.mark.parametrize("cut", range(0, 36, 5))
def test_a_note_that_is_cut_off_says_nothing(cut: int) -> None:
    assert load_elf(Path("x.elf"), with_notes(note(VERSION + 1, 0, 0, 0)[:cut] or b"\0")).segments


@pytest.mark.parametrize("sizes", [(0xFFFF_FFFF, 0), (0, 0xFFFF_FFFF), (0xFFFF_FFFF, 0xFFFF_FFFF), (6, 0x7FFF_FFFF)])
def test_sizes_of_a_note_that_reach_beyond_it_are_not_believed(sizes: tuple[int, int]) -> None:
    content = struct.pack("<III", *sizes, NOTE_INTERFACE) + b"Tyrne\0\0\0" + bytes(16)
    assert load_elf(Path("x.elf"), with_notes(content)).segments


def test_a_raw_image_is_of_version_1_and_runs(tmp_path: Path) -> None:
    (tmp_path / "v1.bin").write_bytes(struct.pack("<I", 0xD4000001))
    assert load_program(tmp_path / "v1.bin").segments
