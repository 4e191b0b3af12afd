"""Translations remembered by the content of everything that they read.

Two steps find an earlier result without importing any of it: the index says which files the last translation of this
root read, and their content now gives the key of the unit.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tyrne.compiler import Target, Unit, translate
from tyrne.compiler.build.cache import cache_directory, digest, known, locked, stored, write_atomically
from tyrne.compiler.build.identity import compiler_part

UNIT: Final = "unit.json"


def translated(root: str | Path, target: Target, options: Mapping[str, bool]) -> Unit:
    """The unit of a root (module name or .py file), from the cache where nothing has changed."""
    name = str(Path(root).absolute()) if str(root).endswith(".py") else str(root)
    here = str(Path(__file__).parent)  # the package that the root imports: two copies of it have two indices
    request = [here, name, target.value, json.dumps(dict(options), sort_keys=True)]
    index = cache_directory() / "index" / digest([compiler_part(), *request])
    found = _known(index)
    if found is None:
        with locked(index.with_suffix(".lock")):  # who waited here finds what the other has made
            found = _known(index)
            if found is None:
                started = time.time()
                found = translate(name, target, options)
                write_atomically(index, json.dumps(found.inputs).encode())
                _remember(index, found, started)
    return found


def source_roots(unit: Unit) -> dict[Path, str]:
    """The folders above the top-level packages of a unit's sources, each standing for nothing in names of files."""
    roots = {}
    for path in unit.inputs:
        for short in unit.files:
            if path.endswith(f"/{short}"):
                roots[Path(path.removesuffix(short))] = ""
    return roots


def _content_key(index: Path) -> str | None:
    """The key of the unit that the files named by the index give now; None when one of them is not there."""
    parts: list[str | bytes] = [index.name]
    with suppress(OSError):  # not there, or of a cache that this user may only read
        os.utime(index)
    try:
        for name in json.loads(index.read_bytes()):
            parts += [name, Path(name).read_bytes()]
    except (OSError, ValueError, TypeError):  # also a damaged index
        return None
    return digest(parts)


def _remember(index: Path, unit: Unit, started: float) -> None:
    """Store a unit under the content of its files, unless one of them changed after the translation had started."""
    key = _content_key(index)
    if key is not None and all(Path(name).stat().st_mtime < started for name in unit.inputs):
        stored("unit", key, lambda work: _save(unit, work / UNIT))


def _known(index: Path) -> Unit | None:
    """The unit of the files as they are now, if it has been made."""
    key = _content_key(index)
    folder = known("unit", key) if key is not None else None
    if folder is None:
        return None
    fields = json.loads((folder / UNIT).read_text())
    return Unit(**{**fields, "files": tuple(fields["files"]), "inputs": tuple(fields["inputs"])})


def _save(unit: Unit, path: Path) -> None:
    path.write_text(json.dumps(asdict(unit)))
