"""The metal machine under QEMU: start it, follow its records while it runs, end it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from math import inf
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from tyrne.hosted.stop import StopRequest
from tyrne.system.errors import RequestError, reason

EMULATOR: Final = "qemu-system-aarch64"
INSTALL: Final = "apt-get install --no-install-recommends qemu-system-arm"
WRAPPER: Final = ("setpriv", "--pdeathsig", "KILL", "--")
MACHINE: Final = (
    *("-M", "virt", "-cpu", "cortex-a72", "-m", "128M", "-smp", "1"),
    *("-nodefaults", "-display", "none", "-no-reboot"),
    *("-icount", "shift=0,sleep=off"),  # one instruction is one nanosecond, and no run differs from another
)

STANDS: Final = ("-icount", "shift=0,sleep=on")
"""Of a machine that somebody stops: who rests does so by the clock on the wall. Else each stop, in which the one CPU
rests, would let the time go on at once to the next tick."""

if TYPE_CHECKING:
    from tyrne.system.qemu_console import ConsolePort

SAID_BYTES: Final = 64 << 10
"""Of what the serial line says, when the trace does not say it."""
COMPLAINT_BYTES: Final = 200
"""Of what QEMU itself says: the last ones. A driver can have it complain again and again."""
LOOK_SECONDS: Final = 0.1
"""How often a run in which nothing happens is looked at."""
WALL_SECONDS: Final = 120.0
"""How long a run may take by the clock on the wall: the end of a machine that hangs."""
POWER_BUTTON: Final = b"system_powerdown\n"
"""What QEMU is told in words, to press it."""
SOCKET_BYTES: Final = 107
"""Of the path of a Unix socket."""
STOP_SECONDS: Final = 2.0
"""How long a kernel that was asked to stop may take to say where its tasks are."""


@dataclass(frozen=True)
class Ending:
    """How QEMU ended: its exit status, what the serial line carried, and whether time ran out."""

    status: int
    serial: bytes
    complaint: str
    timed_out: bool

    @property
    def text(self) -> str:
        """Of a QEMU that did not run, or failed."""
        said = self.complaint or "no reason given"
        if self.status >= 0:
            return f"ended with status {self.status}: {said}"
        mend = "nothing of the run is kept, run it with --machine hosted, which no driver ends"
        return f"ended by signal {-self.status}: {said}; {mend}"


@dataclass(frozen=True)
class Doors:
    """Options of QEMU's, and the sockets in them, which it inherits."""

    options: tuple[str, ...] = ()
    sockets: tuple[socket.socket, ...] = ()


