"""Units and assembly compiled to objects, with the bound on their stack; kept in the cache."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tyrne.compiler import RUNTIME, CompileError, Target, Unit
from tyrne.compiler.build.cache import digest, stored
from tyrne.compiler.build.identity import compiler_part, file_part
from tyrne.compiler.build.toolchain import METAL_FLAGS, compile_file
from tyrne.compiler.build.translation import translated

OPTIMISATION: Final = {False: "-O2", True: "-O0"}
"""By `debug`: gdb sees every local and every line at -O0."""


@dataclass(frozen=True)
class Bound:
    """The deepest chain of calls from one exported function, and the bytes of stack that it needs."""

    entry: str
    bytes: int
    path: tuple[str, ...]


@dataclass(frozen=True)
class AssemblyUse:
    """What an assembly function that compiled code calls takes of the stack, in bytes, and which exports it calls."""

    bytes: int
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objects:
    """Compiled files, ready to link, and the stack that each exported function can need, deepest first."""

    files: tuple[Path, ...]
    bounds: tuple[Bound, ...]
    unit: Unit


def build_objects(
    unit: Unit,
    assembly: Sequence[Path] = (),
    *,
    debug: bool = False,
    flags: Sequence[str] = METAL_FLAGS,
    stack_limit: int | None = None,
    assembly_stack: Mapping[str, AssemblyUse] | None = None,
) -> Objects:
    """Compile a unit, and assemble files that see its offsets as preprocessor constants.

    `stack_limit` is the size of the stack that exported functions run on, in bytes; CompileError where one of them may
    need more. `assembly_stack` says what assembly functions use when the unit calls them (nothing if not named).
    """
    names = [path.name for path in assembly]
    if len({"unit", *(Path(name).stem for name in names)}) != len(names) + 1:
        raise CompileError(f"assembly files need names of their own, none of them unit: {', '.join(names)}")
    used = dict(assembly_stack or {})
    every = [OPTIMISATION[debug], *flags]

    def make(work: Path) -> None:
        # Imported here: a build that is in the cache does without.
        from concurrent.futures import ThreadPoolExecutor

        from tyrne.compiler.build.stack import stack_bounds

        (work / "unit.c").write_text(unit.c)
        (work / "offsets.h").write_text(unit.offsets)
        for path in assembly:
            (work / path.name).write_bytes(path.read_bytes())
        with ThreadPoolExecutor() as pool:
            runs = [
                pool.submit(compile_file, "unit.c", "unit.o", work, every, include=[RUNTIME])
            ]
            for name in names:
                assembled = [*every, "-include", "offsets.h"]
                runs.append(pool.submit(compile_file, name, f"{Path(name).stem}.o", work, assembled))
            for run in runs:
                run.result()
        bounds = stack_bounds(work / "unit.o", used)
        (work / "stack.json").write_text(json.dumps([asdict(bound) for bound in bounds]))

    parts: list[str | bytes] = [compiler_part(), unit.c, unit.offsets, *every]
    parts.append(repr(sorted(used.items())))
    for path in assembly:
        parts += [path.name, file_part(path)]
    folder = stored("objects", digest(parts), make)
    bounds = [Bound(b["entry"], b["bytes"], tuple(b["path"])) for b in json.loads((folder / "stack.json").read_text())]
    if stack_limit is not None:
        check_stack(bounds, stack_limit)
    stems = ["unit", *(path.stem for path in assembly)]
    return Objects(tuple(folder / f"{stem}.o" for stem in stems), tuple(bounds), unit)


def build_kernel_objects(
    root: str,
    options: Mapping[str, bool],
    *,
    assembly: Sequence[Path],
    debug: bool = False,
    stack_limit: int | None = None,
    assembly_stack: Mapping[str, AssemblyUse] | None = None,
) -> Objects:
    """Translate and compile the image of a board (its root module) with its assembly. What `options` says is what the
    sources ask by `option(…)`; a release build is one of them. `debug` compiles for gdb (-O0)."""
    unit = translated(root, Target.METAL, options)
    return build_objects(unit, assembly, debug=debug, stack_limit=stack_limit, assembly_stack=assembly_stack)


def check_stack(bounds: Sequence[Bound], limit: int) -> None:
    """CompileError with the path of calls when an exported function may need more than `limit` bytes."""
    for bound in bounds:
        if bound.bytes > limit:
            raise CompileError(
                f"{bound.entry}: needs up to {bound.bytes} bytes of stack, there are {limit}; "
                f"shorten this chain of calls or make its locals smaller: {' -> '.join(bound.path)}"
            )
