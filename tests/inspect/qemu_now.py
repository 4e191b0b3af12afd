"""A QEMU that stands at its first instruction, and goes on as a test says."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from tyrne.inspect import Inspection
from tyrne.inspect.live import LiveMachine
from tyrne.inspect.live.beginning import boot
from tyrne.system.devices import emulator_options
from tyrne.system.explanation import explainer_of
from tyrne.system.kernel_image import KernelImage, image_of
from tyrne.system.known import known_system
from tyrne.system.manifest import System
from tyrne.system.qemu import MACHINE, emulator, gdb_socket
from tyrne.system.qemu_gdb import Stub

ENTRIES = (0x400, 0x480, 0x500)
"""Where in the vectors a trap of a task begins."""


LONG: Final = 10**9
"""Instructions of a turn: stopped and started, a machine does not come to the end of one."""


def without_ticks(path: Path) -> System:
    """A system, and nothing in it that depends on how long somebody looks at it."""
    return replace(known_system([path]), slice=LONG)


class Now:
    """A system on a QEMU that runs now."""

    def __init__(self, path: Path, system: System, image: KernelImage, stub: Stub) -> None:
        self.path, self.system, self.image, self.stub = path, system, image, stub
        self.machine = LiveMachine(stub, image, system)
        self.booted, self.explainer = boot(system), explainer_of(system)
        vectors = symbol(image, "vectors")
        self._entries = tuple(vectors + at for at in ENTRIES)

    def look(self) -> Inspection:
        return self.machine.look(str(self.path), self.explainer, self.booted)

    def transition(self) -> None:
        """A task runs until it traps, the kernel answers."""
        with self.machine.breakpoints(self._entries):
            self.stub.run(60)
        assert self.machine.settle()


def symbol(image: KernelImage, name: str) -> int:
    with image.path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        return int(table.get_symbol_by_name(name)[0]["st_value"])


@contextmanager
def started(path: Path, folder: Path, system: System | None = None) -> Iterator[Now]:
    """QEMU with a system, without ticks unless it is given, at its first instruction; ended afterwards."""
    system = without_ticks(path) if system is None else system
    image = image_of(system)
    with gdb_socket(folder / "now") as doors:
        devices = ["-S", "-serial", "null", *doors.options, *emulator_options(system.devices, system.ram)]
        devices += ["-chardev", "file,id=trace,path=/dev/null"]
        devices += ["-semihosting-config", "enable=on,target=native,chardev=trace"]
        command = [*emulator(), *MACHINE, *devices, "-kernel", str(image.path)]
        ours = [each.fileno() for each in doors.sockets]
        null = subprocess.DEVNULL
        with subprocess.Popen(command, stdin=null, stderr=null, pass_fds=ours) as process:
            try:
                with Stub(folder / "now", 30.0) as stub:
                    yield Now(path, system, image, stub)
            finally:
                process.kill()
