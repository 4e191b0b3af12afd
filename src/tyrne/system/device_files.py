"""The files that devices are made from: looked at, and read, before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from tyrne.host_file import NoFileError, read_file
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import Device

FIRST_FRAME: Final = 1_000_000
"""Nanoseconds after boot, for the first frame of a file."""
_LONGEST: Final = 1_000_000_000 * 1_000_000_000


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
    what, limit, check = _IMAGE if device.kind == "block" else _FRAMES
    real, content = read_below(file, (device.folder, *allowed), what, limit)
    if device.keep:
        _check_keeping(real)
    return replace(device, file=real, content=check(content, real))


def read_below(
    file: Path, folders: Sequence[Path], what: str, limit: int, smaller: str = "make it smaller"
) -> tuple[Path, bytes]:
    """The real path of a file, and what it holds. The first folder is that of the description; RequestError if it lies
    below none of them, wherever links lead, or is no file, or larger than `limit` bytes."""
    real = Path(os.path.realpath(file))
    if not any(real.is_relative_to(os.path.realpath(folder)) for folder in folders):
        outside = "lies outside the folder of the description"
        raise RequestError(f"{outside}; move it there, or add --allow-path {real.parent}")
    try:
        content = read_file(real, limit)
    except NoFileError:
        raise RequestError(f"is no file; name {what}") from None
    except OSError as error:
        raise RequestError(f"cannot be read: {reason(error)}; name {what}") from None
    if len(content) > limit:
        raise RequestError(f"larger than {limit} bytes, the limit for {what}; {smaller}")
    return real, content


def _check_keeping(file: Path) -> None:
    """Refuse a file that is not to be written to, or cannot be replaced."""
    for path, what in ((file, "it"), (file.parent, f"its folder {file.parent}")):
        if not os.access(path, os.W_OK | (os.X_OK if path is not file else 0)):
            raise RequestError(f"cannot be kept: {what} is not writable; make it so, or remove keep = true")


def _whole_sectors(content: bytes, file: Path) -> bytes:
    from tyrne.hosted.devices.block import SECTOR  # here: most runs have no device

    if not content or len(content) % SECTOR:
        whole = max(SECTOR, -(-len(content) // SECTOR) * SECTOR)
        what = f"{len(content)} bytes are no whole sectors of {SECTOR}"
        raise RequestError(f"{what}; fill it up, with: truncate -s {whole} {file.name}")
    return content


def _since_boot(content: bytes, file: Path) -> bytes:
    """The frames of a file, with the times at which they come: the first one a millisecond after boot."""
    from tyrne.hosted.devices.pcap import frames_of, pcap_of

    try:
        frames = frames_of(content)
    except ValueError as error:
        raise RequestError(str(error)) from None
    if frames and frames[-1][0] - frames[0][0] > _LONGEST:
        raise RequestError("its frames come over more than 30 years; name a part of it")
    return pcap_of((time - frames[0][0] + FIRST_FRAME, frame) for time, frame in frames)


_IMAGE: Final = ("an image", limits.IMAGE_BYTES, _whole_sectors)
_FRAMES: Final = ("a pcap file", limits.FRAME_FILE_BYTES, _since_boot)
"""What a device is made from, how large it may be, and what makes the device's content of it, or refuses it."""
