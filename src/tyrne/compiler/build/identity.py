"""What a cached result depends on apart from its sources: the compiler, and the versions of what it stands on."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError
from tyrne.compiler.build.cache import digest

PINNED: Final = ("mypy", "ziglang", "cffi")

COMPILER: Final = Path(__file__).parent.parent
"""The compiler package: its Python, and the C that it puts beside what it emits."""


@cache
def toolchain_part() -> str:
    """The versions of the interpreter and of the pinned packages."""
    return " ".join([sys.version, *(f"{name}={_version(name)}" for name in PINNED)])


@cache
def compiler_part() -> str:
    """The compiler's own sources and the toolchain; an edit of the compiler makes every earlier result stale."""
    parts: list[str | bytes] = [toolchain_part()]
    for path in sorted(COMPILER.rglob("*")):
        if path.suffix in (".py", ".h", ".c"):
            parts += [str(path.relative_to(COMPILER)), path.read_bytes()]
    return digest(parts)


def _version(name: str) -> str:
    """The version of an installed package: of the one folder beside it that says so, which is quick to find. Where
    there is another number of them, its metadata are looked at."""
    spec = find_spec(name)
    if spec is not None and spec.origin is not None:
        folders = list(Path(spec.origin).parents[1].glob(f"{name}-*.dist-info"))
        if len(folders) == 1:
            return folders[0].name.removesuffix(".dist-info").removeprefix(f"{name}-")
    from importlib.metadata import version  # here: it is slow to import

    return version(name)


def file_part(path: Path) -> bytes:
    """A file's content; CompileError when it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CompileError(f"{path}: {error.strerror}") from None
