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

EXIT: Final = b"\x88\x00\x80\xd2\x01\x00\x00\xd4"
"""mov x8, #4; svc #0: a program in raw form, so that the build of a system is the build of its kernel."""
HELLO: Final = Path(__file__).parents[1] / "programs" / "hello.py"


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


def clean_build_of_kernel() -> Build:
    """From the command to the release kernel's ELF with an empty cache: the medians of a few."""
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        program = Path(folder) / "exit.bin"
        program.write_bytes(EXIT)
        return _clean_builds("build", program, "--emit", "elf", "--release", "-o", Path(folder) / "kernel.elf")


def clean_build_of_system() -> Build:
    """From the command to the ELF of the kernel and of a program in Kernel Python, both of them built."""
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        return _clean_builds("build", HELLO, "--emit", "elf", "-o", Path(folder) / "kernel.elf")


def first_run() -> Build:
    """The first `tyrne run programs/hello.py` with an empty cache."""
    return _clean_builds("run", HELLO)


def _clean_builds(*words: str | Path) -> Build:
    """The medians of a few commands, each with an empty cache."""
    _run(*words)  # which leaves Python's byte code, as the first start after an installation does
    builds = []
    for _ in range(BUILDS):
        with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as cache:
            builds.append(_run(*words, cache=cache))
    return Build(
        statistics.median(build.wall for build in builds), statistics.median(build.processors for build in builds)
    )


def cached_run() -> float:
    """Seconds of the processors that `tyrne run programs/hello.py` takes when nothing is to be built."""
    taken = [_run("run", HELLO).processors for _ in range(STARTS + 1)]
    return statistics.median(taken[1:])  # the first one fills the cache


def _run(*words: str | Path, cache: str | None = None) -> Build:
    """What one command of tyrne takes."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if cache is not None:
        environment["TYRNE_CACHE"] = cache
    tyrne = Path(sys.executable).parent / "tyrne"
    before = _processor_seconds()
    started = time.perf_counter()
    subprocess.run([tyrne, *words], check=True, stdout=subprocess.DEVNULL, env=environment)
    return Build(time.perf_counter() - started, _processor_seconds() - before)


def _processor_seconds() -> float:
    """Of all ended children of this process, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
