"""What programs of Linux have made or changed of their files, written into the folders that are to get it.

Nothing is written but below such a folder: each folder on the way is opened in the one above it, and no link is
followed. A file takes the place of one of its name in one step. What a program has left makes no more files and folders
than an archive may have entries, however long its paths are.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tyrne.linux.archive import ENTRIES
from tyrne.linux.returned import Entry, Returned, read_returned
from tyrne.system import limits
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import Region
from tyrne.system.printable import one_line

if TYPE_CHECKING:
    from tyrne.system.run import Result

SAID: Final = 8
"""Names that are said of the files that were written, and likewise lines of what was not."""
REMOVED_SAID: Final = 64
"""Names that are said of what was removed, which nothing else tells."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_ON_THE_WAY: Final = _FOLDER | getattr(os, "O_PATH", 0)
"""For a folder that may be closed to who only goes through it."""
_MIB: Final = (1 << 20) // limits.PAGE
_TEMPORARY: Final = ".tyrne-"


def take_files(result: Result) -> Iterator[str]:
    """Write what programs have left, and say what was written and what was not. RequestError where the host refuses,
    when the others have theirs."""
    from tyrne.system.run import STATUS_PANIC

    failed: list[str] = []
    for region in result.request.system.memory:
        memory = result.recorder.returned.get(region.name)
        if region.out is None or memory is None:
            continue
        if result.status == STATUS_PANIC:
            yield f"{region.out}: nothing comes back, since the kernel has panicked"
        elif (left := read_returned(memory)) is None:
            yield f"{region.out}: nothing comes back, since the program has not ended by itself"
        else:
            try:
                yield from _take(region, region.out, left)
            except RequestError as error:
                failed += error.lines
    if failed:
        raise RequestError(*failed)


def _take(region: Region, out: Path, left: Returned) -> Iterator[str]:
    written: list[str] = []
    refused: list[str] = [f"{entry.name!r} is left out: {entry.refused}" for entry in left.entries if entry.refused]
    try:
        with ExitStack() as ends:
            writer = _Writer(_open_out(out, ends))
            for entry in left.entries:
                if entry.is_removed:
                    continue
                if not entry.refused and (wrong := writer.put(entry)):
                    refused.append(f"{entry.name!r} is left out: {wrong}")
                elif not entry.refused and not entry.is_folder:
                    written.append(entry.name)
    except OSError as error:
        done = f"; {_files(len(written))} of it had been written" if written else ""
        raise RequestError(f"{out}: cannot be written to: {reason(error)}; name another folder{done}") from None
    written = list(dict.fromkeys(written))
    if written:
        yield one_line(f"{out}: {_files(len(written))} came back: {_named(written, SAID)}")
    if removed := list(dict.fromkeys(entry.name for entry in left.entries if entry.is_removed and not entry.refused)):
        yield one_line(f"{out}: removed by the program, and not deleted there: {_named(removed, REMOVED_SAID)}")
    refused = list(dict.fromkeys(refused))
    for line in refused[:SAID]:
        yield one_line(f"{out}: {line}")
    if len(refused) > SAID:
        yield f"{out}: {len(refused) - SAID} more are left out"
    if left.more:
        yield f"{out}: {left.more} more are left out: no more than {ENTRIES} come back"
    if left.left_out:
        yield f"{out}: {left.left_out} more did not fit into {region.pages // _MIB} MiB, and are lost"
    if left.damaged:
        yield f"{out}: what the program has left there ends in what is no archive"


def _named(names: Sequence[str], most: int) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _files(number: int) -> str:
    return f"{number} file{'' if number == 1 else 's'}"


def _open_out(out: Path, ends: ExitStack) -> int:
    """The folder, made if it is not there. Its path had no links when it was looked at before the run: now none is
    followed."""
    folder = os.open("/", _ON_THE_WAY)
    ends.callback(os.close, folder)
    *above, last = Path(os.path.abspath(out)).parts[1:]
    for name, flags in (*((name, _ON_THE_WAY) for name in above), (last, _FOLDER)):
        try:
            folder, _ = _folder_in(folder, name, flags)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise OSError(error.errno, "a link has come in its way, or what is no folder") from None
            raise
        ends.callback(os.close, folder)
    return folder


def _folder_in(folder: int, name: str, flags: int) -> tuple[int, bool]:
    """A folder in another one, and whether it was made, since nothing was there."""
    with suppress(FileNotFoundError):
        return os.open(name, flags, dir_fd=folder), False
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return os.open(name, flags, dir_fd=folder), True


class _Writer:
    """Puts entries below a folder that is open."""

    def __init__(self, root: int) -> None:
        self._root: Final = root
        self._made = 0
        """Folders."""

    def put(self, entry: Entry) -> str:
        """Put an entry where it belongs; what stands in its way, or ""."""
        with ExitStack() as ends:
            folder = self._root
            for name in entry.names if entry.is_folder else entry.names[:-1]:
                if self._made >= ENTRIES:
                    return f"{ENTRIES} folders have been made"
                try:
                    folder, made = _folder_in(folder, name, _FOLDER)
                except OSError as error:
                    if error.errno in (errno.ELOOP, errno.ENOTDIR):
                        return f"{name!r} is no folder there, or a link, which is not followed"
                    raise
                self._made += made
                ends.callback(os.close, folder)
            return "" if entry.is_folder else _put_file(folder, entry)


def _put_file(folder: int, entry: Entry) -> str:
    name = entry.names[-1]
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return "a folder is there"
    temporary = _TEMPORARY + secrets.token_hex(8)  # nobody knows it before
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    descriptor = os.open(temporary, flags, 0o777 if entry.executable else 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(entry.content)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise
    return ""