@contextmanager
def gdb_socket(path: Path | None, halted: bool = False) -> Iterator[Doors]:
    """By which QEMU serves gdb at a new Unix socket, which only this user can open, and which is there no more
    afterwards; nothing without a path. RequestError where it cannot be. One that is `halted` waits for it.

    The socket is made here, and QEMU listens at it: so what is there afterwards is removed only if it is this one.
    """
    if path is None:
        yield Doors()
        return
    check_socket(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        before = os.umask(0o077)
        try:
            made.bind(str(path))
            own = _identity(path)
        except OSError as error:
            raise RequestError(f"--gdb {path}: cannot be made: {reason(error)}; name another socket") from None
        finally:
            os.umask(before)
        try:
            door = f"socket,id=gdb,fd={made.fileno()},server=on,wait=off"
            yield Doors(("-chardev", door, "-gdb", "chardev:gdb", *STANDS, *(["-S"] if halted else [])), (made,))
        finally:
            with suppress(OSError):
                if _identity(path) == own:
                    path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    """Of what a path names, without following links."""
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def check_socket(path: Path) -> None:
    """RequestError where no Unix socket can be made."""
    if path.exists() or path.is_symlink():
        raise RequestError(f"--gdb {path}: is there already; name a socket that is not")
    if len(os.fsencode(path)) > SOCKET_BYTES:
        raise RequestError(
            f"--gdb {path}: longer than {SOCKET_BYTES} bytes, which a socket's path may have; shorten it"
        )
    if not path.absolute().parent.is_dir():
        raise RequestError(f"--gdb {path}: there is no such folder; make it")


def find_emulator() -> str:
    """The path of QEMU; RequestError with the command that installs it."""
    path = shutil.which(EMULATOR)
    if path is None:
        raise RequestError(f"{EMULATOR}: not installed; install it with: {INSTALL}")
    return path


def emulator() -> list[str]:
    """The words that start QEMU, to be followed by its options: it ends when this process does, however that happens.

    Linux ends it by a signal that `setpriv` (util-linux) asks for; where that is missing, a QEMU whose tyrne is killed
    runs on. RequestError where QEMU is missing.
    """
    path = find_emulator()
    wrapper = shutil.which(WRAPPER[0])
    return [wrapper, *WRAPPER[1:], path] if wrapper is not None and _works(wrapper) else [path]


@cache
def _works(wrapper: str) -> bool:
    """Whether this `setpriv` knows the signal: not each one is that of util-linux."""
    trial = subprocess.run([wrapper, *WRAPPER[1:], "true"], stdin=subprocess.DEVNULL, capture_output=True)
    return trial.returncode == 0


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """A process that is started meanwhile is not ended by Ctrl-C, which a terminal sends to it, too."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Guest:
    """One run of a traced kernel. Iterate over `records`, then read `ending`. `options` are QEMU's own.

    A wish to `stop` is told to the kernel by a byte on its serial line, and ends QEMU where the kernel does not. Where
    options connect the serial line, since it is a task's, the kernel is told by the power button.
    """

    def __init__(
        self,
        kernel: Path,
        options: Sequence[str] = (),
        stop: StopRequest | None = None,
        port: ConsolePort | None = None,
        bounded: bool = True,
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        """`port` is the outer end of the console device, if there is one. What is bounded ends after WALL_SECONDS,
        unless somebody types. QEMU inherits the `sockets`, which are closed here."""
        self._seconds = WALL_SECONDS if bounded and (port is None or not port.interactive) else inf
        self._kernel = kernel
        self._port = port
        self._sockets = sockets
        self._options = options
        self._silent = "-serial" in options
        self._stop = StopRequest() if stop is None else stop
        self.ending = Ending(-1, b"", "", False)

    def records(self) -> Generator[bytes, None, None]:
        """The lines of the trace as they come. The machine is ended when the iteration is, however that happens."""
        command = emulator()
        ends = os.pipe()
        with (
            tempfile.TemporaryDirectory(prefix="tyrne-") as folder,
            open(ends[0], "rb", buffering=0) as source,
            open(ends[1], "wb", buffering=0) as sink,
        ):
            serial = Path(folder) / "serial"
            complaints = Path(folder) / "complaints"
            with complaints.open("wb") as errors, serial.open("wb") as sent, _interrupts_blocked():
                process = subprocess.Popen(
                    [*command, *MACHINE, *self._devices(sink.fileno())],
                    bufsize=0,
                    stdin=subprocess.PIPE,
                    stdout=sent,
                    stderr=errors,
                    umask=0o077,  # what it makes is nobody else's
                    pass_fds=(
                        *(sink.fileno(), *(each.fileno() for each in self._sockets)),
                        *(() if self._port is None else self._port.descriptors),
                    ),
                )
            assert process.stdin is not None
            timed_out = False
            try:
                sink.close()
                for each in self._sockets:
                    each.close()
                if self._port is not None:
                    self._port.begin()
                timed_out = yield from self._lines(source.fileno(), process.stdin)
                if timed_out:
                    process.kill()
                process.wait(timeout=10)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
                process.stdin.close()
                self.ending = Ending(
                    process.returncode,
                    b"" if self._silent else _first_bytes(serial),
                    " ".join(_last_bytes(complaints).decode(errors="replace").split()),
                    timed_out,
                )

    def _devices(self, trace: int) -> list[str]:
        ours = ("-mon", "chardev=ours,mode=readline") if self._silent else ("-serial", "chardev:ours")
        return [
            *("-chardev", "stdio,id=ours,signal=off", *ours),
            *("-chardev", f"file,id=trace,path=/dev/fd/{trace}"),
            *("-semihosting-config", "enable=on,target=native,chardev=trace"),
            *("-kernel", str(self._kernel)),
            *(self._options if self._port is None else self._port.options(self._options)),
        ]

    def _lines(self, source: int, sink: IO[bytes]) -> Generator[bytes, None, bool]:
        """Lines until the other end closes; returns (as a generator does) whether it was to be stopped first."""
        port = self._port
        deadline = time.monotonic() + self._seconds
        asked = False
        rest = b""
        while True:
            if self._stop.made and not asked:
                asked = True
                deadline = min(deadline, time.monotonic() + STOP_SECONDS)
                with suppress(BrokenPipeError):  # it has just ended
                    sink.write(POWER_BUTTON if self._silent else b"\n")
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            reads, writes = ([], []) if port is None else (port.reads(), port.writes())
            readable, writable, _ = select.select([source, *reads], writes, [], min(left, LOOK_SECONDS))
            if port is not None:
                port.move([*readable, *writable])
            if source not in readable:
                continue
            block = os.read(source, 1 << 16)
            if not block:
                if port is not None:
                    port.drain()
                return False
            *lines, rest = (rest + block).split(b"\n")
            yield from lines


def _first_bytes(path: Path) -> bytes:
    """What a file has, as far as anybody would read it."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        return file.read(SAID_BYTES)


def _last_bytes(path: Path) -> bytes:
    """Whole lines, where there are more than would be read."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - COMPLAINT_BYTES))
        found = file.read(COMPLAINT_BYTES)
    return found if len(found) < COMPLAINT_BYTES else found.partition(b"\n")[2] or found
