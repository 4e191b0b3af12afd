"""`make bench`: sizes and counts of the kernel that this checkout builds, measured now, as a table.

Sizes are those of the linked image without the records of a traced run. Instructions are counted by the machine:
hosted those of the user program, on QEMU all from reset to the end, those that write the records included.
"""

from __future__ import annotations

from pathlib import Path

from elftools.elf.elffile import ELFFile
from paths import PATHS, instructions
from rich.console import Console
from rich.table import Table

from tyrne.hosted.recorder import Listener
from tyrne.system.build import kernel_elf
from tyrne.system.errors import RequestError
from tyrne.system.manifest import System
from tyrne.system.run import Machine, Request, Result, prepare
from tyrne.system.select import load_system, select

SECTIONS = (".text", ".rodata", ".data", ".bss", ".stacks", ".manifest")


def sizes(kernel: Path) -> dict[str, int]:
    """The bytes of each section of an image."""
    with kernel.open("rb") as file:
        return {section.name: int(section["sh_size"]) for section in ELFFile(file).iter_sections()}


def measured(system: System, machine: Machine, release: bool) -> Result | str:
    """A run to its end, or why this machine cannot."""
    try:
        return prepare(Request(system, machine, release, 0)).run(Listener())
    except RequestError as error:
        return str(error)


def show_paths(console: Console) -> None:
    """What each kernel path takes, beside seL4 16 with its fastpath on the same QEMU, and the budget."""
    table = Table(title="guest instructions, svc to eret, release kernel")
    table.add_column("path")
    for name in ("seL4", "budget", "Tyrne", "of seL4"):
        table.add_column(name, justify="right")
    for path in PATHS:
        taken = instructions(path)
        table.add_row(path.name, str(path.sel4), str(path.budget), str(taken), f"{taken / path.sel4:.2f}")
    console.print(table)


def main() -> None:
    console = Console(highlight=False)
    system = load_system(select([]))
    debug, release = kernel_elf(system), kernel_elf(system, release=True)
    table = Table(title="kernel image, bytes")
    table.add_column("section")
    for name in ("debug", "release"):
        table.add_column(name, justify="right")
    left, right = sizes(debug), sizes(release)
    for name in SECTIONS:
        table.add_row(name, f"{left.get(name, 0):,}", f"{right.get(name, 0):,}")
    console.print(table)

    table = Table(title=f"run of {system.name}")
    for name in ("machine", "profile"):
        table.add_column(name)
    for name in ("status", "system calls", "instructions"):
        table.add_column(name, justify="right")
    missing = []
    for machine in Machine:
        for profile in (False, True):
            result = measured(system, machine, profile)
            if isinstance(result, str):
                missing.append(f"{machine.value}: {result}")
                break
            seen = result.recorder
            row = (str(result.status), str(len(seen.calls)), f"{seen.instructions:,}")
            table.add_row(machine.value, result.profile, *row)
    console.print(table)
    for line in missing:
        console.print(f"left out: {line}")
    if not missing:
        show_paths(console)


if __name__ == "__main__":
    main()
