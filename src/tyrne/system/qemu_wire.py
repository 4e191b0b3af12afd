"""The other end of the wire of QEMU's network device: the peer that models have, over a socket, a frame a datagram.

So nothing that a system sends leaves this process, but answers to who has sent to a port that the description names.
"""

from __future__ import annotations

import os
import select
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tyrne.hosted.devices.network import LONGEST, MOST_WAITING, SHORTEST
from tyrne.hosted.devices.pcap import Frame, frames_of
from tyrne.hosted.devices.peer import ANNOUNCEMENT, answer
from tyrne.system.capture import Capture
from tyrne.system.devices import NO_WIRE, in_option
from tyrne.system.errors import RequestError, reason
from tyrne.system.forwarding import Ports
from tyrne.system.parts import Device

_SLEEPING: Final = ("-icount", "shift=0,sleep=on")
"""While nobody is ready time is that of the wall: else the end of the run would come before the next frame."""
_AT_ONCE: Final = 1 << 16
_AGAIN_SECONDS: Final = 0.01
"""Until a frame is sent anew that QEMU did not take."""
_MOST_UNDER_WAY: Final = 64
"""Frames that wait for QEMU while those of ports are taken."""
_LOOK_SECONDS: Final = 0.1
"""How often is looked whether the run is over."""


class Wire:
    """For one run, while the context is open. Frames come at their times since QEMU took the first, or later: as many
    wait as QEMU lets wait, and none is lost but what answers somebody who takes nothing."""

    def __init__(self, device: Device, capture: Capture | None = None) -> None:
        """`capture` gets what goes over the wire, with times by the clock on the wall since the context is open.
        RequestError where a port or the socket cannot be had."""
        self._capture: Final = capture
        self._opened = 0
        frames = frames_of(device.content) if device.content else ()
        self._frames: Final[list[Frame]] = [(time, one) for time, one in frames if SHORTEST <= len(one) <= LONGEST]
        self._ports: Final = Ports(device)
        self._folder: Final = tempfile.TemporaryDirectory(prefix="tyrne-")
        self._ours: Final = Path(self._folder.name) / "ours"
        self._qemus: Final = Path(self._folder.name) / "qemus"
        self._socket: Final = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.bind(str(self._ours))
        except OSError as error:
            self._close()
            what = f"{self._folder.name}: no socket can be made there: {reason(error)}"
            raise RequestError(f"{what}; let TMPDIR name a folder with a short path") from None
        self._over: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._work, name="wire", daemon=True)
        self._first: Final = deque([ANNOUNCEMENT])
        """What goes before the frames of the file; first the announcement, as QEMU drops a frame that it has when a
        driver resets the device."""

    def __enter__(self) -> Wire:
        self._opened = time.monotonic_ns()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._close()

    def _close(self) -> None:
        self._ports.close()
        self._socket.close()
        self._folder.cleanup()

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, in which the wire ended nowhere."""
        ours, qemus = map(in_option, (self._ours, self._qemus))
        ends = f"local.path={qemus},remote.type=unix,remote.path={ours}"
        wire = f"dgram,id=network,local.type=unix,{ends}"
        return [*(wire if word == NO_WIRE else word for word in options), *_SLEEPING]

    def _work(self) -> None:
        start: float | None = None
        number = 0
        while not self._over.is_set():
            seconds = _LOOK_SECONDS
            frame = self._first[0] if self._first else None
            if frame is None and number < len(self._frames):
                assert start is not None
                due = start + self._frames[number][0] / 1e9 - time.monotonic()
                frame = self._frames[number][1] if due <= 0 else None
                seconds = min(seconds, max(0.0, due))
            if frame is not None and self._send(frame):
                start = time.monotonic() if start is None else start
                if self._first:
                    self._first.popleft()
                else:
                    number += 1
                seconds = 0.0
            elif frame is not None:
                seconds = _AGAIN_SECONDS
            self._move(seconds)

    def _move(self, seconds: float) -> None:
        """Take what the system or somebody at a port has sent, waiting so long for it. Who sends to ports waits while
        much is under way."""
        ports = self._ports.descriptors if len(self._first) < _MOST_UNDER_WAY else []
        own = self._socket.fileno()
        ready = select.select([own, *ports], [], [], seconds)[0]
        for descriptor in ports:
            if descriptor in ready and (frame := self._ports.take(descriptor)) is not None:
                self._first.append(frame)
        if own in ready:
            frame = self._socket.recv(_AT_ONCE)
            self._capture_frame(frame)
            if len(frame) >= SHORTEST:
                self._ports.give(frame)
                said = answer(frame) if len(self._first) < MOST_WAITING else None  # who asks need not take answers
                if said is not None:
                    self._first.append(said)

    def _send(self, frame: bytes) -> bool:
        """Send a frame; whether QEMU takes it now."""
        try:
            self._socket.sendto(frame, os.fspath(self._qemus))
        except OSError:  # it is full, or not there yet, or no more
            return False
        self._capture_frame(frame)
        return True

    def _capture_frame(self, frame: bytes) -> None:
        if self._capture is not None:
            self._capture.frame(time.monotonic_ns() - self._opened, frame)
