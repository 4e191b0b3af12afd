"""Output files and folders: made whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from tyrne.system.errors import RequestError, reason

_PROCESSES: Final = Path("/proc")
"""Below it the descriptors of each process are links."""


def check_writable(path: Path, inputs: Iterable[Path]) -> None:
    """Refuse an output that cannot be written or would replace an input, before any work is done for it."""
    try:
        if path.is_dir():
            raise RequestError(f"{path}: is a directory; name a file")
        if path.is_file() and any(source.is_file() and source.samefile(path) for source in inputs):
            raise RequestError(f"{path}: is an input of this command and would be lost; name another file")
        if path.is_file() and _is_open_already(path):
            what = "leads to a file that is open already"
            raise RequestError(f"{path}: {what}; name the file that is to be written")
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {reason(error)}; choose another file") from None
    if not path.parent.is_dir():
        raise RequestError(f"{path}: there is no directory {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise RequestError(f"{path}: the directory {path.parent} is not writable; choose another")


def write_atomically(
    path: Path, content: bytes, like: os.stat_result | None = None, mend: str = "choose another file"
) -> None:
    """Replace a file in one step; a failure leaves what was there. A device or pipe is written in place. One that is
    `like` another has its mode, and its owner where that can be, and is on the disk before it takes the place."""
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(content)
            return
        handle, name = tempfile.mkstemp(prefix=".tyrne-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                if like is not None:
                    file.flush()
                    os.fsync(file.fileno())
            if like is not None:
                with suppress(PermissionError):
                    os.chown(name, like.st_uid, like.st_gid)
            os.chmod(name, 0o666 & ~_umask() if like is None else like.st_mode & 0o777)
            os.replace(name, path)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(name)
            raise
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {reason(error)}; {mend}") from None


def make_folder(folder: Path, files: Mapping[str, bytes], mend: str = "choose another name") -> None:
    """Make a folder with some files; RequestError, and nothing is made or touched, if that cannot be."""
    if os.path.lexists(folder):
        raise RequestError(f"{folder}: exists already, and nothing in it was touched; {mend}")
    if os.path.lexists(folder.parent) and not folder.parent.is_dir():
        raise RequestError(f"{folder}: cannot be made: {folder.parent} is no folder; {mend}")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".tyrne-", dir=folder.parent))
        try:
            for name, content in files.items():
                (made / name).write_bytes(content)
            made.chmod(0o777 & ~_umask())
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    except OSError as error:
        raise RequestError(f"{folder}: cannot be made: {reason(error)}; {mend}") from None


def same_place(one: Path, other: Path) -> bool:
    """Whether two outputs would take one place, however that is written."""
    return _place(one) == _place(other)


def _place(path: Path) -> Path:
    """Where `write_atomically` puts a file: a link is replaced, but one to its folder is followed."""
    return Path(os.path.realpath(path.parent)) / path.name


def _is_open_already(path: Path) -> bool:
    """Whether a path that leads to a file names an open descriptor of a process: no file can take the place of that."""
    at = _place(path)
    while not at.is_relative_to(_PROCESSES):
        if not at.is_symlink():
            return False
        at = _place(at.parent / os.readlink(at))
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
