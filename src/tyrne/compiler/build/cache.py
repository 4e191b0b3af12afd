"""What was built before, by the hash of everything that went into it.

The cache holds folders `<kind>/<key>`. A folder appears whole or not at all (it is filled elsewhere and renamed), so
any number of processes may share one cache; a lock per key keeps them from doing the same work at the same time.
Each folder lists the sizes of its files: one that a crash or a full disk has damaged counts as not there.
Folders that nobody used for a week are dropped when a new one is stored.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError

KEPT_SECONDS: Final = 7 * 24 * 3600
SIZES: Final = ".sizes.json"


def cache_directory() -> Path:
    """`$TYRNE_CACHE`, or `tyrne` in the user's cache folder."""
    named = os.environ.get("TYRNE_CACHE")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tyrne"


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
    folder = cache_directory() / kind / key
    return folder if _used(folder) and _is_whole(folder) else None


def stored(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder of `key`, filled by `make(folder)` when it is not there yet. What `make` raises stores nothing."""
    found = known(kind, key)
    if found is not None:
        return found
    base = cache_directory() / kind
    folder = base / key
    with locked(base / f"{key}.lock"):
        found = known(kind, key)
        if found is not None:
            return found
        shutil.rmtree(folder, ignore_errors=True)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=base))
        try:
            make(work)
            (work / SIZES).write_text(json.dumps(_sizes(work)))
            work.chmod(0o755)
            work.rename(folder)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        _prune(base)
    return folder


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a reader sees the old content or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".work-", dir=path.parent)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.replace(name, path)


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
    try:
        return bool(json.loads((folder / SIZES).read_bytes()) == _sizes(folder))
    except (OSError, ValueError):
        return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file; the operating system lets it go when the process ends, however it ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise CompileError(f"{path.parent}: the cache cannot be used: {why}; set TYRNE_CACHE to a folder") from None
    with os.fdopen(handle, "r+"):
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _prune(base: Path) -> None:
    oldest = time.time() - KEPT_SECONDS
    for entry in os.scandir(base):
        with suppress(OSError):
            if entry.stat().st_mtime < oldest:
                if entry.is_dir():
                    shutil.rmtree(entry.path, ignore_errors=True)
                else:
                    os.unlink(entry.path)
