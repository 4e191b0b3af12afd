"""Translations remembered by the content of everything that they read.

Two steps find an earlier result without importing any of it: the index says which files the last translation of this
root read and which handles it asked for, and these as they are now give the key of the unit.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tyrne.compiler import Target, Unit
from tyrne.compiler.build.cache import stored
from tyrne.compiler.build.identity import compiler_part
from tyrne.compiler.build.inputs import Index
from tyrne.compiler.front.modules import MODULE_BYTES
from tyrne.compiler.translate import NO_HANDLES, translate
from tyrne.compiler.unit import read_unit
from tyrne.host_file import read_file

UNIT: Final = "unit.json"


def translated(
    root: str | Path, target: Target, options: Mapping[str, bool], handles: Mapping[str, int] = NO_HANDLES
) -> Unit:
    """The unit of a root (module name or .py file), from the cache where nothing has changed.

    Of `handles` only those count that the program asks for.
    """
    is_file = str(root).endswith(".py")
    name = str(Path(root).absolute()) if is_file else str(root)
    here = str(Path(__file__).parent)  # the package that the root imports: two copies of it have two indices
    asked = _content(Path(name)) if is_file else [name]
    request = [here, *asked, target.value, json.dumps(dict(options), sort_keys=True)]
    index = Index([compiler_part(), *request], handles, Path(name).parent if is_file else None)

    def make() -> Unit:
        started = time.time()
        made = translate(name, target, options, handles)
        index.write(made.inputs, made.asked, _packages(made, name))
        _remember(index, made, started)
        return made

    return index.once(lambda: _known(index), make)


def _content(path: Path) -> list[str | bytes]:
    """What stands for a file wherever it lies: its name and its content; that of one that is not there is nothing."""
    try:
        return [path.name, read_file(path, MODULE_BYTES)]
    except OSError:
        return [path.name]


def _packages(unit: Unit, root: str) -> list[str]:
    """The packages that would be imported instead of the modules of a unit if they were there. The root itself, if it
    is a file, is not imported."""
    return [str(Path(path).with_suffix("") / "__init__.py") for path in unit.inputs if path != root]


def _remember(index: Index, unit: Unit, started: float) -> None:
    """Store a unit under the content of its files, unless one of them changed after the translation had started."""
    key = index.key()
    if key is not None and all(Path(name).stat().st_mtime < started for name in unit.inputs):
        data = {**asdict(unit), "inputs": [index.kept(path) for path in unit.inputs]}
        stored("unit", key, lambda work: _save(data, work / UNIT))


def _known(index: Index) -> Unit | None:
    """The unit of the files as they are now, if it has been made."""
    folder = index.known("unit")
    if folder is None:
        return None
    data = json.loads((folder / UNIT).read_text())
    return read_unit({**data, "inputs": [index.named(path) for path in data["inputs"]]})


def _save(data: dict[str, object], path: Path) -> None:
    path.write_text(json.dumps(data))
