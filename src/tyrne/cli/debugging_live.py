"""`tyrne debug --machine qemu`: a QEMU that runs while it is debugged."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tyrne.cli.debugging import folder_for_sockets, programs, serve_at
from tyrne.cli.inspecting import STATUS_SHOWN
from tyrne.cli.running import progress, terminal
from tyrne.debug.live import LiveSession
from tyrne.hosted.recorder import Listener
from tyrne.hosted.stop import StopRequest
from tyrne.inspect.live import LiveMachine
from tyrne.system.errors import RequestError
from tyrne.system.kernel_image import KernelImage, image_of
from tyrne.system.known import known_system
from tyrne.system.manifest import System
from tyrne.system.qemu_gdb import Stub
from tyrne.system.run import Machine, Request, prepare

START_SECONDS: Final = 60.0
"""How long QEMU may take to listen."""
END_SECONDS: Final = 10.0
"""How long the records of a machine that has ended may take to be read."""


def debug_live(path: Path, listen: str | None, dap: bool, limit: int, allowed: tuple[Path, ...]) -> int:
    """Serve gdb, or an editor, until it kills what it debugs, or the machine ends; the exit status."""
    with folder_for_sockets() as folder:
        with progress(terminal(stderr=True), "building …"):
            system = known_system([path], allowed=allowed)
            image = image_of(system)
        own = folder / "qemu"
        request = Request(system, Machine.QEMU, False, limit, allowed=allowed, gdb=own, halted=True)
        written = Written()
        with _started(request, written), Stub(own, START_SECONDS) as stub:
            machine = LiveMachine(stub, image, system)
            shown = LiveSession(machine, system, str(path), written.take)
            serve_at(listen, folder, dap, shown, lambda: _lines_of(image, system, folder))
            if stub.ended is None:
                with suppress(RequestError):
                    stub.kill()
    return STATUS_SHOWN


def _lines_of(image: KernelImage, system: System, folder: Path) -> list[str]:
    """How gdb gets the symbols of the kernel and of the programs."""
    kernel = f"the lines of the kernel: file {image.path}; their files: directory {Path(__file__).parents[2]}"
    return [kernel, *(line.replace("symbol-file", "add-symbol-file") for line in programs(system, folder))]


class Written(Listener):
    """What tasks and the kernel have written, to be taken by another thread."""

    def __init__(self) -> None:
        self.whole: Final = threading.Event()
        """Set when nothing comes any more."""
        self._bytes: Final = bytearray()
        self._taken = 0

    def log(self, byte: int) -> None:
        self._bytes.append(byte)

    def console(self, task: int, byte: int) -> None:
        self._bytes.append(byte)

    def device(self, name: str, data: bytes) -> None:
        self._bytes.extend(data)

    def panic(self, text: bytes) -> None:
        self._bytes.extend(text)

    def take(self, ended: bool) -> bytes:
        """What has come since the last time; of a machine that has `ended`, what is still on its way, too."""
        if ended:
            self.whole.wait(END_SECONDS)
        new = bytes(self._bytes[self._taken :])
        self._taken += len(new)
        return new


@contextmanager
def _started(request: Request, written: Written) -> Iterator[None]:
    """QEMU, at its first instruction, in a thread that follows its records; ended afterwards."""
    stop, failed = StopRequest(), list[BaseException]()
    ready = prepare(request)

    def follow() -> None:
        try:
            ready.run(written, stop=stop)
        except BaseException as error:  # told by the thread that waits for it
            failed.append(error)
        finally:
            written.whole.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    end = time.monotonic() + START_SECONDS
    try:
        while request.gdb is not None and not request.gdb.exists():
            if not thread.is_alive() or time.monotonic() > end:
                raise failed[0] if failed else RequestError("QEMU does not start; look at it with tyrne run")
            time.sleep(0.02)
        yield
    except RequestError:
        stop.made = True
        thread.join(END_SECONDS)
        if failed:
            raise failed[0] from None  # why QEMU has not started, or has ended
        raise
    finally:
        stop.made = True
        thread.join(END_SECONDS)
