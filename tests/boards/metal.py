"""Booting a kernel image on QEMU with options of a test's own, and changing an image before it boots."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tyrne.system.build import kernel_elf
from tyrne.system.qemu import emulator
from tyrne.system.select import load_system, select

MACHINE = ("-cpu", "cortex-a72", "-m", "128M", "-nodefaults", "-display", "none", "-icount", "shift=0,sleep=off")
SEMIHOSTING = ("-semihosting-config", "enable=on,target=native")


@dataclass(frozen=True)
class Outcome:
    """QEMU's exit status, and what the serial line carried."""

    status: int
    serial: str


def kernel_with(programs: Sequence[Path], max_instructions: int = 20_000_000) -> Path:
    """The kernel's ELF with a system of these programs."""
    return kernel_elf(load_system(select(programs)), max_instructions=max_instructions)


def boot(elf: Path, machine: str = "virt", options: Sequence[str] = SEMIHOSTING, seconds: float = 60) -> Outcome:
    """Run to the end; the serial line is standard output."""
    command = [*emulator(), "-M", machine, *MACHINE, *options, "-serial", "stdio", "-kernel", str(elf)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds)
    return Outcome(done.returncode, done.stdout.decode(errors="replace"))


def symbols(elf: Path) -> dict[str, int]:
    """The addresses of an image's symbols."""
    table = ELFFile(io.BytesIO(elf.read_bytes())).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def patched(elf: Path, start: int, length: int, old: int, new: int, target: Path) -> Path:
    """A copy of an image with the one instruction `old` among `length` bytes at a virtual address replaced."""
    content = bytearray(elf.read_bytes())
    (offset,) = ELFFile(io.BytesIO(content)).address_offsets(start, length)
    places = [at for at in range(offset, offset + length, 4) if int.from_bytes(content[at : at + 4], "little") == old]
    assert len(places) == 1
    content[places[0] : places[0] + 4] = new.to_bytes(4, "little")
    target.write_bytes(content)
    return target
