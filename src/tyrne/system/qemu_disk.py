"""The disk of QEMU: a copy of the image, so that QEMU itself changes no file of the description."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

from tyrne.hosted.devices.block import SECTOR
from tyrne.hosted.recorder import Recorder
from tyrne.system.devices import drive
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import Device

_OURS: Final = "cache=unsafe"
"""Of a copy that nobody has after the run: QEMU need not see that it is on the host's disk."""


class QemuDisk:
    """A copy of an image, to which QEMU writes in one run, while the context is open. Then the recorder gets the
    sectors that it has changed."""

    def __init__(self, device: Device, recorder: Recorder) -> None:
        """RequestError where there is no room for it."""
        self._device: Final = device
        self._recorder: Final = recorder
        self._folder: Final = tempfile.TemporaryDirectory(prefix="tyrne-")
        self._copy: Final = Path(self._folder.name) / "disk"
        try:
            self._copy.write_bytes(device.content)
        except OSError as error:
            self._folder.cleanup()
            what = f"{self._copy}: the copy of {device.file} cannot be written: {reason(error)}"
            raise RequestError(f"{what}; let TMPDIR name a folder with room for it") from None

    def __enter__(self) -> QemuDisk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._recorder.disks[self._device.name] = self._written()
        finally:
            self._folder.cleanup()

    def options(self, options: Sequence[str]) -> list[str]:
        """QEMU's options, in which writes to the image were lost."""
        image, copy = drive(self._device.file), drive(self._copy, _OURS)
        return [copy if word == image else word for word in options]

    def _written(self) -> Mapping[int, bytes]:
        before, after = self._device.content, self._copy.read_bytes()
        found: dict[int, bytes] = {}
        for at in range(0, len(before) if before != after else 0, SECTOR):
            if before[at : at + SECTOR] != (sector := after[at : at + SECTOR]):
                found[at // SECTOR] = sector
        return found
