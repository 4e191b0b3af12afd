"""What is typed into the console of a system, which may be its serial line: a file, or what comes from a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tyrne.host_file import NoFileError, read_file
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import TYPED_INTO, Device

STDIN: Final = Path("-")
"""The input that comes from standard input."""
_MEND: Final = 'add a [[device]] with kind = "console" or "serial", or leave --input out'


@dataclass(frozen=True)
class Input:
    """Bytes that are known before the run; or with None for them the terminal that a descriptor names."""

    content: bytes | None
    terminal: int = -1


def read_input(file: Path | None, devices: Sequence[Device]) -> Input | None:
    """What `--input` says, read before anything runs. Without it a terminal, if standard input is one and the system
    has a console; else None. RequestError with what is wrong with it."""
    console = any(device.kind in TYPED_INTO for device in devices)
    if file is None:
        return terminal_input() if console else None
    if not console:
        raise RequestError(f"--input {file}: the system has no console; {_MEND}")
    return (terminal_input() if file == STDIN else None) or Input(input_content(file, f"--input {file}"))


def input_content(file: Path, what: str) -> bytes:
    """All that a file has, or standard input before its end; RequestError, about `what`, if that cannot be read, or is
    too much."""
    descriptor = _standard_input() if file == STDIN else -1
    if descriptor is None:
        raise RequestError(f"{what}: standard input is closed; name a file")
    try:
        content = _whole(descriptor) if file == STDIN else read_file(file, limits.INPUT_BYTES)
    except NoFileError:
        raise RequestError(f"{what}: is no file; name one, or write - for standard input") from None
    except OSError as error:
        raise RequestError(f"{what}: cannot be read: {reason(error)}; name a file") from None
    if len(content) > limits.INPUT_BYTES:
        raise RequestError(f"{what}: larger than {limits.INPUT_BYTES} bytes, the limit for input; shorten it")
    return content


def terminal_input() -> Input | None:
    """The terminal that standard input is; None if it is none."""
    descriptor = _standard_input()
    return None if descriptor is None or not os.isatty(descriptor) else Input(None, descriptor)


def _standard_input() -> int | None:
    """Its descriptor; None when it is closed, or no stream of the system."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def typed_into(devices: Sequence[Device], given: Input | None) -> tuple[Device, ...]:
    """The devices, of which the console gets what is known before: all of it, and its end, at the start of the run."""
    if given is None or given.content is None:
        return tuple(devices)
    from tyrne.hosted.typist import END  # here: most runs have no device

    keys = ((0, given.content + END),)
    return tuple(replace(device, keys=keys) if device.kind in TYPED_INTO else device for device in devices)


def _whole(descriptor: int) -> bytes:
    """All that standard input has before its end, or more than is taken; OSError if it cannot be read."""
    content = bytearray()
    while len(content) <= limits.INPUT_BYTES and (block := os.read(descriptor, 1 << 16)):
        content += block
    return bytes(content)
