"""QEMU with a CPU that sleeps: a test reads and writes its registers and memory, a line of text for each."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tyrne.hosted.devices.device import DmaError

SLEEP: Final = bytes.fromhex("7f2003d5ffffff17")  # wfi, and again
SLEEPER: Final = 0x4020_0000  # behind what QEMU leaves at the beginning of RAM
RAM: Final = range(0x4000_0000, 0x4000_0000 + (256 << 20))
TRANSPORTS: Final = 0x0A00_0000
SLOT: Final = 0x200


class Qemu:
    """The machine behind its test protocol; also its memory, as a driver wants it."""

    def __init__(self, connection: socket.socket) -> None:
        self._lines: Final = connection.makefile("rwb")
        self.accesses = 0

    def ask(self, line: str) -> str:
        self._lines.write(line.encode() + b"\n")
        self._lines.flush()
        while True:
            answer = self._lines.readline().decode()
            if not answer.startswith("IRQ"):
                break
        assert answer.startswith("OK"), (line, answer)
        return answer[2:].strip()

    def read(self, address: int, length: int) -> bytes:
        self._check(address, length)
        return bytes.fromhex(self.ask(f"read {address:#x} {length:#x}")[2:]) if length else b""

    def write(self, address: int, data: bytes) -> None:
        self._check(address, len(data))
        if data:
            self.ask(f"write {address:#x} {len(data):#x} 0x{data.hex()}")

    @staticmethod
    def _check(address: int, length: int) -> None:
        if address < RAM.start or address + length > RAM.stop:
            raise DmaError(f"{length} bytes at {address:#x}: no RAM")


class Transport:
    """One virtio-mmio transport of it, as a device."""

    size: Final = 4096

    def __init__(self, qemu: Qemu, slot: int) -> None:
        self._qemu: Final = qemu
        self._start: Final = TRANSPORTS + slot * SLOT

    def read(self, offset: int, width: int) -> int:
        return int(self._qemu.ask(f"read{' bw l'[width]} {self._start + offset:#x}"), 16)

    def write(self, offset: int, width: int, value: int) -> None:
        self._qemu.ask(f"write{' bw l'[width]} {self._start + offset:#x} {value:#x}")

    def next_event(self) -> None:
        return None

    def advance(self, now: int) -> None:
        raise AssertionError("never due")


@contextlib.contextmanager
def qemu_with(folder: Path, *arguments: str) -> Iterator[Qemu]:
    """QEMU's machine, with these devices."""
    program = shutil.which("qemu-system-aarch64")
    assert program is not None
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "qtest"))
        server.listen(1)
        server.settimeout(20)
        (folder / "sleep").write_bytes(SLEEP)
        command = [program, "-M", "virt", "-qtest", f"unix:{folder / 'qtest'}", "-qtest-log", "/dev/null"]
        command += ["-display", "none", "-nodefaults", "-m", "256M"]
        command += ["-global", "virtio-mmio.force-legacy=false", *arguments]
        command += ["-device", f"loader,file={folder / 'sleep'},addr={SLEEPER:#x},cpu-num=0,force-raw=on"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(20)
                    yield Qemu(connection)
            finally:
                process.kill()
