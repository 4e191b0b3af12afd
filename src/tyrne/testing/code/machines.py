"""One manifest, run on one machine. The kernel for QEMU is linked once; each manifest takes the place of the last."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.hosted.cpu import Stop
from tyrne.hosted.kept import WITHOUT_CALLS
from tyrne.hosted.machine import HostedMachine
from tyrne.hosted.native import NativeMachine
from tyrne.hosted.recorder import Recorder
from tyrne.hosted.registers import GeneralRegisters
from tyrne.system.build import kernel_elf
from tyrne.system.manifest import System, Task, encode
from tyrne.system.program import Program, Segment
from tyrne.system.qemu_versions import single_instructions, version
from tyrne.system.run import Machine, run_kernel
from tyrne.system.transition import Listening
from tyrne.testing.code.layout import CODE, CODE_END
from tyrne.testing.code.outcome import Outcome, as_architected, outcome

CAPACITY: Final = 512 << 10
"""Bytes for a manifest, on each machine: the kernel's image ends at a page of the same block of 2 MiB, so that a task
that reaches for the kernel's half faults at the same level of its tables."""
HOSTED_LIMIT: Final = 40_000_000
"""Instructions of all tasks, and what the kernel's work counts: more than any batch that ends by itself."""
QEMU_LIMIT: Final = 100_000_000
"""Instructions, the kernel's too: so many that a batch that ends hosted ends as well."""


_BEGUN: Final = re.compile(rb"^Trace \d+: \w+ \[\w+/\w*[048c]/", re.MULTILINE)
"""A line of QEMU's log: it begins to execute at an address. A misaligned one traps, and no instruction is there."""
_TAKEN_BACK: Final = re.compile(rb"^Stopped execution of TB chain before \w+ \[\w*[048c]\]", re.MULTILINE)
"""An interrupt came first, and the line before this one does not count."""


def encoded(system: System, limit: int) -> bytes:
    """The manifest, filled up to its capacity."""
    manifest = encode(system, limit)
    if len(manifest) > CAPACITY:
        raise ValueError(f"a manifest of {len(manifest)} bytes; a batch has at most {CAPACITY}")
    return manifest.ljust(CAPACITY, b"\0")


def run(system: System, machine: Machine, counted: bool = False) -> Outcome:
    """Run a system to its end on one machine. `counted`: `executed` says how many instructions of its own code it has
    begun; where that is the same, so is very likely the path. Counting makes QEMU run single instructions."""
    listening = Listening()
    recorder = Recorder(listening, kept=WITHOUT_CALLS)
    executed: int | None = None
    busiest: int | None = None
    match machine:
        case Machine.HOSTED:
            executed, busiest = _hosted(encoded(system, HOSTED_LIMIT), recorder, counted)
        case Machine.NATIVE:
            NativeMachine(encoded(system, HOSTED_LIMIT), recorder).run()
        case Machine.QEMU:
            executed = _qemu(encoded(system, QEMU_LIMIT), recorder, counted)
    events = listening.take()
    if machine is Machine.QEMU:
        events = as_architected(events, version())
    return outcome(recorder, events, executed, busiest)


def _hosted(manifest: bytes, recorder: Recorder, counted: bool) -> tuple[int | None, int]:
    """Run hosted; the instructions of the programs' own code, and the task that ran the most instructions."""
    machine = HostedMachine(manifest, recorder)
    cpu, kernel = machine.board.cpu, machine.kernel
    executed = 0

    def begun(_address: int) -> None:
        nonlocal executed
        executed += 1

    if counted:
        cpu.watch(CODE, CODE_END, begun)
    shares: dict[int, int] = {}
    plain = cpu.run

    def shared(registers: GeneralRegisters, limit: int, pause: bool = False) -> Stop:
        before = cpu.instructions
        stop = plain(registers, limit, pause)
        task = kernel.scheduler.core.entered
        assert task is not None
        shares[int(task.number)] = shares.get(int(task.number), 0) + cpu.instructions - before
        return stop

    cpu.run = shared  # type: ignore[method-assign]
    machine.run()
    return executed if counted else None, max(shares, key=lambda task: shares[task])


def _qemu(manifest: bytes, recorder: Recorder, counted: bool) -> int | None:
    """Run on QEMU; the instructions of the programs' own code, which its log has one by one."""
    with tempfile.TemporaryDirectory(prefix="tyrne-") as folder:
        kernel, log = Path(folder) / "kernel.elf", Path(folder) / "log"
        before, after = _linked()
        kernel.write_bytes(before + manifest + after)
        if not counted:
            run_kernel(kernel, recorder)
            return None
        window = f"{CODE:#x}+{CODE_END - CODE:#x}"
        options = (*single_instructions(version()), "-d", "exec,nochain", "-dfilter", window, "-D", str(log))
        run_kernel(kernel, recorder, options)
        lines = log.read_bytes() if log.exists() else b""
        return len(_BEGUN.findall(lines)) - len(_TAKEN_BACK.findall(lines))


@cache
def _linked() -> tuple[bytes, bytes]:
    """The traced kernel, as it stands before and after its manifest."""
    from elftools.elf.elffile import ELFFile

    nothing = Program(0, (Segment(0, writable=False, executable=True, data=b"", memory=1),), 0)
    blank = encode(System("blank", 0, (Task("blank", nothing, 1, ()),)))
    padded = Segment(0, writable=False, executable=True, data=bytes(CAPACITY - len(blank)), memory=1)
    system = System("blank", 0, (Task("blank", Program(0, (padded,), 0), 1, ()),))
    path = kernel_elf(system, traced=True)
    with path.open("rb") as stream:
        section = ELFFile(stream).get_section_by_name(".manifest")
        assert section is not None, "a kernel without a manifest"
        start, size = section["sh_offset"], section["sh_size"]
    assert size == CAPACITY, f"{path}: its manifest has {size} bytes"
    linked = path.read_bytes()
    return linked[:start], linked[start + size :]
