"""Every instruction that QEMU executes: its log of translated blocks, with blocks of one instruction."""

from __future__ import annotations

import io
import os
import statistics
import struct
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from counts import PROGRAMS, BenchError
from elftools.elf.elffile import ELFFile

from tyrne.system import limits
from tyrne.system.build import kernel_elf
from tyrne.system.loading import load_program
from tyrne.system.manifest import System, Task
from tyrne.system.qemu import MACHINE, emulator
from tyrne.system.qemu_versions import single_instructions, version

NOT_EXECUTED: Final = ("cpu_io_recompile", "Stopped execution")
"""What a line starts with that takes the one before it back."""

KERNEL_HALF: Final = 1 << 63
"""Instructions of the kernel have this bit in their addresses."""
INTERRUPT_VECTOR: Final = 0x480
"""Of a task, from the first vector on."""
TICKS: Final = 9
PHYSICAL: Final = 0xFFFF_FFFF
CACHE: Final = 0xD508_7000
"""SYS with CRn 7, whatever op1, CRm, op2 and the register are: DC and IC."""
ZERO: Final = 0xD50B_7420
"""DC ZVA, whatever the register is: it stores zeros, and is no upkeep of a cache."""
LOOP: Final = 10
"""More instructions than a turn of a loop over cache lines has."""

LOG: Final = ("-d", "exec,nochain,int")
RAISED, LOWERED, TAKEN = -1, -2, -3
"""What stands among the addresses for what becomes of the timer's interrupt, where TICKS_TOO is an option."""
EVENTS: Final = {
    "gic_set_irq irq 27 level 1 ": RAISED,
    "gic_set_irq irq 27 level 0 ": LOWERED,
    "gic_acknowledge_irq cpu 0 acknowledged irq 27": TAKEN,
}
"""How lines start that say it: interrupt 27 is that of the virtual timer."""
TICKS_TOO: Final = ("-trace", "gic_set_irq", "-trace", "gic_acknowledge_irq")


def executed(kernel: Path, options: Sequence[str] = ()) -> Iterator[int]:
    """The addresses of the instructions that are executed, from reset on. The machine ends when the iteration does.

    QEMU logs an instruction when it starts it; if it then has to start it again, it says so in a line of its own. A
    load or store that faults is not executed, and the cycle counter does not count it either.
    """
    source, sink = os.pipe()
    with open(source, encoding="ascii", errors="replace") as log:
        process = subprocess.Popen(
            [
                *(*emulator(), *MACHINE, *single_instructions(version()), *LOG, "-D", f"/dev/fd/{sink}", *options),
                *("-semihosting-config", "enable=on,target=native", "-serial", "null", "-kernel", str(kernel)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(sink,),
        )
        try:
            os.close(sink)
            started: int | None = None
            for line in log:
                if line.startswith("Trace"):
                    if started is not None:
                        yield started
                    started = int(line.split("/", 2)[1], 16)
                elif line.startswith(NOT_EXECUTED) or (line.startswith("Taking exception") and "[Data Abort]" in line):
                    started = None
                elif line.startswith("gic_") and (event := _event(line)) is not None:
                    if started is not None:
                        yield started
                    started = None
                    yield event
            if started is not None:
                yield started
        finally:
            process.kill()
            process.wait()


def _event(line: str) -> int | None:
    return next((event for start, event in EVENTS.items() if line.startswith(start)), None)


@dataclass(frozen=True)
class Boot:
    """Instructions from reset, the kernel's first included, to the first of the first task, that one not.

    `caches` are those that go over the lines of caches: each DC and IC, with what leads to it from the one before.
    """

    others: int
    caches: int


def instructions_to_user(kernel: Path, system: System) -> Boot:
    """What a boot takes."""
    entry, lines = system.tasks[0].program.entry, _cache_instructions(kernel)
    caches, last = 0, -LOOP
    for count, address in enumerate(executed(kernel)):
        if address == entry:
            return Boot(count - caches, caches)
        if address & PHYSICAL in lines:
            caches += count - last if count - last < LOOP else 1
            last = count
    raise BenchError(f"{system.name}: ended before its first task ran")


def instructions_of_tick() -> int:
    """Instructions of the kernel from the interrupt that ends a turn to the first of the equal whose turn begins."""
    spin = load_program(PROGRAMS / "spin.S")
    system = System("bench-tick", 0, (Task("one", spin, 1, ()), Task("other", spin, 1, ())), slice=limits.SLICE_MIN)
    kernel = kernel_elf(system, release=True)
    with kernel.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        (vectors,) = symbols.get_symbol_by_name("vectors")
        entry = vectors["st_value"] + INTERRUPT_VECTOR
    ticks: list[int] = []
    inside = False
    for address in executed(kernel):
        if address == entry:
            ticks.append(0)
            inside = True
        inside = inside and address >= KERNEL_HALF
        if inside:
            ticks[-1] += 1
        elif len(ticks) > TICKS:
            return statistics.median_low(ticks[1:])
    raise BenchError("no turn has ended")


def _cache_instructions(kernel: Path) -> set[int]:
    """The physical addresses of the DC and IC of a kernel, which is linked at its high address, but for DC ZVA."""
    text = ELFFile(io.BytesIO(kernel.read_bytes())).get_section_by_name(".text")
    words = struct.unpack(f"<{text['sh_size'] // 4}I", text.data()[: text["sh_size"] & ~3])
    start = text["sh_addr"] & PHYSICAL
    found = (number for number, word in enumerate(words) if word & 0xFFF8_F000 == CACHE and word & ~0x1F != ZERO)
    return {start + 4 * number for number in found}
