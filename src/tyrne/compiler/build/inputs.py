"""Which files a build has read: their content now is the key of its result, which is found without doing the work.

An index is a file of the cache. It stands for a request, and says what the last build of that request has read: files,
and answers that the request gave to questions by name. The content of those files and those answers give the key, as
long as nothing has come to stand where a file would have been read before one of them. Files in the folder of the
request are known by their names there: the same files in another folder give the same key.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from tyrne.compiler.build.cache import cache_directory, digest, known, locked, write_atomically
from tyrne.host_file import read_file

T = TypeVar("T")

PACKAGE: Final = Path(__file__).parents[2]
"""What this file is a part of: tyrne, which a program imports wherever it lies."""

READ_BYTES: Final = 64 << 20
"""A file that a build has read. What is made from a larger one is built each time."""


@dataclass(eq=False)
class Read:
    """The files that several builds have read, and what would have been read if it had been there. Two are different
    even where they hold the same: one collects within another."""

    files: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    unknown: bool = False
    """Whether there is more, of which nobody knows any more."""


_reading: Final[list[Read]] = []


@contextmanager
def collecting() -> Iterator[Read]:
    """What the builds read that are asked for meanwhile, whether they are made or known."""
    read = Read()
    _reading.append(read)
    try:
        yield read
    finally:
        _reading.remove(read)


class Index:
    """The index of a request. `answers` are what its build may ask for by name; `folder` is where it lies, if the
    result is the same wherever that is. The package that builds is no part of the folder, also if it lies there."""

    def __init__(
        self, request: Iterable[str | bytes], answers: Mapping[str, str] | Mapping[str, int], folder: Path | None = None
    ) -> None:
        self.path = cache_directory() / "index" / digest(request)
        self._answers = answers
        self._folder = folder

    def kept(self, name: str) -> str:
        """The name by which a file is kept: that in the folder, if it is there."""
        path = Path(name)
        if self._folder is None or not path.is_relative_to(self._folder) or path.is_relative_to(PACKAGE):
            return name
        return str(path.relative_to(self._folder))

    def named(self, kept: str) -> str:
        """The file that was kept by a name."""
        return kept if self._folder is None else os.path.join(self._folder, kept)

    def once(self, find: Callable[[], T | None], make: Callable[[], T]) -> T:
        """What `find` finds, or else what `make` makes: one process at a time, so that others find it."""
        found = find()
        if found is None:
            with locked(self.path.with_suffix(".lock")):
                found = find()
                if found is None:
                    found = make()
        self.tell()
        return found

    def tell(self) -> None:
        """Tell those who collect what the build has read, or that the index cannot be read."""
        if not _reading:
            return
        files, absent, unknown = [], [], False
        try:
            read = json.loads(self.path.read_bytes())
            files, absent = [*map(self.named, read["files"])], [*map(self.named, read["absent"])]
        except (OSError, ValueError, TypeError, KeyError):
            unknown = True
        for each in _reading:
            each.files.update(files)
            each.absent.update(absent)
            each.unknown |= unknown

    def known(self, kind: str) -> Path | None:
        """The folder of the result, if it has been made of the files and answers as they are now."""
        key = self.key()
        return None if key is None else known(kind, key)

    def key(self) -> str | None:
        """The key of what the files and answers give now; None when one is not there, or nothing was ever built."""
        parts: list[str | bytes] = [self.path.name]
        with suppress(OSError):  # not there, or of a cache that this user may only read
            os.utime(self.path)
        try:
            read = json.loads(self.path.read_bytes())
            for name in read["files"]:
                parts += [name, _content(self.named(name))]
            parts += [f"{name}={self._answers.get(name, otherwise)}" for name, otherwise in read["asked"].items()]
            if any(os.path.lexists(self.named(name)) for name in read["absent"]):
                return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):  # also a damaged index
            return None
        return digest(parts)

    def write(self, files: Iterable[str], asked: Mapping[str, int | None], absent: Iterable[str] = ()) -> None:
        """Remember what a build has read, what it asked for, with the answer that it takes where there is none, and
        what would have been read if it had been there."""
        content = {
            "files": sorted(set(map(self.kept, files))),
            "asked": dict(sorted(asked.items())),
            "absent": sorted(set(map(self.kept, absent))),
        }
        write_atomically(self.path, json.dumps(content).encode())


def _content(name: str) -> bytes:
    """What a file holds; OSError where that cannot be read, is no file, or is too large."""
    content = read_file(name, READ_BYTES)
    if len(content) > READ_BYTES:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), name)
    return content
