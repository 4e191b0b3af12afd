"""From a source to a static program for Linux on arm64, with the compiler that the project pins."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from assurance.linux.packages import NotHadError, Packages

TARGET: Final = "aarch64-linux-musl"
ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "SOURCE_DATE_EPOCH": "0"}
"""Of what builds a program; the same source makes the same program on each day."""


class Source(BaseModel):
    """How a package's source becomes a program: the files compiled at once, or the commands that end in `program`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    package: str
    """Of Debian, or a wheel of PyPI: name==version."""
    suite: str = ""
    """The release of Debian that it is from, where not every one has it."""
    language: str = "c"
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    write: Mapping[str, str] = {}
    inside: str = ""
    """The folder of the package that the source is in."""
    needs: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    program: str = ""


def built(name: str, source: Source, packages: Packages) -> Path:
    """The program, built if it has not been."""
    target = packages.folder / "built" / name
    if target.exists():
        return target
    for tool in source.needs:
        if shutil.which(tool) is None:
            raise NotHadError(f"{name}: building it needs {tool}")
    work = packages.folder / "work" / name
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source_folder(source, packages), work, symlinks=True)
    for file, text in source.write.items():
        (work / file).write_text(text)
    compilers = _compilers(packages.folder)
    if source.commands:
        for command in source.commands:
            run_step(name, ["sh", "-ec", command], work, compilers)
        made = work / source.program
    else:
        left_out = {path for pattern in source.without for path in work.glob(pattern)}
        files = sorted({path for pattern in source.files for path in work.glob(pattern)} - left_out)
        words = [str(path.relative_to(work)) for path in files]
        made = work / "made-program"
        compiler = compilers["CXX" if source.language == "c++" else "CC"]
        run_step(name, [compiler, "-O2", "-s", *source.flags, "-o", made.name, *words, "-lm"], work, compilers)
    return kept(made, target)


def source_folder(source: Source, packages: Packages) -> Path:
    """Where the source is unpacked."""
    if "==" in source.package:
        return packages.wheel(source.package) / source.inside
    return packages.of(source.suite).source(source.package) / source.inside


def kept(made: Path, target: Path) -> Path:
    """What was made, where it stays; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(made, target.with_suffix(".partial"))
    target.with_suffix(".partial").rename(target)
    return target


def _compilers(folder: Path) -> dict[str, str]:
    """Commands of one word each, as makefiles and configure scripts want them, and where they keep a C library."""
    tool, native = f'exec "{sys.executable}" -P -m tyrne', f'exec "{sys.executable}" -m ziglang cc'
    found = {"XDG_CACHE_HOME": str(folder / "caches")}
    for variable, name, command in (
        ("CC", f"{TARGET}-cc", f"{tool} cc"), ("CXX", f"{TARGET}-c++", f"{tool} c++"), ("BUILD_CC", "build-cc", native)
    ):  # fmt: skip
        script = folder / name
        script.write_text(f'#!/bin/sh\n{command} "$@"\n')
        script.chmod(0o755)
        found[variable] = str(script)
    return found


def run_step(name: str, command: list[str], work: Path, more: Mapping[str, str]) -> None:
    """Run a command in an environment of its own; NotHadError when it fails."""
    environment = {**ENVIRONMENT, "HOME": str(work), **more}
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NotHadError(f"{name}: building it needs {command[0]}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise NotHadError(f"{name}: {command[0]}: {said[-1] if said else f'status {done.returncode}'}")
