"""What was built before, by the hash of everything that went into it.

The cache holds folders `<kind>/<key>`. A folder appears whole or not at all (it is filled elsewhere and renamed), so
any number of processes may share one cache; a lock per key keeps them from doing the same work at the same time.
Each folder lists the files that it came with and their sizes. One that a crash or a full disk has damaged stays where
it is, and a new one comes beside it, `<key>.1` and so on; files that somebody has added do no harm.
What a process may be using is never deleted: from its first question on it counts as a user until it ends. A process
that begins while there is no other drops, once a day, what nobody asked for during a week.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError

DAY: Final = 24 * 3600
KEPT_SECONDS: Final = 7 * DAY
_STEERS: Final = ("Cc", "Cs", "Zl", "Zp")
"""Controls, ends of lines, and what stands for bytes that are not UTF-8."""
SIZES: Final = ".sizes.json"
USERS: Final = ".users"
"""A file that each process that uses the cache has locked, shared. Who deletes has it for itself. Its time is when the
cache was last pruned."""

_held: Final[dict[Path, int]] = {}
"""The caches that this process uses, and the handles by which it has locked their USERS."""


def cache_directory() -> Path:
    """`$TYRNE_CACHE`, or `tyrne` in the user's cache folder. A relative `$XDG_CACHE_HOME` is none, as its
    specification says."""
    named = os.environ.get("TYRNE_CACHE")
    if named:
        return Path(named).absolute()
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "tyrne"


def digest(parts: Iterable[str | bytes]) -> str:
    """One hash of several parts; each part's length counts, so that no two lists of parts look alike."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()[:40]


def known(kind: str, key: str) -> Path | None:
    """The folder of `key` if it is there and whole; it counts as used now."""
    _hold(cache_directory())
    for place in _places(kind, key):
        if not _used(place):
            return None
        if _is_whole(place):
            return place
    raise AssertionError("there is always a place that is free")


def stored(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of `key`, filled by `make(folder)` when it is not there yet. What `make` raises stores nothing."""
    found = known(kind, key)
    if found is not None:
        return found
    base = cache_directory() / kind
    with locked(base / f"{key}.lock"):
        found = known(kind, key)
        if found is not None:
            return found
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=base))
        try:
            make(work)
            (work / SIZES).write_text(json.dumps(_sizes(work)))
            work.chmod(0o755)
            return _placed(work, kind, key)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".work-", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(name, path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file of the cache; the operating system lets it go when the process ends, however it ends."""
    _hold(cache_directory())
    unusable = "the cache cannot be used"
    if any(unicodedata.category(c) in _STEERS for c in str(path)):  # messages of tools and files for make name it
        where = str(path.parent).encode("unicode_escape").decode()
        raise CompileError(f"{where}: {unusable}: its path is no line of UTF-8; set TYRNE_CACHE to another folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CompileError(f"{path.parent}: {unusable}: {why}; set TYRNE_CACHE to a folder") from None
    with os.fdopen(handle, "r+"):
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def keep_over_exec() -> None:
    """Let the program that this process becomes count as a user of the cache."""
    for handle in _held.values():
        os.set_inheritable(handle, True)


def disk_use() -> int:
    """The bytes of all files of the cache."""
    total = 0
    for folder, _, names in os.walk(cache_directory()):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def clear() -> None:
    """Delete everything that was built. CompileError while another process uses the cache."""
    directory = cache_directory()
    if not directory.is_dir():
        return
    handle = _opened(directory)
    if handle is None:
        raise CompileError(f"{directory}: the cache may only be read by this user")
    try:
        if not _is_alone(handle):
            raise CompileError(f"{directory}: another process uses the cache; try again when it has ended")
        for entry in directory.iterdir():
            if entry.name != USERS:
                _delete(entry)
    finally:
        os.close(handle)


def _places(kind: str, key: str) -> Iterator[Path]:
    """Where the folder of a key may be, in order: the first that is not damaged is the one."""
    base = cache_directory() / kind
    yield base / key
    for number in count(1):
        yield base / f"{key}.{number}"


def _placed(work: Path, kind: str, key: str) -> Path:
    """Move a filled folder to where it belongs."""
    for place in _places(kind, key):
        try:
            work.rename(place)
            return place
        except OSError:
            if not os.path.lexists(place):
                raise
        if _is_whole(place):  # by a process that came here with another lock file
            return place
    raise AssertionError("there is always a place that is free")


def _used(folder: Path) -> bool:
    """Whether the folder is there; if so it counts as used now."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    except OSError:  # a cache that this user may only read
        return folder.is_dir()
    return True


def _sizes(folder: Path) -> dict[str, int]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != SIZES)
    return {str(path.relative_to(folder)): path.stat().st_size for path in files}


def _is_whole(folder: Path) -> bool:
    """Whether all files that the folder came with are there; others may be, too."""
    try:
        sizes = json.loads((folder / SIZES).read_bytes())
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def _hold(directory: Path) -> None:
    """Count as a user of the cache until this process ends. Who is the only one prunes it first."""
    if directory in _held:
        return
    handle = _opened(directory)
    if handle is None:
        return
    if time.time() - os.fstat(handle).st_mtime > DAY and _is_alone(handle):
        _prune(directory)
        os.utime(handle)
    fcntl.flock(handle, fcntl.LOCK_SH)
    _held[directory] = handle


def _opened(directory: Path) -> int | None:
    """A handle of the file of users; None where this user may not write."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return os.open(directory / USERS, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None


def _is_alone(handle: int) -> bool:
    """Whether no other process uses the cache; if so, none can begin to before the handle is locked otherwise."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prune(directory: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for kind in directory.iterdir():
        if kind.is_dir():
            for entry in kind.iterdir():
                with suppress(OSError):
                    if entry.stat().st_mtime < oldest:
                        _delete(entry)


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
