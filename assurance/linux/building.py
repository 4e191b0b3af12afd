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
HELLO: Final = {
    "go": 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'
    'func main() {\n\tfmt.Println("hello from Go", os.Args[1:])\n}\n',
    "rust": 'fn main() {\n    let words: Vec<String> = std::env::args().skip(1).collect();\n'
    '    println!("hello from Rust {:?}", words);\n}\n',
}  # fmt: skip


class Source(BaseModel):
    """How a package's source becomes a program: the files compiled at once, or the commands that end in `program`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    package: str
    language: str = "c"
    files: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    write: Mapping[str, str] = {}
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
    shutil.copytree(packages.source(source.package), work, symlinks=True)
    for file, text in source.write.items():
        (work / file).write_text(text)
    compilers = _compilers(packages.folder)
    if source.commands:
        for command in source.commands:
            _run(name, ["sh", "-ec", command], work, compilers)
        made = work / source.program
    else:
        left_out = {path for pattern in source.without for path in work.glob(pattern)}
        files = sorted({path for pattern in source.files for path in work.glob(pattern)} - left_out)
        words = [str(path.relative_to(work)) for path in files]
        made = work / "made-program"
        compiler = compilers["CXX" if source.language == "c++" else "CC"]
        _run(name, [compiler, "-O2", "-s", *source.flags, "-o", made.name, *words, "-lm"], work, compilers)
    return _kept(made, target)


def hello(language: str, packages: Packages) -> Path:
    """A greeting in Go or in Rust, by the machine's own compiler."""
    target = packages.folder / "built" / f"{language}-hello"
    if target.exists():
        return target
    work = packages.folder / "work" / f"{language}-hello"
    work.mkdir(parents=True, exist_ok=True)
    if language == "go":
        (work / "hello.go").write_text(HELLO[language])
        settings = {"GOOS": "linux", "GOARCH": "arm64", "CGO_ENABLED": "0", "GOCACHE": str(work / "cache")}
        _run("go", ["go", "build", "-o", "hello", "hello.go"], work, settings)
    else:
        (work / "hello.rs").write_text(HELLO[language])
        library = packages.binary("libstd-rust-dev") / "usr/lib/rustlib/aarch64-unknown-linux-gnu/lib"
        linker = _compilers(packages.folder)["CC"]
        words = ["--target", "aarch64-unknown-linux-gnu", "-O", "-L", str(library), "-C", f"linker={linker}"]
        _run("rust", ["rustc", *words, "-C", "target-feature=+crt-static", "-o", "hello", "hello.rs"], work, {})
    return _kept(work / "hello", target)


def _kept(made: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(made, target.with_suffix(".partial"))
    target.with_suffix(".partial").rename(target)
    return target


def _compilers(folder: Path) -> dict[str, str]:
    """Commands of one word each, as makefiles and configure scripts want them."""
    found = {}
    for variable, word in (("CC", "cc"), ("CXX", "c++")):
        script = folder / f"{TARGET}-{word}"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ziglang {word} -target {TARGET} -static "$@"\n')
        script.chmod(0o755)
        found[variable] = str(script)
    return found


def _run(name: str, command: list[str], work: Path, more: Mapping[str, str]) -> None:
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(work), "LC_ALL": "C", **more}
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise NotHadError(f"{name}: building it needs {command[0]}: {error.strerror}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise NotHadError(f"{name}: {command[0]}: {said[-1] if said else f'status {done.returncode}'}")
