"""The kernel of the QEMU `virt` board with a system inside: its C, its ELF, or the flat image that a loader copies."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.compiler import CompileError, Target
from tyrne.compiler.build import AssemblyUse, build_kernel_objects, image_bytes, link_kernel, translated
from tyrne.system.emit import Emit
from tyrne.system.errors import RequestError
from tyrne.system.loading import RAW_BASE, SOURCES, compile_program, load_program
from tyrne.system.manifest import System, encode
from tyrne.system.parts import NOTHING_GIVEN, Given
from tyrne.system.select import load_system, select, warnings_of

BOARD: Final = "tyrne.boards.qemu_virt"
ROOT: Final = f"{BOARD}.image"
_WHOLE: Final = (Emit.ELF, Emit.IMAGE)
"""What has a system inside."""
_STACK: Final = re.compile(r"^KERNEL_STACK = (0x[0-9A-Fa-f]+);", re.MULTILINE)

_ASSEMBLY: Final = {"supervisor_call_from_kernel": AssemblyUse(272, ("k_trap_from_kernel",))}
"""The kernel's call of itself at boot nests on the kernel stack: a trap frame, then the handler."""


def build_output(
    arguments: Sequence[Path], emit: Emit, release: bool, given: Given = NOTHING_GIVEN, ram: int | None = None
) -> tuple[bytes, list[str]]:
    """What `tyrne build` writes for the arguments of a command line, and what it warns of."""
    if ram is not None and emit not in _WHOLE:
        which = " or ".join(each.value for each in _WHOLE)
        raise RequestError(f"--memory: --emit {emit.value} has no system inside; leave it out, or give --emit {which}")
    try:
        if emit is Emit.C:
            return _c_source(arguments, release).encode(), []
        if emit in (Emit.PROGRAM, Emit.RAW):
            return _program(arguments, emit)
        system = load_system(select(arguments, given, ram=ram))
        elf = kernel_elf(system, release=release, traced=False)
        return elf.read_bytes() if emit is Emit.ELF else image_bytes(elf), warnings_of(system)
    except CompileError as error:
        raise RequestError(*str(error).split("\n")) from None


def _program(arguments: Sequence[Path], emit: Emit) -> tuple[bytes, list[str]]:
    """One user program alone: its ELF, or the raw image that version 1 loads."""
    if len(arguments) != 1 or arguments[0].suffix not in SOURCES:
        raise RequestError(f"--emit {emit.value} builds one program; name its source (.py, .c or .S)")
    source = arguments[0]
    program = load_program(source)
    if emit is Emit.PROGRAM:
        return compile_program(source).read_bytes(), [*program.warnings]
    code = program.segments[0]
    if len(program.segments) > 1 or program.entry != RAW_BASE or code.address != RAW_BASE:
        raise RequestError(
            f"{source}: a raw image is one segment of code, entered at its first byte; "
            "use --emit program for one with data"
        )
    return code.data, [*program.warnings]


def _c_source(arguments: Sequence[Path], release: bool) -> str:
    """The C of one program in Kernel Python if that is all the arguments name, else of the kernel."""
    if len(arguments) == 1 and arguments[0].suffix == ".py":
        if not arguments[0].is_file():
            raise RequestError(f"{arguments[0]}: there is no such file; give the path of a program")
        return translated(arguments[0], Target.USER, {}).c
    silent = bool(arguments) and select(arguments).silent
    return translated(ROOT, Target.METAL, _options(release, traced=False, silent=silent)).c


def kernel_elf(
    system: System,
    *,
    release: bool = False,
    traced: bool = False,
    counted: bool = False,
    debug: bool = False,
    max_instructions: int = 0,
) -> Path:
    """The linked kernel with the manifest of a system, from the cache where nothing has changed.

    `traced` adds the records that `tyrne run` reads; `counted` lets EL0 read the cycle counter, for measurements only;
    `debug` compiles for gdb. One of whose devices is the serial line gets a kernel that leaves it alone.
    """
    board = board_folder()
    script = board / "kernel.ld"
    found = _STACK.search(script.read_text())
    if found is None:
        raise CompileError(f"{script}: KERNEL_STACK is not defined; write KERNEL_STACK = 0x…;")
    objects = build_kernel_objects(
        ROOT,
        _options(release, traced, counted, system.silent),
        assembly=sorted(board.glob("*.S")),
        debug=debug,
        stack_limit=None if debug else int(found[1], 16),
        assembly_stack=_ASSEMBLY,
    )
    return link_kernel(objects.files, script, encode(system, max_instructions))


def board_folder() -> Path:
    """The folder with the sources of the board."""
    spec = importlib.util.find_spec(BOARD)
    if spec is None or spec.origin is None:
        raise RequestError(f"{BOARD}: not in this installation; install tyrne again")
    return Path(spec.origin).parent


def _options(release: bool, traced: bool, counted: bool = False, silent: bool = False) -> dict[str, bool]:
    """All of them each time: what is left out would make another translation of the same kernel."""
    return {"traced": traced, "debug_console": not release, "counted": counted, "silent": silent}
