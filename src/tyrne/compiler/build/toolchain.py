"""clang and ld.lld of the pinned `ziglang` wheel: C and assembly to objects, objects to images.

Every tool runs in the directory of its outputs with relative names, without build ids or times, so that two builds of
one source in two places give the same bytes. Diagnostics quote Python lines, because the C carries `#line`.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from tyrne.compiler import RUNTIME, CompileError

_PLAIN_FLAGS: Final = (
    "--target=aarch64-none-elf",
    "-mcpu=cortex-a72",
    "-mgeneral-regs-only",  # the kernel never touches the FP/SIMD registers of a task
    "-mstrict-align",  # the MMU is off at first: unaligned accesses would fault
    "-ffreestanding",
    "-fno-pic",
    "-fomit-frame-pointer",
    "-fno-asynchronous-unwind-tables",
)
"""Code for the kernel at EL1 and for user programs in Kernel Python."""

METAL_FLAGS: Final = (
    *_PLAIN_FLAGS,
    "-mcmodel=tiny",  # all places lie within 1 MiB of the code: one instruction for the address of one
    "-mllvm",
    "-max-store-memcpy=16",  # a copy of up to 128 bytes is no call, also where code is compiled for size
    "-mllvm",
    "-max-store-memset=16",
)
"""Code for the kernel."""

USER_FLAGS: Final = (
    "-fno-delete-null-pointer-checks",  # a read of address 0 is a fault, not what the compiler likes
    "-Xclang",  # the driver knows the next one for Linux only
    "-fstack-clash-protection",  # a large frame touches each of its pages: none steps over the guard below the stack
)
"""Code for user programs in any language."""

USER_PYTHON_FLAGS: Final = (*_PLAIN_FLAGS, *USER_FLAGS)
"""Code for user programs in Kernel Python."""

USER_C_FLAGS: Final = (
    *USER_FLAGS,
    "-fno-strict-aliasing",  # much C was written so
    "--target=aarch64-none-elf",
    "-mcpu=cortex-a72",
    "-ffreestanding",
    "-fno-pic",
    "-fno-asynchronous-unwind-tables",
)
"""Code for user programs in C, which may use FP/SIMD."""

COMMON_FLAGS: Final = (
    "-std=gnu2x",
    "-nostdinc",
    "-g",
    "-fno-finite-loops",  # a loop that never ends is what was written; C lets a compiler suppose that it does
    "-fdebug-compilation-dir=.",
    "-ffunction-sections",  # calls between functions become relocations: the stack bound reads its call graph there
    "-fdata-sections",
    "-Wno-unused-command-line-argument",
    "-fno-color-diagnostics",
)

GENERATED_FLAGS: Final = ("-Wall", "-Wno-unused", "-Wno-parentheses-equality", "-fno-caret-diagnostics")
"""How C is looked at that nobody wrote by hand."""

WRITTEN_FLAGS: Final = ("-Wall", "-Wextra")
"""How C is looked at that somebody wrote."""

LINK_FLAGS: Final = ("--build-id=none", "--gc-sections", "--no-dynamic-linker", "-static", "-z", "max-page-size=4096")

_DIAGNOSTIC: Final = re.compile(r"^(?P<place>[^\n]+?:\d+)(?::\d+)?: (?:fatal )?error: (?P<text>.*)$", re.MULTILINE)
_LINK_ERROR: Final = re.compile(r"^ld\.lld: error: (?P<text>.*)$", re.MULTILINE)


class ToolError(CompileError):
    """A tool has failed. `output` is all that it said."""

    def __init__(self, output: str, status: int) -> None:
        super().__init__(explain(output, status))
        self.output = output


@cache
def wheel() -> Path:
    """The folder of the ziglang wheel."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise CompileError("ziglang: the compiler's back end is not installed; run: pip install ziglang")
    return Path(spec.origin).parent


def run_tool(tool: str, arguments: Sequence[str], directory: Path) -> str:
    """Run one tool of the wheel in `directory`; what it warns of, or ToolError when it fails."""
    process = subprocess.run(
        [str(wheel() / "zig"), tool, *arguments],
        cwd=directory,
        env={**os.environ, "TMPDIR": tempfile.gettempdir()},  # which is there, whatever the variable names
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",  # diagnostics quote the source, whatever it is
    )
    if process.returncode:
        raise ToolError(process.stderr, process.returncode)
    return process.stderr


def explain(output: str, status: int) -> str:
    """The errors among a tool's diagnostics, one line each, each with its place where it has one."""
    lines = [f"{match['place']}: {match['text']}" for match in _DIAGNOSTIC.finditer(output)]
    lines += [f"link: {match['text']}" for match in _LINK_ERROR.finditer(output)]
    return "\n".join(dict.fromkeys(lines)) or f"the back end ended with status {status}: {output.strip()[-2000:]}"


def prefix_maps(roots: Mapping[Path, str]) -> list[str]:
    """Flags that replace folders of this machine in debug information and `__FILE__`; the longest prefix wins."""
    ordered = sorted(roots.items(), key=lambda item: len(str(item[0])))  # clang tries the last one first
    return [f"-ffile-prefix-map={folder}/={name and name + '/'}" for folder, name in ordered]


def compile_file(
    source: str,
    output: str,
    directory: Path,
    flags: Sequence[str],
    *,
    include: Sequence[Path] = (),
    roots: Mapping[Path, str] | None = None,
    look: Sequence[str] = GENERATED_FLAGS,
) -> str:
    """Compile or assemble `source` (.c or .S, relative to `directory`) to the object `output` beside its `.su` file.

    `look` are the flags that say what is warned of, and how; the result is what was said.
    """
    arguments = [*flags, *COMMON_FLAGS, *look]
    arguments += ["-isystem", str(wheel() / "lib" / "include")]
    arguments += [word for folder in include for word in ("-I", str(folder))]
    arguments += prefix_maps({wheel(): "ziglang", RUNTIME: "", **(roots or {})})
    if source.endswith(".c"):
        arguments.append("-fstack-usage")
    name = f"./{source}" if source.startswith(("-", "@")) else source  # else an option, or a file of options
    return run_tool("clang", [*arguments, "-c", name, "-o", output], directory)


def link(objects: Sequence[str], script: Path, output: str, directory: Path, flags: Sequence[str] = LINK_FLAGS) -> None:
    """Link objects (relative to `directory`, or absolute) by a linker script."""
    run_tool("ld.lld", [*flags, "-T", str(script), *objects, "-o", output], directory)
