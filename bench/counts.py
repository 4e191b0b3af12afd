"""Guest instructions of kernel paths.

A scenario boots on QEMU, its tasks write counter readings into shared memory, and the host reads them there when the
machine has ended.

The kernel is the release kernel, checks on, but for one register that lets EL0 read PMCCNTR_EL0. Under
`-icount shift=0` that counter counts guest instructions, no more and no less.
"""

from __future__ import annotations

import re
import statistics
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from scenarios import EMPTY, EQUAL, Figure, Role, Scenario

from tyrne.abi import CapKind, Rights
from tyrne.system import limits
from tyrne.system.build import kernel_elf
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.parts import Cap, Mapping, Region
from tyrne.system.program import Program, pages
from tyrne.system.qemu import MACHINE, emulator

SAMPLES: Final = 20_000
PROGRAMS: Final = Path(__file__).parent / "programs"
COMMON: Final = PROGRAMS / "common.h"

# As in common.h
SAMPLES_AT: Final = 0x1000_0000
HEADER_BYTES: Final = 64
MAGIC: Final = b"TRYBENCH"

LONGEST_SAMPLE: Final = 10 * 8
"""Bytes."""
MOVED_PAGES: Final = 64
RAM_BYTES: Final = 128 << 20
WALL_SECONDS: Final = 300

Sample = tuple[int, ...]
"""Counter readings in the order in which a scenario takes them."""


class BenchError(Exception):
    """What was measured did not run to its end, or two ways of counting it disagree."""


@dataclass(frozen=True)
class Count:
    """Instructions of one path over all samples."""

    median: int
    least: int
    most: int


class Counter:
    """Counts paths; each scenario runs once."""

    def __init__(self, samples: int = SAMPLES) -> None:
        self.samples: Final = samples
        self._taken: Final[dict[str, list[Sample]]] = {}

    def count(self, figure: Figure) -> Count:
        """What a path takes: what lies between its readings, less what lies between two with nothing in between."""
        overhead = self.overhead()
        taken = [
            round(sum(sample[end] - sample[start] - overhead for start, end in figure.spans) / figure.among)
            for sample in self.readings(figure.scenario)
        ]
        return Count(statistics.median_low(taken), min(taken), max(taken))

    def overhead(self) -> int:
        """Instructions between two readings in a row, which are part of no path."""
        apart = {end - start for start, end in self.readings(EMPTY)}
        if len(apart) != 1:
            raise BenchError(f"two readings in a row are {sorted(apart)} instructions apart; that must be one number")
        return apart.pop()

    def readings(self, scenario: Scenario) -> list[Sample]:
        """All samples of a scenario."""
        if scenario.name not in self._taken:
            kernel = kernel_elf(system_of(scenario, self.samples), release=True, counted=True)
            self._taken[scenario.name] = run(scenario, kernel, self.samples)
        return self._taken[scenario.name]


def system_of(scenario: Scenario, samples: int, slice: int = limits.SLICE_MAX) -> System:
    """The system that a scenario boots. If nothing else is said no tick comes while it runs, and nothing but its tasks
    decides who does."""
    needed = pages(HEADER_BYTES + (samples + 1) * LONGEST_SAMPLE)
    region = Region("samples", needed if needed <= limits.MAPPED_PAGES else needed + -needed % limits.MAPPED_PAGES)
    lines = [f"#define {name} {value}\n" for name, value in {**scenario.defines, "SAMPLES": samples}.items()]
    with tempfile.TemporaryDirectory(prefix="tyrne-bench-") as folder:
        roles = (*scenario.roles, EQUAL) if scenario.equal else scenario.roles
        tasks = tuple(task_of(role, Path(folder), "".join(lines)) for role in roles)
    return System(
        f"bench-{scenario.name}",
        scenario.endpoints,
        tasks,
        notifications=scenario.notifications,
        memory=(region, Region("page", scenario.pages, scenario.device)),
        slice=slice,
    )


def task_of(role: Role, folder: Path, defines: str) -> Task:
    """The task of a role: its program is built in a folder, behind some lines."""
    source = PROGRAMS / f"{role.program}.S"
    parts = [defines]
    for path in (COMMON, source):
        parts.append(f'# 1 "{path}"\n{path.read_text()}')
    whole = folder / source.name
    whole.write_text("".join(parts))
    shared = Cap(0, Rights.READ | Rights.WRITE, kind=CapKind.MEMORY)
    program = load_program(whole)
    return Task(
        role.program,
        program if role.address == 0 else _moved(program, role.address),
        1,
        (shared, *role.caps),
        priority=role.priority,
        supervisor=role.supervisor,
        quota=role.quota,
        mappings=(Mapping(0, SAMPLES_AT, writable=True, executable=False),),
    )


def _moved(program: Program, address: int) -> Program:
    """A program of one segment, which runs anywhere, at another address."""
    (code,) = program.segments
    moved = replace(code, address=address, memory=MOVED_PAGES * limits.PAGE)
    return replace(
        program,
        entry=program.entry - code.address + address,
        segments=(moved,),
        stack_base=moved.end + limits.STACK_GUARD,
    )


def run(scenario: Scenario, kernel: Path, samples: int) -> list[Sample]:
    """Boot a kernel, and read the samples in its RAM."""
    with tempfile.NamedTemporaryFile(prefix="tyrne-bench-") as ram:
        boot(scenario.name, kernel, ram.name, scenario.status)
        return samples_in(scenario.name, Path(ram.name), samples)


def ram_after(scenario: Scenario, kernel: Path) -> tuple[bytes, int]:
    """Boot a kernel; its RAM when it has ended, and how many instructions that took."""
    with tempfile.NamedTemporaryFile(prefix="tyrne-bench-") as ram:
        said = boot(scenario.name, kernel, ram.name, scenario.status)
        elapsed = re.search(rb"boot-to-end elapsed = (\d+) ns", said)
        return Path(ram.name).read_bytes(), int(elapsed[1]) if elapsed else 0


def boot(name: str, kernel: Path, ram: str, status: int = 0, options: Sequence[str] = ()) -> bytes:
    """Boot a kernel whose RAM is a file, on a machine with more options, to an exit status; what it wrote."""
    command = [
        *(*emulator(), *MACHINE),
        *("-object", f"memory-backend-file,id=ram,size={RAM_BYTES},mem-path={ram},share=on"),
        *("-machine", "memory-backend=ram"),
        *("-semihosting-config", "enable=on,target=native", "-serial", "stdio"),
        *("-kernel", str(kernel), *options),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_SECONDS)
    if done.returncode != status:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise BenchError(f"{name}: ended with status {done.returncode}; the kernel wrote:\n{said}")
    return done.stdout


def samples_in(name: str, ram: Path, samples: int) -> list[Sample]:
    """The samples that the tasks of a run have left in its RAM."""
    with ram.open("rb") as file:
        while True:
            page = file.read(limits.PAGE)
            if not page:
                raise BenchError(f"{name}: nothing in RAM looks like samples")
            if page.startswith(MAGIC):
                break
        words, count = struct.unpack_from("<2Q", page, len(MAGIC))
        if count != samples:
            raise BenchError(f"{name}: took {count} samples of {samples}")
        file.seek(HEADER_BYTES - limits.PAGE, 1)
        return list(struct.iter_unpack(f"<{words}Q", file.read(8 * words * count)))
