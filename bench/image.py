"""The kernel image that this checkout builds: its size, and how long it takes to build."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

SECTIONS: Final = (".text", ".rodata", ".data", ".bss", ".stacks")
BUILDS: Final = 3
STARTS: Final = 5

PROGRAM: Final = b"\x88\x00\x80\xd2\x01\x00\x00\xd4"
"""mov x8, #4; svc #0: a program in raw form, so that the build of a system is the build of its kernel."""


def section_sizes(kernel: Path) -> dict[str, int]:
    """The bytes of the kernel's own sections."""
    with kernel.open("rb") as file:
        sizes = {section.name: int(section["sh_size"]) for section in ELFFile(file).iter_sections()}
    return {name: sizes.get(name, 0) for name in SECTIONS}


@dataclass(frozen=True)
class Build:
    """Seconds by the clock on the wall, and of the processors: the first is the longer the busier the machine is."""

    wall: float
    processors: float


def clean_build() -> Build:
    """From the command to the release kernel's ELF with an empty cache: the medians of a few."""
    builds = [_build() for _ in range(BUILDS)]
    return Build(
        statistics.median(build.wall for build in builds), statistics.median(build.processors for build in builds)
    )


def _build() -> Build:
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        program = Path(folder) / "exit.bin"
        program.write_bytes(PROGRAM)
        output = Path(folder) / "kernel.elf"
        tyrne = Path(sys.executable).parent / "tyrne"
        command = [str(tyrne), "build", str(program), "--emit", "elf", "--release", "-o", str(output)]
        before = _processor_seconds()
        started = time.perf_counter()
        subprocess.run(command, check=True, env={**os.environ, "TYRNE_CACHE": str(Path(folder) / "cache")})
        return Build(time.perf_counter() - started, _processor_seconds() - before)


def cached_run() -> float:
    """Seconds of the processors that `tyrne run programs/hello.py` takes when nothing is to be built."""
    tyrne = Path(sys.executable).parent / "tyrne"
    command = [str(tyrne), "run", str(Path(__file__).parents[1] / "programs" / "hello.py")]
    taken = []
    for _ in range(STARTS + 1):  # the first one fills the cache
        before = _processor_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        taken.append(_processor_seconds() - before)
    return statistics.median(taken[1:])


def _processor_seconds() -> float:
    """Of all ended children of this process, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
