"""The files that devices are made from: looked at, and read, before anything runs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import Device

SECTOR: Final = 512


def read_files(devices: Iterable[Device], allowed: Sequence[Path]) -> tuple[Device, ...]:
    """The devices with what their files hold, and with the real paths of these. A file lies below the folder of the
    description, or below one that is allowed, wherever links lead; RequestError with each that is wrong."""
    found: list[Device] = []
    errors: list[str] = []
    for device in devices:
        try:
            found.append(device if device.file is None else _read(device, device.file, allowed))
        except RequestError as error:
            errors.append(f"{device.place}: {device.file}: {error}")
    if errors:
        raise RequestError(*errors)
    return tuple(found)


def _read(device: Device, file: Path, allowed: Sequence[Path]) -> Device:
    real = Path(os.path.realpath(file))
    if not any(real.is_relative_to(os.path.realpath(folder)) for folder in (device.folder, *allowed)):
        what = "lies outside the folder of the description"
        raise RequestError(f"{what}; move it there, or add --allow-path {real.parent}")
    try:
        if not stat.S_ISREG(real.stat().st_mode):
            raise RequestError("is no file; name an image")
        with real.open("rb") as opened:
            content = opened.read(limits.IMAGE_BYTES + 1)
    except OSError as error:
        raise RequestError(f"cannot be read: {reason(error)}; name an image") from None
    if len(content) > limits.IMAGE_BYTES:
        raise RequestError(f"larger than {limits.IMAGE_BYTES} bytes, the limit for an image; make it smaller")
    if not content or len(content) % SECTOR:
        whole = max(SECTOR, -(-len(content) // SECTOR) * SECTOR)
        what = f"{len(content)} bytes are no whole sectors of {SECTOR}"
        raise RequestError(f"{what}; fill it up, with: truncate -s {whole} {real.name}")
    return replace(device, file=real, content=content)
