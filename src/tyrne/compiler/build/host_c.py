"""C of the project itself as a shared library of this process: what drives the emulated CPU at its own speed."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import toolchain_part

MACHINES: Final = ("x86_64", "aarch64")
FLAGS: Final = ("-O2", "-fPIC", "-ffreestanding", "-fvisibility=hidden", "-Werror")
NAME: Final = "library.so"


def build_host_c(sources: Sequence[Path], headers: Sequence[Path]) -> Path:
    """The library of a few sources that include these headers and nothing of a C library; CompileError where it cannot
    be built."""
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in MACHINES:
        raise CompileError(f"{platform.system()} {machine}: host libraries are built on Linux x86-64 and AArch64 only")
    flags = [f"--target={machine}-linux-gnu", *FLAGS]
    contents = {path.name: path.read_bytes() for path in (*sources, *headers)}

    def make(work: Path) -> None:
        from tyrne.compiler.build.toolchain import WRITTEN_FLAGS, compile_file, run_tool

        for name, content in contents.items():
            (work / name).write_bytes(content)
        objects = [f"{path.stem}.o" for path in sources]
        for path, output in zip(sources, objects, strict=True):
            compile_file(path.name, output, work, flags, look=WRITTEN_FLAGS)
        run_tool("ld.lld", ["-shared", "--build-id=none", *objects, "-o", NAME], work)

    parts: list[str | bytes] = [toolchain_part(), *flags]
    for name, content in contents.items():
        parts += [name, content]
    return stored("host", digest(parts), make) / NAME
