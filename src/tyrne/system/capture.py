"""What goes over the wire of a network device in one run: each frame with its time, for a file in pcap's format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tyrne.hosted.devices.network import Network
from tyrne.hosted.devices.pcap import FRAME_BYTES, LATEST, MOST_BYTES, Frame, pcap_of
from tyrne.system import limits
from tyrne.system.errors import RequestError
from tyrne.system.files import same_place
from tyrne.system.parts import Device

if TYPE_CHECKING:
    from tyrne.hosted.bus import Bus, Outside
    from tyrne.hosted.devices.device import Device as Model
    from tyrne.system.models import Connect


def check_capture(file: Path, report: Path | None, devices: Sequence[Device]) -> None:
    """RequestError where there is nothing to capture, or the file is none of its own."""
    if not any(device.kind == "network" for device in devices):
        mend = 'add a [[device]] with kind = "network", or leave --capture out'
        raise RequestError(f"--capture {file}: the system has no network; {mend}")
    if file == Path("-"):
        raise RequestError("--capture -: frames are written to a file; name one")
    if report is not None and same_place(file, report):
        raise RequestError(f"--capture {file}: the report goes there; name another file")


class Capture:
    """Frames in the order in which they went over the wire, CAPTURE_BYTES of them at most; the others are counted."""

    def __init__(self) -> None:
        self._frames: Final[list[Frame]] = []
        self._left = limits.CAPTURE_BYTES
        self.left_out = 0

    def frame(self, time: int, frame: bytes) -> None:
        """A frame that came or was sent, at a time in nanoseconds; one for whose time the format has no room stands at
        the last that there is. Behind the first that is left out all are."""
        size = FRAME_BYTES + len(frame)
        if self.left_out or size > self._left or len(frame) > MOST_BYTES:
            self.left_out += 1
        else:
            self._left -= size
            self._frames.append((min(time, LATEST), bytes(frame)))

    def file(self) -> bytes:
        """The content of a pcap file."""
        return pcap_of(self._frames)

    def connect(self, then: Connect | None) -> Connect:
        """Connects a machine's devices as `then` does, and hears what goes over the wire of its network."""

        def connected(bus: Bus, models: Sequence[Model]) -> Outside | None:
            for model in models:
                if isinstance(model, Network):
                    model.wire = lambda frame: self.frame(bus.now(), frame)
            return None if then is None else then(bus, models)

        return connected
