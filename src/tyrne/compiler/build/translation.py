"""Translation in a process of its own, remembered by the content of everything that it read.

Two steps find an earlier result without importing any of it: the index says which files the last translation of this
root read, and their content now gives the key of the unit.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError, Target, Unit
from tyrne.compiler.build.cache import cache_directory, digest, stored, write_atomically
from tyrne.compiler.build.identity import COMPILER, compiler_part

REFUSED: Final = 2
"""Exit status of the translating process when the program is refused; its standard error then says why."""

PACKAGES: Final = COMPILER.parent.parent
"""The folder with this `tyrne`: all that the translating process finds apart from what is installed."""


def translated(root: str | Path, target: Target, options: Mapping[str, bool]) -> Unit:
    """The unit of a root (module name or .py file), from the cache where nothing has changed."""
    name = str(root.absolute()) if isinstance(root, Path) else root
    request = [name, target.value, json.dumps(dict(options), sort_keys=True)]
    index = cache_directory() / "index" / digest([compiler_part(), *request])
    key = _content_key(index)
    folder = cache_directory() / "unit" / key if key else None
    if folder is None or not folder.is_dir():
        fresh = _translate_elsewhere(request)
        write_atomically(index, json.dumps(fresh.inputs).encode())
        key = _content_key(index)
        if key is None:
            raise CompileError(f"{name}: a source file vanished during the build; build again")
        stored("unit", key, lambda work: _save(fresh, work / "unit.json"))
        return fresh
    return _load(stored("unit", key or "", lambda work: None) / "unit.json")


def _content_key(index: Path) -> str | None:
    """The key of the unit that the files named by the index give now; None when one of them is not there."""
    parts: list[str | bytes] = [index.name]
    try:
        for name in json.loads(index.read_bytes()):
            parts += [name, Path(name).read_bytes()]
    except OSError:
        return None
    return digest(parts)


def _translate_elsewhere(request: list[str]) -> Unit:
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES), "PYTHONHASHSEED": "0"}
    process = subprocess.run(
        [sys.executable, "-P", "-m", "tyrne.compiler.build.translation", *request],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if process.returncode == REFUSED:
        raise CompileError(process.stderr.strip())
    if process.returncode:
        raise CompileError(f"{request[0]}: the compiler failed, which is a fault in it: {process.stderr.strip()}")
    return _parse(process.stdout)


def _save(unit: Unit, path: Path) -> None:
    path.write_text(json.dumps(asdict(unit)))


def _load(path: Path) -> Unit:
    return _parse(path.read_text())


def _parse(text: str) -> Unit:
    fields = json.loads(text)
    return Unit(**{**fields, "files": tuple(fields["files"]), "inputs": tuple(fields["inputs"])})


def main() -> None:
    """The translating process: root, target and options in, the unit as JSON out."""
    from tyrne.compiler import translate

    name, target, options = sys.argv[1:]
    output, sys.stdout = sys.stdout, sys.stderr  # a module that prints when imported does not spoil the answer
    try:
        unit = translate(Path(name) if name.endswith(".py") else name, Target(target), json.loads(options))
    except CompileError as error:
        print(error, file=sys.stderr)
        sys.exit(REFUSED)
    json.dump(asdict(unit), output)


if __name__ == "__main__":
    main()
