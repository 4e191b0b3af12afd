"""`tyrne build`: C, ELF and flat image; whole or not at all."""

import io
import os
from pathlib import Path

import pytest
from commands import Tyrne
from elftools.elf.elffile import ELFFile

PROGRAM = b"\x00\x00\x80\xd2\x88\x00\x80\xd2\x01\x00\x00\xd4"
LOAD_ADDRESS = 0x4008_0000
"""Where QEMU puts a flat image, and the ELF says it belongs."""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "a.bin"
    path.write_bytes(PROGRAM)
    return path


def test_the_kernels_c_goes_to_standard_output(tyrne: Tyrne) -> None:
    outcome = tyrne("build", "--emit", "c")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out.startswith("/* tyrne.boards.qemu_virt.image, compiled for metal. */")
    assert "k_trap" in outcome.out


def test_the_c_of_one_program_is_that_programs(tyrne: Tyrne, tmp_path: Path) -> None:
    assert tyrne("new", "first").status == 0
    assert tyrne("build", "--emit", "c", "-o", "hello.c", "first/hello.py").status == 0
    text = (tmp_path / "hello.c").read_text()
    assert "hello from userspace" in text
    assert "compiled for user" in text.splitlines()[0]


def test_the_elf_holds_the_program_in_its_manifest_and_no_page_is_writable_and_executable(
    tyrne: Tyrne, tmp_path: Path, program: Path
) -> None:
    assert tyrne("build", "--emit", "elf", "--output", "k.elf", program.name).status == 0
    elf = ELFFile(io.BytesIO((tmp_path / "k.elf").read_bytes()))
    manifest = elf.get_section_by_name(".manifest").data()
    assert manifest.startswith(b"TYRNEMF2")
    assert PROGRAM in manifest
    segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    assert min(segment["p_paddr"] for segment in segments) == LOAD_ADDRESS
    assert not any(segment["p_flags"] & 3 == 3 for segment in segments)


def test_the_flat_image_is_what_the_elf_loads(tyrne: Tyrne, tmp_path: Path, program: Path) -> None:
    assert tyrne("build", "--emit", "elf", "-o", "k.elf", program.name).status == 0
    assert tyrne("build", "--emit", "image", "-o", "k.img", program.name).status == 0
    image = (tmp_path / "k.img").read_bytes()
    for segment in ELFFile(io.BytesIO((tmp_path / "k.elf").read_bytes())).iter_segments():
        if segment["p_type"] == "PT_LOAD":
            offset = segment["p_paddr"] - LOAD_ADDRESS
            assert image[offset : offset + segment["p_filesz"]] == segment.data()


def test_two_builds_give_the_same_bytes(tyrne: Tyrne, tmp_path: Path, program: Path) -> None:
    for name in ("one", "two"):
        os.utime(program, (1, 1) if name == "one" else (2, 2))
        assert tyrne("build", "--emit", "elf", "-o", name, program.name).status == 0
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_program_outside_the_language_is_named_and_nothing_is_written(tyrne: Tyrne, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(
        "from tyrne.lang import export, u64\n\n\n@export\ndef main() -> u64:\n    return u64(1) ** 2\n"
    )
    (tmp_path / "k.elf").write_text("old")
    for emit in ("c", "elf", "image"):
        outcome = tyrne("build", "--emit", emit, "-o", "k.elf", "bad.py")
        assert (outcome.status, outcome.out) == (2, "")
        assert "bad.py:6: " in outcome.error
    assert (tmp_path / "k.elf").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.py", "k.elf"]


SOURCES = Path(__file__).parents[2] / "programs"


@pytest.mark.parametrize(
    ("source", "emit", "built"), [("hello.c", "program", "hello.elf"), ("hello.S", "raw", "hello.bin")]
)
def test_a_program_alone_runs_in_the_format_asked_for(tyrne: Tyrne, source: str, emit: str, built: str) -> None:
    assert tyrne("build", "--emit", emit, str(SOURCES / source), "-o", built).status == 0
    outcome = tyrne("run", built)
    assert outcome.status == 0 and "hello from userspace\n" in outcome.out


def test_a_raw_image_cannot_hold_data(tyrne: Tyrne, tmp_path: Path) -> None:
    outcome = tyrne("build", "--emit", "raw", str(SOURCES / "hello.py"), "-o", "hello.bin")
    assert (outcome.status, outcome.out) == (2, "")
    assert "use --emit program for one with data" in outcome.err
    assert not (tmp_path / "hello.bin").exists()


def test_a_program_alone_is_built_from_one_source(tyrne: Tyrne, program: Path) -> None:
    outcome = tyrne("build", "--emit", "program", program.name, "-o", "a.elf")
    assert outcome.status == 2 and "name its source (.py, .c or .S)" in outcome.err
