"""The folders that get what programs of Linux have made or changed of their files, looked at before anything runs.

What lies in such a folder a program may replace, and the next run would be made from it. So there is nothing in it that
the system is made from, and no way to such a file leads through it.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from tyrne.compiler.build.inputs import Read
from tyrne.system.errors import RequestError, reason
from tyrne.system.parts import Region

_MOST_LINKS: Final = 40
"""On the way to one file: as many as Linux follows."""


def check_out(folder: Path, within: Path | None) -> str | None:
    """What is wrong with the place of a folder for files that come back; None if nothing is. It lies below `within`, if
    there is one, wherever links lead."""
    real = Path(os.path.realpath(folder))
    if within is not None and not real.is_relative_to(os.path.realpath(within)):
        return f"{folder} lies outside the folder of the description; name one in it"
    nearest = _nearest(real)
    if not os.path.isdir(nearest):
        return f"{folder}: {nearest} is no folder; name another"
    if not os.access(nearest, os.W_OK | os.X_OK):
        return f"{folder} cannot be written to; name another folder"
    return None


def prove_writable(folder: Path) -> None:
    """RequestError where such a folder cannot be written to. What is missing of it is made and removed again, name by
    name, in a folder where it would lie."""
    real = Path(os.path.realpath(folder))
    nearest = _nearest(real)
    try:
        with tempfile.TemporaryDirectory(prefix=".tyrne-", dir=nearest) as made:
            for name in real.relative_to(nearest).parts:
                os.mkdir(os.path.join(made, name))
                os.rmdir(os.path.join(made, name))
    except OSError as error:
        raise RequestError(f"{folder} cannot be written to: {reason(error)}; name another folder") from None


def _nearest(path: Path) -> Path:
    """Of a path and what it lies in, the first that is there, if only as a link that leads nowhere."""
    while not os.path.lexists(path):
        path = path.parent
    return path


def check_inputs(folder: Path, inputs: Iterable[Path], archives: Iterable[Path] = ()) -> str | None:
    """What is wrong with such a folder where a system is made from these files, or would be if they were there; and, of
    archives that are folders, from all that lies in them. None if it is gone through on the way to none."""
    real = Path(os.path.realpath(folder))
    mend = "name a folder of its own"
    for path in (*inputs, *archives):
        if os.path.realpath(path) == str(real):
            return f"{folder} is searched for what is read, which a program could replace; {mend}"
        if _leads_into(path, real):
            what = "has" if os.path.lexists(path) else "would have"
            return f"{folder} {what} {path}, which a program could replace; {mend}"
    for path in archives:
        if real.is_relative_to(os.path.realpath(path)):
            return f"{folder} lies in {path}, whose files another task gets; name a folder of its own"
    return None


def _leads_into(path: Path, folder: Path) -> bool:
    """Whether something in a folder is gone through on the way to a file, or the file is this folder."""
    places = list(ways(path))
    return places[-1:] == [folder] or any(place != folder and place.is_relative_to(folder) for place in places)


def ways(path: Path) -> Iterator[Path]:
    """Each place that is gone through on the way to a file, from the working directory if it is named from there:
    folders, links and what they lead to, and the file."""
    at = Path("/") if path.is_absolute() else Path.cwd()
    left = list(reversed(path.parts[1:] if path.is_absolute() else path.parts))
    links = 0
    while left and links < _MOST_LINKS:
        name = left.pop()
        at = at.parent if name == ".." else at / name
        yield at
        if os.path.islink(at):
            links += 1
            target = Path(os.readlink(at))
            at = Path("/") if target.is_absolute() else at.parent
            left += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def check_made_from(regions: Sequence[Region], read: Read) -> Iterator[str]:
    """What is wrong with the folders of a system of which a program is made from what was read, headers among it, or
    would be made from what was not there."""
    if all(region.out is None for region in regions):
        return
    files = [*map(Path, sorted(read.files)), *map(Path, sorted(read.absent))]
    for region in regions:
        if region.out is None:
            continue
        wrong = "what the programs are made from is no longer known; try again" if read.unknown else None
        if wrong := wrong or check_inputs(region.out, files):
            yield f"{region.place or '--out'}: {wrong}"


def check_apart(output: Path, regions: Iterable[Region]) -> None:
    """RequestError where a file that the command writes lies in such a folder, whose program could replace it, or is
    what such a folder would lie in."""
    place = Path(os.path.realpath(output.parent)) / output.name
    for region in regions:
        if region.out is not None:
            real = Path(os.path.realpath(region.out))
            if real.is_relative_to(place) or _leads_into(output, real):
                raise RequestError(f"{output}: {region.out} gets the files of a program; name a file elsewhere")
