"""Systems that were built before, by the content of all files that they were made from: nothing of them is read again.

An entry of the cache is data: JSON that names values of a few classes, and the bytes that it points into. It begins
with the SHA-256 of the rest. One that is damaged, or that these sources do not write, is passed over: the system is
loaded from its files, as if it had never been built.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from tyrne.abi import CapKind, Rights
from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part
from tyrne.compiler.build.inputs import Index, Read
from tyrne.compiler.build.inputs import collecting as reading
from tyrne.system.manifest import System, Task
from tyrne.system.parts import NOTHING_GIVEN, Cap, Device, Forward, Given, Mapping, Quota, Region, Supervisor
from tyrne.system.program import Program, Segment
from tyrne.system.select import GREETING, load_system, select
from tyrne.system.shipped import shipped

__all__ = ["Read", "known_system", "reading"]  # commands ask what was read while a system was made, or known

KIND: Final = "system"
ENTRY: Final = "system"
_CLASSES: Final[dict[str, Any]] = {
    kind.__name__: kind
    for kind in (System, Task, Program, Segment, Cap, Device, Forward, Mapping, Quota, Region, Supervisor)
}
_NUMBERS: Final[dict[str, Any]] = {"CapKind": CapKind, "Rights": Rights}
_SEAL: Final = 32
_LENGTH: Final = 8
_PARTS: Final = ("abi", "hal", "lang", "linux", "system", "user")
"""What else than the compiler decides what a system is made to."""


def known_system(
    arguments: Sequence[Path], given: Given = NOTHING_GIVEN, allowed: Sequence[Path] = (), ram: int | None = None
) -> System:
    """The system that the arguments of a command line name, as `load_system` gives it; RequestError as there."""
    try:
        here = None if given.reads() else os.getcwd()
    except OSError:  # it has been deleted
        here = None
    if here is None:
        return load_system(select(arguments, given, allowed, ram))
    index = Index([_tools(), repr((given, ram)).encode(), *map(os.fsencode, [here, *map(str, arguments)])], {})
    folder = index.known(KIND)
    found = None if folder is None else _read(folder / ENTRY)
    if found is not None:
        index.tell()
        return found
    started = time.time()
    with reading() as read:
        description = select(arguments, given, allowed, ram)
        system = load_system(description)
    if any(task.given.reads() for task in description.tasks) or any(region.file for region in description.memory):
        return system
    read.files.update(map(os.path.abspath, [*(arguments or [shipped(GREETING)]), *description.files()]))
    with suppress(CompileError, OSError, UnicodeEncodeError):  # no cache to remember it in, or a name that is no text
        _remember(index, system, read, started)
    return system


def _remember(index: Index, system: System, read: Read, started: float) -> None:
    """Store a system under the content of its files, unless one of them changed after they had been asked for."""
    for name in read.files:
        name.encode()
    if read.unknown:
        return
    index.write(read.files, {}, read.absent)
    key = index.key()
    if key is not None and all(os.stat(name).st_mtime < started for name in read.files):
        content = encoded(system)
        stored(KIND, key, lambda folder: _write(folder / ENTRY, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _read(path: Path) -> System | None:
    try:
        return decoded(path.read_bytes())
    except OSError:
        return None


def encoded(system: System) -> bytes:
    """A system as bytes that `decoded` reads."""
    contents = bytearray()
    text = json.dumps(_to_data(system, contents)).encode()
    body = len(text).to_bytes(_LENGTH, "little") + text + contents
    return hashlib.sha256(body).digest() + body


def decoded(data: bytes) -> System | None:
    """The system that was encoded; None for anything else."""
    seal, body = data[:_SEAL], data[_SEAL:]
    if hashlib.sha256(body).digest() != seal:
        return None
    end = _LENGTH + int.from_bytes(body[:_LENGTH], "little")
    try:
        found = _from_data(json.loads(body[_LENGTH:end]), body[end:])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if isinstance(found, System) else None


def _to_data(value: Any, contents: bytearray) -> Any:
    """What JSON can hold: a value of a class is an object with the one key that names it. Bytes go to the contents."""
    if isinstance(value, bytes):
        contents += value
        return {"bytes": [len(contents) - len(value), len(value)]}
    if isinstance(value, tuple):
        return [_to_data(each, contents) for each in value]
    if isinstance(value, Path):
        return {"path": os.fspath(value)}
    name = type(value).__name__
    if name in _NUMBERS:
        return {name: int(value.value)}
    if is_dataclass(value):
        assert name in _CLASSES
        return {name: [_to_data(getattr(value, field.name), contents) for field in fields(value)]}
    assert value is None or type(value) in (bool, int, str)
    return value


def _from_data(data: Any, contents: bytes) -> Any:
    if isinstance(data, list):
        return tuple(_from_data(each, contents) for each in data)
    if not isinstance(data, dict):
        return data
    ((name, value),) = data.items()
    if name == "bytes":
        start, length = value
        return contents[start : start + length]
    if name == "path":
        return Path(value)
    if name in _NUMBERS:
        return _NUMBERS[name](value)
    return _CLASSES[name](*_from_data(value, contents))


@cache
def _tools() -> str:
    """What makes a system from its files."""
    root = Path(__file__).parents[1]
    parts: list[str | bytes] = [compiler_part()]
    for part in _PARTS:
        for path in sorted((root / part).rglob("*")):
            if path.suffix in (".py", ".h", ".c", ".S", ".ld"):
                parts += [str(path.relative_to(root)), path.read_bytes()]
    return digest(parts)
