"""The commands that build C projects, as help and completion know them; `drivers` does what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tyrne.cli.help import Command

Arguments = Annotated[
    list[str] | None,
    typer.Argument(metavar="ARGS", help="As for the tool elsewhere; they reach it as they are.", show_default=False),
]
FOREIGN: Final = {"ignore_unknown_options": True}
"""Of commands whose options are another tool's."""

app = typer.Typer()


@app.command(cls=Command, context_settings=FOREIGN)
def cc(
    arguments: Arguments = None,
    print_flags: Annotated[
        bool, typer.Option("--print-flags", help="Show tools and flags as variables for make, and nothing else.")
    ] = False,
    toolchain: Annotated[
        Path | None,
        typer.Option("--toolchain", metavar="FILE", help="Write a toolchain file for CMake, and nothing else."),
    ] = None,
) -> int:
    """Compile and link C as clang does, to a static program of Linux that tyrne run runs: for CC="tyrne cc".

    Exit status: that of the compiler. Its own help: tyrne cc -help.
    """
    own = [*(["--print-flags"] if print_flags else []), *([] if toolchain is None else ["--toolchain", str(toolchain)])]
    return _drive("cc", [*own, *(arguments or [])])


@app.command("c++", cls=Command, context_settings=FOREIGN)
def cxx(arguments: Arguments = None) -> int:
    """The same for C++: for CXX="tyrne c++"."""
    return _drive("c++", arguments)


@app.command(cls=Command, context_settings=FOREIGN)
def ar(arguments: Arguments = None) -> int:
    """Make an archive of objects: for AR="tyrne ar"."""
    return _drive("ar", arguments)


@app.command(cls=Command, context_settings=FOREIGN)
def ranlib(arguments: Arguments = None) -> int:
    """Give an archive its index: for RANLIB="tyrne ranlib"."""
    return _drive("ranlib", arguments)


def _drive(tool: str, arguments: list[str] | None) -> int:
    from tyrne.cli.drivers import drive

    return drive(tool, arguments or [])
