"""What a run has written to a disk: put into its file where the description says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tyrne.host_file import read_file
from tyrne.hosted.devices.block import SECTOR
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.files import write_atomically
from tyrne.system.parts import Device
from tyrne.system.run import STATUS_PANIC, Result

_AGAIN: Final = "what the run wrote is lost, run it again"


def keep_disks(result: Result, quiet: bool = False) -> Iterator[str]:
    """Put what was written to disks into their files, where it is to be kept and the kernel has not panicked. A line
    for each file, if anything in it is to change; `quiet` leaves out what is said of others than those to keep.
    RequestError where it cannot be written, with the file as it was."""
    for device in result.request.system.devices:
        written = result.recorder.disks.get(device.name, {})
        image = bytearray(device.content)
        for number, sector in written.items():
            image[number * SECTOR : (number + 1) * SECTOR] = sector
        changed = sum(_differ(device.content, image, number * SECTOR) for number in written)
        if not changed or device.file is None:
            continue
        what = f"{changed} sector{'' if changed == 1 else 's'}"
        if not device.keep:
            if not quiet:
                yield f"{device.file}: what was written to {what} is lost; keep = true in its [[device]] would keep it"
        elif result.status == STATUS_PANIC:
            yield f"{device.file}: what was written to {what} is lost, since the kernel has panicked"
        else:
            _replace(device, device.file, bytes(image))
            yield f"{device.file}: the file was changed: {what}"


def _replace(device: Device, file: Path, image: bytes) -> None:
    """One step, in which the file is all of what it was, or all of what it is to be."""
    try:
        present, like = read_file(file, limits.IMAGE_BYTES), file.stat()
    except OSError as error:
        raise RequestError(f"{device.place}: {file}: cannot be read any more: {reason(error)}; {_AGAIN}") from None
    if present != device.content:
        raise RequestError(f"{device.place}: {file}: somebody else has changed it during the run; {_AGAIN}")
    write_atomically(file, image, like, _AGAIN)


def _differ(before: bytes, after: bytes | bytearray, at: int) -> bool:
    return before[at : at + SECTOR] != after[at : at + SECTOR]
