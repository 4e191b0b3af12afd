"""Where the library of user programs is, and the object of it that every program is linked with."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.toolchain import USER_C_FLAGS, compile_file

LIBRARY: Final = "tyrne.user"
"""The package with start.S, user.ld and tyrne.h, and what programs in C are linked with in the folder c."""


@cache
def library() -> Path:
    """The folder of the user library."""
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise CompileError(f"{LIBRARY}: the user library is not installed")
    return Path(spec.origin).parent


def interface_note() -> Path:
    """The object with the note of the interface's version."""
    source, header = library() / "note.S", library() / "tyrne.h"

    def make(entry: Path) -> None:
        compile_file(str(source), "note.o", entry, USER_C_FLAGS, include=[library()], roots={library(): "tyrne"})

    parts: list[str | bytes] = [compiler_part(), *USER_C_FLAGS, "note", file_part(source), file_part(header)]
    return stored("library", digest(parts), make) / "note.o"
