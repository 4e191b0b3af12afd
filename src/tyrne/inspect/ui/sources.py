"""Which files the page may show, by the names that places in programs have.

A report, and the debug information of a program, may name any file of this computer. So a name leads to a file only if
the description has named that file as a program, or if it is one of Tyrne's own: its kernel, and its library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tyrne.host_file import read_file
from tyrne.inspect.runs import is_report
from tyrne.system.errors import RequestError
from tyrne.system.known import known_system
from tyrne.system.manifest import encode
from tyrne.system.replay import Replay
from tyrne.system.select import select

BYTES: Final = 1 << 20
"""Of a file that is shown."""
_PACKAGE: Final = Path(__file__).parents[2]
_START: Final = _PACKAGE / "user" / "start.S"
"""Where each program begins; programs name it without a folder."""
_OWN: Final = re.compile(r"tyrne/(?:user|abi)/(?:\w+/)*\w+\.(?:py|S|h|c)|tyrne/kernel/\w+\.py", re.ASCII)


class Sources:
    """The files that may be shown."""

    def __init__(self, files: Iterable[Path] = ()) -> None:
        self._files: Final = {name: file for file in files for name in _names(file)}

    def path(self, name: str) -> Path | None:
        """The file that a name is of, if it may be shown."""
        if _OWN.fullmatch(name):
            return _PACKAGE / name.removeprefix("tyrne/")
        return self._files.get(name, _START if name == _START.name else None)

    def lines(self, name: str) -> list[str] | None:
        """The lines of a file; None where it may not be shown, or cannot be read."""
        path = self.path(name)
        try:
            content = None if path is None else read_file(path, BYTES)
        except OSError:
            return None
        return None if content is None or len(content) > BYTES else content.decode(errors="replace").splitlines()


def _names(file: Path) -> Iterator[str]:
    """How a place may name a file: as it was named, or from the working directory."""
    yield str(file)
    path = file.resolve()
    yield str(path)
    if path.is_relative_to(Path.cwd()):
        yield str(path.relative_to(Path.cwd()))


def sources_of(replay: Replay, system: Path | None) -> Sources:
    """Those of the system that runs, or of that which made a report: RequestError where it was another one."""
    run = replay.run.path
    if system is None:
        return Sources() if is_report(run) else Sources(select([run]).files())
    if encode(known_system([system]), replay.record.limit) != replay.record.manifest:
        mend = "give the one that made it, as it was, or leave it out"
        raise RequestError(f"--system {system}: {run} is of other programs or of another description; {mend}")
    return Sources(select([system]).files())
