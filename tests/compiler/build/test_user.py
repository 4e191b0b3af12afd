"""User programs in C and assembly, built with the wheel's clang and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tyrne.compiler import CompileError
from tyrne.compiler.build import build_user_program, image_bytes

PROGRAMS = Path(__file__).parents[3] / "programs"


@pytest.mark.parametrize("name", ["hello.c", "hello.S"])
def test_a_program_becomes_an_elf_that_starts_at_the_user_image(name: str) -> None:
    elf = build_user_program(PROGRAMS / name)
    with elf.open("rb") as stream:
        header = ELFFile(stream)
        assert header["e_machine"] == "EM_AARCH64" and header["e_entry"] == 0x0080_0000
        flags = [segment["p_flags"] for segment in header.iter_segments("PT_LOAD")]
    assert flags and not any(flag & 1 and flag & 2 for flag in flags)
    assert len(image_bytes(elf)) > 16


def test_the_same_source_elsewhere_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build_user_program(PROGRAMS / "hello.c").read_bytes()
    monkeypatch.setenv("TYRNE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "hello.c").write_bytes((PROGRAMS / "hello.c").read_bytes())
    assert build_user_program(tmp_path / "hello.c").read_bytes() == first


def test_an_unchanged_program_runs_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    build_user_program(PROGRAMS / "hello.c")

    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError(f"started {arguments}")

    monkeypatch.setattr(subprocess, "run", refuse)
    build_user_program(PROGRAMS / "hello.c")


def test_an_error_in_c_names_its_line(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("#include <tyrne.h>\nvoid _start(void) { nothing(); }\n")
    with pytest.raises(CompileError, match=r"/wrong\.c:2:21: use of undeclared identifier 'nothing'$"):
        build_user_program(source)


@pytest.mark.parametrize(
    ("name", "reason"), [("absent.c", "there is no such file"), ("notes.txt", "name a .py, .c or .S file")]
)
def test_what_is_no_source_is_refused(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(CompileError, match=reason):
        build_user_program(tmp_path / name)


def test_importing_the_build_stage_imports_neither_mypy_nor_cffi() -> None:
    code = "import sys, tyrne.compiler.build; sys.exit(any(n in sys.modules for n in ('mypy', 'cffi', 'elftools')))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
