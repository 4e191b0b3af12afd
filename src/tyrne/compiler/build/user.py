"""User programs: Kernel Python, C or assembly to an ELF for EL0."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError, Target
from tyrne.compiler.build.c_program import SUFFIXES, CProgram, build_c_program
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.library import interface_note, library
from tyrne.compiler.build.objects import build_objects
from tyrne.compiler.build.toolchain import USER_PYTHON_FLAGS, link
from tyrne.compiler.build.translation import translated
from tyrne.compiler.front.reject import fail
from tyrne.compiler.translate import NO_HANDLES

MAIN: Final = {"parameters": [], "result": {"kind": "int", "bits": 64}}
"""The signature of a program's entry, as start.S calls it and a unit's table of types says it."""


def build_user_program(source: Path, handles: Mapping[str, int] = NO_HANDLES) -> Path:
    """The ELF of a user program: Kernel Python (.py), C (.c) or assembly (.S) of one file.

    `handles` are the words of its capabilities by their names; Kernel Python asks for them.
    """
    source = source.absolute()
    if source.suffix in SUFFIXES:
        return build_c_program(CProgram((source,)))
    if not source.is_file():
        raise CompileError(f"{source}: there is no such file")
    if source.suffix == ".py":
        return build_user_python(source, handles)
    raise CompileError(f"{source}: not a source of a user program; name a .py, .c or .S file")


def build_user_python(source: Path, handles: Mapping[str, int] = NO_HANDLES) -> Path:
    """The ELF of a user program in Kernel Python, whose entry is its exported `main`."""
    unit = translated(source, Target.USER, {}, handles)
    functions = unit.types["functions"]
    if functions.get("main") != MAIN:
        wrong = "main has another signature" if "main" in functions else "there is no exported main"
        raise fail(source, 1, f"{wrong}; write @export def main() -> u64, whose result is the exit code")
    if "leave" not in functions:
        raise fail(source, 1, "the program has no end; write `import tyrne.user`, which brings it")
    objects = build_objects(unit, [library() / "start.S"], flags=USER_PYTHON_FLAGS)
    files = (*objects.files, interface_note())
    script = library() / "user.ld"
    output = source.stem + ".elf"

    def make(work: Path) -> None:
        link([str(path) for path in files], script, output, work)

    parts: list[str | bytes] = [compiler_part(), output]
    return stored("program", digest([*parts, *map(file_part, (script, *files))]), make) / output
