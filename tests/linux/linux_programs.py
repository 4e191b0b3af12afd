"""Linux executables for tests: built by the ziglang wheel, or taken from Debian's packages, each once."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from assurance.linux import oracle
from assurance.linux.battery import FOLDER
from assurance.linux.packages import NotHadError, Packages
from tyrne.compiler.build.cache import digest, locked, stored
from tyrne.hosted.recorder import Listener
from tyrne.system.manifest import System
from tyrne.system.parts import Given
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.select import load_system, select

HERE: Final = Path(__file__).parent
PROGRAMS: Final = HERE / "programs"
STATIC: Final = ("-target", "aarch64-linux-musl", "-static", "-O2")
BARE: Final = (*STATIC, "-nostdlib")
ORACLE: Final = oracle.command()
on_all_machines: Final = pytest.mark.parametrize(
    "machine",
    [Machine.HOSTED, Machine.NATIVE, pytest.param(Machine.QEMU, marks=pytest.mark.qemu)],
    ids=lambda machine: machine.value,
)


def build(source: str, *flags: str) -> Path:
    """The executable of a program beside this file, by `zig cc`."""
    path = PROGRAMS / source

    def make(folder: Path) -> None:
        command = [sys.executable, "-m", "ziglang", "cc", *(flags or STATIC), str(path), "-o", path.stem]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    key = digest([sys.version, *flags, path.read_bytes(), (HERE / "linux_programs.py").read_bytes()])
    return stored("linux-test", key, make) / path.stem


def linux_system(program: Path, *arguments: str, **given: Any) -> System:
    """A system with one Linux program that has the console."""
    return load_system(select([program], Given("linux", arguments, **given)))


def run(program: Path, *arguments: str, machine: Machine = Machine.NATIVE, **given: Any) -> Result:
    """Run a Linux program to its end."""
    ready = prepare(Request(linux_system(program, *arguments, **given), machine, False, 400_000_000))
    return ready.run(Listener())


def told(result: Result) -> tuple[str, int | None]:
    """What a program wrote, and its exit code; None after a fault."""
    task = result.outcome()
    return task["console"], task["tasks"][0]["code"]


def by_oracle(program: Path, *arguments: str) -> tuple[str, int]:
    """The same of a program that qemu-user runs, without input, with both streams as one."""
    said, status = oracle.by_oracle(program, arguments)
    return said.decode(), status


@cache
def debian_file(package: str, path: str) -> Path | None:
    """A file of a Debian package for arm64, which is downloaded once, without root; None when it cannot be had."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with locked(FOLDER / "lock"):  # another worker may be at it
        try:
            return Packages(FOLDER).file(package, path)
        except NotHadError:
            return None
