"""`make programs`: programs of other people that systems/linux runs, into build/programs.

Each is fetched and built once, without root: Debian's BusyBox for arm64 as it is, the others from their sources by
`tyrne cc`. What is there already is not made anew. The exit status is 0 when all that were asked for are there; 1 when
one cannot be had, with the reason; 2 for a wrong request.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from assurance.linux.battery import FOLDER, ROOT, Battery
from assurance.linux.building import built
from assurance.linux.packages import NotHadError
from tyrne.system.errors import RequestError
from tyrne.system.printable import one_line
from tyrne.testing.commands import FOUND, NOTHING_FOUND, bar, guarded

PROGRAMS: Final = ROOT / "build" / "programs"


def _of_debian(name: str, path: str) -> Callable[[Battery], Path]:
    return lambda battery: battery.packages.file(name, path)


def _from_source(name: str) -> Callable[[Battery], Path]:
    return lambda battery: built(name, battery.sources[name], battery.packages)


ORIGINS: Final = {
    "busybox": _of_debian("busybox-static", "bin/busybox"),
    "lua": _from_source("lua"),
    "micropython": _from_source("micropython"),
    "sqlite3": _from_source("sqlite3"),
}


def fetched(name: str, target: Path = PROGRAMS, folder: Path = FOLDER) -> Path:
    """The program, fetched and built if it is not there; NotHadError says why it cannot be had."""
    program = target / name
    if not program.exists():
        made = ORIGINS[name](Battery(folder))
        target.mkdir(parents=True, exist_ok=True)
        partial = program.with_name(f"{name}.partial")
        shutil.copy(made, partial)
        partial.rename(program)
    return program


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make programs", description="Programs of Linux that systems/linux runs.")
    known = ", ".join(ORIGINS)
    parser.add_argument("names", nargs="*", metavar="PROGRAM", help=f"which of {known}; all of them, without any")
    options = parser.parse_args(arguments)
    return guarded("programs", lambda: _run(options.names))


def _run(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in ORIGINS]
    if unknown:
        raise RequestError(f"{unknown[0]}: no program that is fetched; there are {', '.join(ORIGINS)}")
    status = NOTHING_FOUND
    with bar() as progress:
        for name in progress.track(names or list(ORIGINS), description="fetching and building"):
            progress.console.print(f"{name}: wait for it …", highlight=False)
            try:
                said = f"there as {fetched(name).relative_to(ROOT)}"
            except NotHadError as error:
                said, status = f"CANNOT BE HAD: {one_line(str(error))}", FOUND
            progress.console.print(f"{name}: {said}", highlight=False, markup=False, soft_wrap=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
