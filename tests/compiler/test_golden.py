"""The C of each feature: it reads as expected, and clang accepts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cases import Case, compile_case, names

from tyrne.compiler import RUNTIME, Unit
from tyrne.compiler.build.toolchain import wheel

NAMES = names("golden")


@pytest.fixture(scope="session")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("golden")


def compiled(name: str, directory: Path) -> Unit:
    unit = compile_case(Case("golden", name), directory)
    assert isinstance(unit, Unit), unit
    return unit


def own_part(unit: Unit, name: str) -> str:
    """The C of the case itself: without the include above, and what host programs call below."""
    text = unit.c.partition('#include "kp.h"\n\n')[2].partition("\n#undef KP_FILE\n#define KP_FILE 0\n\n")[0]
    lines = [line for line in text.splitlines() if not line.startswith("#line")]
    return "\n".join(lines).replace(f"golden_{name}", "case") + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_golden(name: str, directory: Path) -> None:
    Case("golden", name).compare(own_part(compiled(name, directory), name))


def test_clang_accepts_all_without_a_warning(directory: Path) -> None:
    """For the machine, whose header needs no C library."""
    files = []
    for name in NAMES:
        path = directory / f"{name}.c"
        head = '#define KP_METAL 1\n#define KP_FILE 0\n#include "kp.h"\n'
        path.write_text(head + own_part(compiled(name, directory), name))
        files.append(str(path))
    flags = ["-fsyntax-only", "--target=aarch64-none-elf", "-ffreestanding", "-std=gnu2x", "-nostdinc"]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-Wno-unused-parameter", "-Wno-unused-variable"]
    include = ["-isystem", str(wheel() / "lib" / "include"), "-I", str(RUNTIME)]
    command = [sys.executable, "-m", "ziglang", "clang", *flags, *warnings, "-Wno-unused-but-set-variable", *include]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
