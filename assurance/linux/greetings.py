"""A greeting in Go and one in Rust, as static programs for Linux on arm64: by the compilers of Debian's packages, which
are unpacked if the machine has none of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

from assurance.linux.building import kept, run_step
from assurance.linux.packages import NotHadError, Packages

SOURCES: Final = {
    "go": 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'
    'func main() {\n\tfmt.Println("hello from Go", os.Args[1:])\n}\n',
    "rust": 'fn main() {\n    let words: Vec<String> = std::env::args().skip(1).collect();\n'
    '    println!("hello from Rust {:?}", words);\n}\n',
}  # fmt: skip
LIBGCC: Final = ("libgcc-12-dev", "libgcc-14-dev")
"""Of Debian 12 and 13."""


def greeting(language: str, packages: Packages) -> Path:
    """The program, built if it has not been."""
    target = packages.folder / "built" / f"{language}-hello"
    if target.exists():
        return target
    work = packages.folder / "work" / f"{language}-hello"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    (work / f"hello.{'go' if language == 'go' else 'rs'}").write_text(SOURCES[language])
    if language == "go":
        _go(work, packages)
    else:
        _rust(work, packages)
    return kept(work / "hello", target)


def _go(work: Path, packages: Packages) -> None:
    command, settings = "go", {"GOOS": "linux", "GOARCH": "arm64", "CGO_ENABLED": "0", "GOCACHE": str(work / "cache")}
    if not Path("/usr/bin/go").exists():
        root = _only(packages.tool("golang-go"), "usr/lib/go-*")
        command, settings = str(root / "bin" / "go"), {**settings, "GOROOT": str(root)}
    run_step("go", [command, "build", "-o", "hello", "hello.go"], work, settings)


def _rust(work: Path, packages: Packages) -> None:
    """With the C library and the start of glibc: lld links what gcc would have."""
    command, settings = "rustc", {}
    if not Path("/usr/bin/rustc").exists():
        tool = packages.tool("rustc")
        libraries = [*(tool / "usr" / "lib").glob("*-linux-gnu"), tool / "usr" / "lib"]
        command, settings = str(tool / "usr/bin/rustc"), {"LD_LIBRARY_PATH": ":".join(map(str, libraries))}
    target = "aarch64-unknown-linux-gnu"
    standard = packages.binary("libstd-rust-dev") / "usr/lib/rustlib" / target / "lib"
    c = packages.binary("libc6-dev") / "usr/lib/aarch64-linux-gnu"
    gcc = _only(_first(packages, LIBGCC), "usr/lib/gcc/aarch64-linux-gnu/*")
    first, last = f"{c}/crt1.o {c}/crti.o {gcc}/crtbeginT.o", f"-L{c} -L{gcc} {gcc}/crtend.o {c}/crtn.o"
    linker = work / "linker"  # of what rustc says the first two words choose among linkers
    linker.write_text(f'#!/bin/sh\nshift 2\nexec "{sys.executable}" -m ziglang ld.lld {first} "$@" {last}\n')
    linker.chmod(0o755)
    words = ["--target", target, "-O", "-L", str(standard), "-C", "linker-flavor=ld.lld", "-C", f"linker={linker}"]
    static = ["-C", "target-feature=+crt-static", "-C", "relocation-model=static"]
    run_step("rust", [command, *words, *static, "-o", "hello", "hello.rs"], work, settings)


def _first(packages: Packages, names: tuple[str, ...]) -> Path:
    """The first of the packages that this release has."""
    for name in names[:-1]:
        try:
            return packages.binary(name)
        except NotHadError:
            continue
    return packages.binary(names[-1])


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise NotHadError(f"{folder.name}: it has no {pattern}")
    return found[0]
