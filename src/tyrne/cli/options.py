"""Arguments and options that several commands have, and what they stand for."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from tyrne.system.errors import RequestError
from tyrne.system.parts import Given


class Abi(Enum):
    """A system that programs are built for."""

    LINUX = "linux"
    TYRNE = "tyrne"


Systems = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SYSTEM.toml | PROGRAM",
        help="A system description, or programs: Kernel Python (.py), C (.c), assembly (.S), an AArch64 ELF, "
        "a raw image (.bin). Without any: the greeting.",
        show_default=False,
    ),
]
AllowPath = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        help="A folder besides that of the description in which files of devices and memory may lie, to be read, and "
        "changed if the description says keep = true. May be given again.",
        show_default=False,
    ),
]
AbiOption = Annotated[
    Abi | None,
    typer.Option(
        "--abi",
        help="For which system the programs were built, if they do not say so. The arguments of one for Linux stand "
        "behind --.",
        show_default=False,
    ),
]
FilesOption = Annotated[
    Path | None,
    typer.Option(
        "--files",
        metavar="DIR",
        help="The files that a program for Linux finds, in a folder, or in an archive (cpio). It changes a copy.",
        show_default=False,
    ),
]
PolicyOption = Annotated[
    bool,
    typer.Option(
        "--policy", help="At the end, on standard error: what was asked for and refused, of Linux and of the kernel."
    ),
]
MemoryOption = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="SIZE",
        help="RAM of a machine for programs, such as 256M, up to 1G; without it 128M. A description says its own.",
        show_default=False,
    ),
]
Release = Annotated[bool, typer.Option("--release", help="A kernel without the debug console.")]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write what happened as JSON; with - to standard output, and all else to standard error."
    ),
]
MaxInstructions = Annotated[
    int | None, typer.Option(metavar="N", min=1, max=(1 << 48) - 1, help="Stop after so many instructions.")
]

# --- of the commands that look into a run

RUN_HELP: Final = (
    "What tyrne run --report has written, on any machine; or a system or program, which runs hosted meanwhile."
)
Run = Annotated[Path, typer.Argument(metavar="RUN", help=RUN_HELP, show_default=False)]
OneTask = Annotated[str | None, typer.Argument(metavar="TASK", help="Of this task alone.", show_default=False)]
At = Annotated[
    str | None,
    typer.Option(
        metavar="N",
        help="After N transitions of the kernel; -1: before the last one; 4+120: 120 instructions after the fourth; "
        "2000i: after 2000 instructions. Without it: at the end.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--max-instructions", metavar="N", min=1, max=(1 << 48) - 1, help="Stop after so many instructions of tasks."
    ),
]
Allow = Annotated[
    list[Path] | None,
    typer.Option("--allow-path", metavar="DIR", help="As for tyrne run.", show_default=False),
]
LiveAt = Annotated[
    str | None,
    typer.Option(
        "--live",
        metavar="PATH|PORT",
        help="Look into QEMU while it runs RUN, a system or a program: at this gdb socket, such as that of "
        "tyrne run --machine qemu --gdb PATH.",
        show_default=False,
    ),
]
Image = Annotated[
    Path | None,
    typer.Option(
        metavar="ELF",
        help="With --live: the kernel that runs there, if tyrne run has not started it.",
        show_default=False,
    ),
]


def ram_of(text: str | None) -> int | None:
    """The bytes that a size stands for, if there is one; RequestError with the option where it is none."""
    from tyrne.system.ram import read_size

    if text is None:
        return None
    try:
        return read_size(text)
    except RequestError as error:
        raise RequestError(f"--{error}") from None


def given_by(context: typer.Context, abi: Abi | None, files: Path | None = None, out: Path | None = None) -> Given:
    """What a command line gives to a program: `run_command_line` has its arguments."""
    return Given(None if abi is None else abi.value, context.find_object(tuple) or (), files=files, out=out)
