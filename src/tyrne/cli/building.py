"""The commands that run nothing: `build`, `check`, `new` and `cache`."""

from __future__ import annotations

import shlex
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tyrne.cli.help import Command
from tyrne.cli.options import AbiOption, AllowPath, FilesOption, MemoryOption, Release, Systems, given_by, ram_of
from tyrne.cli.output import say, warn
from tyrne.cli.running import STDOUT, check_output, check_read, progress, terminal, write
from tyrne.system.emit import Emit
from tyrne.system.errors import RequestError
from tyrne.system.known import reading
from tyrne.system.select import load_system, select, warnings_of

app = typer.Typer()


@app.command(cls=Command)
def build(
    context: typer.Context,
    emit: Annotated[Emit, typer.Option(help="The kernel: as C, ELF or flat image. One program: as ELF or raw image.")],
    system: Systems = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = None,
    release: Release = False,
    abi: AbiOption = None,
    memory: MemoryOption = None,
) -> int:
    """Build the kernel with a system inside, or one program. With --emit c and one PROGRAM.py: that program's C."""
    from tyrne.system.build import build_output

    given, ram = given_by(context, abi), ram_of(memory)
    if output is None and emit is not Emit.C:
        raise RequestError(f"no output named; add -o FILE for --emit {emit.value}")
    if output is not None:
        check_output(output, system or [], select(system or [], given, ram=ram))
    with progress(terminal(stderr=True), "building …"):
        with reading() as read:
            content, warnings = build_output(system or [], emit, release, given, ram)
        check_read(output, read)
    warn(warnings)
    write(STDOUT if output is None else output, content)
    return 0


@app.command(cls=Command)
def check(
    context: typer.Context,
    system: Systems = None,
    allow_path: AllowPath = None,
    abi: AbiOption = None,
    files: FilesOption = None,
    memory: MemoryOption = None,
) -> int:
    """Check a description, its programs and the files of its devices without running anything."""
    from tyrne.system.device_files import read_files
    from tyrne.system.outline import outline

    with progress(terminal(stderr=True), "checking …"):
        description = select(system or [], given_by(context, abi, files), allow_path or (), ram_of(memory))
        loaded = load_system(description)
        read_files(loaded.devices, allow_path or ())
    warn(warnings_of(loaded))
    say(*outline(description, loaded))
    return 0


@app.command(cls=Command)
def new(directory: Annotated[Path, typer.Argument(metavar="NAME", help="The directory to make.")]) -> int:
    """Make a directory with a program and a system description that run."""
    from tyrne.cli.new import create_project

    description = create_project(directory)
    say(f"made {directory}; run it with: tyrne run {shlex.quote(str(description))}")
    return 0


class CacheAction(Enum):
    """What `tyrne cache` may be asked to do."""

    CLEAR = "clear"


@app.command(cls=Command)
def cache(
    action: Annotated[
        CacheAction | None, typer.Argument(metavar="clear", help="Delete all of it. Without this: say what it holds.")
    ] = None,
) -> int:
    """Say where the cache of what was built is, and how large; or clear it."""
    from rich.filesize import decimal

    from tyrne.system import built

    directory, size = built.place_and_size()
    if action is None:
        say(f"{directory}: {decimal(size)}, all of which can be built again; clear it with: tyrne cache clear")
        return 0
    built.clear()
    say(f"{directory}: cleared, {decimal(size)}")
    return 0
