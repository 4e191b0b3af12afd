"""The other end of the wire of QEMU's network device: the peer that models have, over a socket, a frame a datagram.

So nothing that a system sends leaves this process.
"""

from __future__ import annotations

import os
import select
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tyrne.hosted.devices.pcap import Frame, frames_of
from tyrne.hosted.devices.peer import ANNOUNCEMENT, answer
from tyrne.system.devices import NO_WIRE
from tyrne.system.parts import Device

_SLEEPING: Final = ("-icount", "shift=0,sleep=on")
"""While nobody is ready time is that of the wall: else the end of the run would come before the next frame."""
_AT_ONCE: Final = 1 << 16
_AGAIN_SECONDS: Final = 0.01
"""Until a frame is sent anew that QEMU did not take."""
_LOOK_SECONDS: Final = 0.1
"""How often is looked whether the run is over."""


class Wire:
    """For one run, while the context is open. Frames come at their times since QEMU took the first, or later: as many
    wait as QEMU lets wait, and none is lost."""

    def __init__(self, device: Device) -> None:
        self._frames: Final[list[Frame]] = list(frames_of(device.content)) if device.content else []
        self._folder: Final = tempfile.TemporaryDirectory(prefix="tyrne-")
        self._ours: Final = Path(self._folder.name) / "ours"
        self._qemus: Final = Path(self._folder.name) / "qemus"
        self._socket: Final = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(str(self._ours))
        self._over: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._work, name="wire", daemon=True)
        self._answers: Final = [ANNOUNCEMENT]
        """Behind the announcement, which is the one frame that QEMU drops when a driver resets the device."""

    def __enter__(self) -> Wire:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, in which the wire ended nowhere."""
        ends = f"local.path={self._qemus},remote.type=unix,remote.path={self._ours}"
        wire = f"dgram,id=network,local.type=unix,{ends}"
        return [*(wire if word == NO_WIRE else word for word in options), *_SLEEPING]

    def _work(self) -> None:
        start: float | None = None
        waiting: list[bytes] = []
        sent = 0
        while not self._over.is_set():
            while self._answers or waiting:
                if not self._send(self._answers[0] if self._answers else waiting[0]):
                    break
                start = time.monotonic() if start is None else start
                if self._answers:
                    del self._answers[0]
                else:
                    sent += 1
                    del waiting[0]
            seconds = _AGAIN_SECONDS if self._answers or waiting else _LOOK_SECONDS
            if not waiting and start is not None and sent < len(self._frames):
                due = start + self._frames[sent][0] / 1e9 - time.monotonic()
                if due <= 0:
                    waiting.append(self._frames[sent][1])
                    continue
                seconds = min(seconds, due)
            if select.select([self._socket], [], [], seconds)[0]:
                self._take()

    def _take(self) -> None:
        """Take a frame that the guest has sent."""
        frame = self._socket.recv(_AT_ONCE)
        said = answer(frame) if len(frame) >= 14 else None
        if said is not None:
            self._answers.append(said)

    def _send(self, frame: bytes) -> bool:
        """Send a frame; whether QEMU takes it now."""
        try:
            self._socket.sendto(frame, os.fspath(self._qemus))
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            return False
        return True
