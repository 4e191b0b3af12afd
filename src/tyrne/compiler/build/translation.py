"""Translations remembered by the content of everything that they read.

Two steps find an earlier result without importing any of it: the index says which files the last translation of this
root read, and their content now gives the key of the unit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from tyrne.compiler import CompileError, Target, Unit, translate
from tyrne.compiler.build.cache import cache_directory, digest, stored, write_atomically
from tyrne.compiler.build.identity import compiler_part


def translated(root: str | Path, target: Target, options: Mapping[str, bool]) -> Unit:
    """The unit of a root (module name or .py file), from the cache where nothing has changed."""
    name = root if isinstance(root, str) else str(root.absolute())
    here = str(Path(__file__).parent)  # the package that the root imports: two copies of it have two indices
    request = [here, name, target.value, json.dumps(dict(options), sort_keys=True)]
    index = cache_directory() / "index" / digest([compiler_part(), *request])
    key = _content_key(index)
    if key is not None and (cache_directory() / "unit" / key).is_dir():
        return _load(stored("unit", key, lambda work: None) / "unit.json")
    unit = translate(name, target, options)
    write_atomically(index, json.dumps(unit.inputs).encode())
    key = _content_key(index)
    if key is None:
        raise CompileError(f"{name}: a source file vanished during the build; build again")
    stored("unit", key, lambda work: _save(unit, work / "unit.json"))
    return unit


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
    try:
        for name in json.loads(index.read_bytes()):
            parts += [name, Path(name).read_bytes()]
    except OSError:
        return None
    return digest(parts)


def _save(unit: Unit, path: Path) -> None:
    path.write_text(json.dumps(asdict(unit)))


def _load(path: Path) -> Unit:
    fields = json.loads(path.read_text())
    return Unit(**{**fields, "files": tuple(fields["files"]), "inputs": tuple(fields["inputs"])})
