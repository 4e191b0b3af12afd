"""gdb on an image that stands at its first instruction on QEMU."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tyrne.compiler.build.debugger import gdb_command
from tyrne.system.qemu import emulator

needs_gdb = pytest.mark.skipif(shutil.which("gdb-multiarch") is None, reason="gdb-multiarch is not installed")


def debugged(elf: Path, sources: Path, commands: Sequence[str], folder: Path) -> str:
    """What gdb prints for commands; the machine waits for the first of them before its first instruction."""
    socket = folder / "gdb"
    machine = [*emulator(), "-M", "virt", "-cpu", "cortex-a72", "-display", "none", "-serial", "none"]
    machine += ["-monitor", "none", "-nic", "none", "-kernel", str(elf), "-S"]
    machine += ["-semihosting-config", "enable=on,target=native"]
    machine += ["-chardev", f"socket,id=gdb,path={socket},server=on,wait=off", "-gdb", "chardev:gdb"]
    with subprocess.Popen(machine) as process:
        try:
            for _ in range(100):
                if socket.exists():
                    break
                time.sleep(0.05)
            command = gdb_command(elf, str(socket), [sources], [*commands, "kill"])
            command.insert(1, "-batch")
            return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
        finally:
            process.kill()
