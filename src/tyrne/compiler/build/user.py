"""User programs: Kernel Python, C or assembly to an ELF for EL0, or to the raw image of one."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.compiler import RUNTIME, CompileError, Target
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.objects import build_objects
from tyrne.compiler.build.toolchain import METAL_FLAGS, USER_C_FLAGS, USER_FLAGS, compile_file, link
from tyrne.compiler.build.translation import translated
from tyrne.compiler.front.reject import fail

LIBRARY: Final = "tyrne.user"
"""The package with start.S, user.ld and tyrne.h."""

MAIN: Final = {"parameters": [], "result": {"kind": "int", "bits": 64}}
"""The signature of a program's entry, as start.S calls it and a unit's table of types says it."""

MEMORY_SOURCE: Final = '#define KP_USER\n#include "kp.h"\n'
"""memcpy and the like, which clang may call for C as well."""


@cache
def library() -> Path:
    """The folder of the user library."""
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise CompileError(f"{LIBRARY}: the user library is not installed")
    return Path(spec.origin).parent


def build_user_program(source: Path) -> Path:
    """The ELF of a user program: Kernel Python (.py), C (.c) or assembly (.S)."""
    source = source.absolute()
    if not source.is_file():
        raise CompileError(f"{source}: there is no such file")
    if source.suffix == ".py":
        return build_user_python(source)
    if source.suffix in (".c", ".S"):
        return build_user_c(source)
    raise CompileError(f"{source}: not a source of a user program; name a .py, .c or .S file")


def build_user_python(source: Path) -> Path:
    """The ELF of a user program in Kernel Python, whose entry is its exported `main`."""
    unit = translated(source, Target.USER, {})
    functions = unit.types["functions"]
    if functions.get("main") != MAIN:
        wrong = "main has another signature" if "main" in functions else "there is no exported main"
        raise fail(source, 1, f"{wrong}; write @export def main() -> u64, whose result is the exit code")
    if "leave" not in functions:
        raise fail(source, 1, "the program has no end; write `import tyrne.user`, which brings it")
    objects = build_objects(unit, [library() / "start.S"], flags=(*METAL_FLAGS, *USER_FLAGS))
    script = library() / "user.ld"
    output = source.stem + ".elf"

    def make(work: Path) -> None:
        link([str(path) for path in objects.files], script, output, work)

    parts: list[str | bytes] = [compiler_part(), output]
    return stored("program", digest([*parts, *map(file_part, (script, *objects.files))]), make) / output


def _of_source(source: Path, errors: str) -> str:
    """The linker's errors as those of the one source."""
    start = f"{source}: there is no _start, where a program begins; define void _start(void), or a global label _start"
    errors = re.sub("^link: .*symbol not found: _start$", lambda _: start, errors, flags=re.M)
    undefined = "^link: (undefined symbol: .*)$"
    return re.sub(undefined, lambda found: f"{source}: {found[1]}; define it in this file", errors, flags=re.M)


def build_user_c(source: Path) -> Path:
    """The ELF of a user program in C or assembly: it defines `_start`; its only header is tyrne.h."""
    script = library() / "user.ld"
    header = library() / "tyrne.h"
    output = source.stem + ".elf"
    flags = ["-O2", *USER_C_FLAGS]

    def make(work: Path) -> None:
        (work / source.name).write_bytes(source.read_bytes())
        try:
            compile_file(source.name, "program.o", work, flags, include=[library()])
        except CompileError as error:  # its places are in the copy
            place = rf"^(\./)?{re.escape(source.name)}:"
            raise CompileError(re.sub(place, lambda _: f"{source}:", str(error), flags=re.M)) from None
        (work / "memory.c").write_text(MEMORY_SOURCE)
        compile_file("memory.c", "memory.o", work, flags, include=[RUNTIME])
        try:
            link(["program.o", "memory.o"], script, output, work)
        except CompileError as error:
            raise CompileError(_of_source(source, str(error))) from None

    parts = [compiler_part(), *flags, source.name]
    return stored("program", digest([*parts, *map(file_part, (source, script, header))]), make) / output
