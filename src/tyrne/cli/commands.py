"""The commands of `tyrne`, each with its arguments and options."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from tyrne.cli import c_projects, debugging, inspecting, labs, picturing, reaching, serving, tracing
from tyrne.cli.errors import STATUS_INTERRUPTED, STATUS_REQUEST, complain_of_request
from tyrne.cli.help import Command, Commands
from tyrne.cli.output import complain, say, warn
from tyrne.cli.running import STDOUT, check_output, progress, run_system, terminal, write
from tyrne.system import limits
from tyrne.system.emit import Emit
from tyrne.system.errors import RequestError
from tyrne.system.parts import Given
from tyrne.system.run import STATUS_LIMIT, Machine
from tyrne.system.select import load_system, select, warnings_of

# What only one command needs is imported there.

app = typer.Typer(
    cls=Commands,
    help="Tyrne: a capability microkernel in typed Python. Run user programs behind it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
STATUS_SAME, STATUS_DIFFERENT = 0, 1
"""Of `tyrne replay`."""
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


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if show_version:
        from importlib.metadata import version

        say(f"tyrne {version('tyrne')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(*context.get_help().split("\n"))
        raise typer.Exit(STATUS_REQUEST)


@app.command(cls=Command)
def run(
    context: typer.Context,
    system: Systems = None,
    machine: Annotated[Machine, typer.Option(help="Where to run.")] = Machine.HOSTED,
    release: Release = False,
    report: Report = None,
    max_instructions: MaxInstructions = None,
    preempt_calls: Annotated[
        int | None,
        typer.Option(
            metavar="SEED",
            min=1,
            max=limits.SEED,
            help="Interrupt long calls, and the ends of tasks, between their steps: after one step in four, as drawn "
            "from the seed. Not on qemu, where interrupts come by themselves.",
        ),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=0.1,
            max=1e6,
            help="Stop after so many seconds by the clock on the wall. Without it, on qemu, 120, not at a terminal.",
        ),
    ] = None,
    allow_path: AllowPath = None,
    typed: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="What is typed into the console device, and then its end, or what one program for Linux reads; - for "
            "standard input. Without this a terminal, if standard input is one and there is a console device.",
        ),
    ] = None,
    capture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write what goes over the wire of the network device to a file in pcap's format."
        ),
    ] = None,
    abi: AbiOption = None,
    files: FilesOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="A folder that gets what one program for Linux has made or changed of its files, when it has ended.",
            show_default=False,
        ),
    ] = None,
    memory: MemoryOption = None,
    policy: PolicyOption = False,
    gdb: Annotated[
        Path | None,
        typer.Option(
            "--gdb",
            metavar="PATH",
            help="On qemu: listen at this new Unix socket, for --live of ps and the like, and for gdb. The run then "
            "has no end by the clock on the wall.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only what tasks write, and errors.")] = False,
) -> int:
    """Run a system and show what its tasks write.

    Exit status: 0 all tasks exited with 0; 1 some task exited otherwise or faulted; 2 the request was wrong;
    3 kernel panic; 4 the limit was reached; 5 deadlock.
    """
    allowed = tuple(allow_path or ())
    limit, seed = max_instructions or 0, preempt_calls or 0
    return run_system(
        system or [],
        machine,
        release,
        report,
        limit,
        seed,
        quiet,
        allowed,
        typed,
        max_seconds,
        capture,
        _given(context, abi, files, out),
        policy,
        _ram(memory),
        gdb,
    )


@app.command(cls=Command)
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What tyrne run --report has written.")],
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="N",
            help="Stop after N transitions of the kernel; -1: before the last one; 4+120: 120 instructions after the "
            "fourth; 2000i: after 2000 instructions.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show every transition on the way, with its number.")] = False,
    report: Report = None,
    max_instructions: MaxInstructions = None,
    policy: PolicyOption = False,
) -> int:
    """Repeat a recorded run on the hosted machine, and say whether it did the same; or stop on the way and look.

    Exit status: 0 it did the same, or has stopped at N; 1 it did something else; 2 the request was wrong;
    4 the limit was reached.
    """
    from tyrne.cli.replay import following, go_to, standing, verdict, warnings_about
    from tyrne.system.files import check_writable
    from tyrne.system.printable import json_text
    from tyrne.system.replay import Replay

    if report is not None and report != STDOUT:
        check_writable(report, [file])
    out = sys.stderr if report == STDOUT else sys.stdout
    repeated = Replay.load(file, max_instructions or 0)
    complain(*warnings_about(repeated), label="warning: ")
    with nullcontext() if show else progress(terminal(stderr=True), "replaying …"):
        lines = go_to(repeated, to, out if show else None)
        same, line = verdict(repeated) if to is None else (True, "")
    say(*lines, *(standing(repeated) if to is not None else [line]), out=out)
    if report is not None:
        write(report, json_text(repeated.report()).encode())
    if to is not None:
        say(*following(repeated), out=out)
    if policy:
        from tyrne.cli.summary import tell_policy
        from tyrne.system.policy import Policy

        tell_policy(Policy(call for call in repeated.recorder.calls if call.refusal), repeated.explainer)
    if repeated.limited:
        return STATUS_LIMIT
    return STATUS_SAME if same else STATUS_DIFFERENT


app.registered_commands += inspecting.app.registered_commands + tracing.app.registered_commands
app.registered_commands += reaching.app.registered_commands + picturing.app.registered_commands
app.registered_commands += serving.app.registered_commands
app.registered_commands += debugging.app.registered_commands
app.add_typer(labs.app, name="lab")


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

    given, ram = _given(context, abi), _ram(memory)
    if output is None and emit is not Emit.C:
        raise RequestError(f"no output named; add -o FILE for --emit {emit.value}")
    if output is not None:
        check_output(output, system or [], select(system or [], given, ram=ram))
    with progress(terminal(stderr=True), "building …"):
        content, warnings = build_output(system or [], emit, release, given, ram)
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
        description = select(system or [], _given(context, abi, files), allow_path or (), _ram(memory))
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


app.registered_commands += c_projects.app.registered_commands


def _ram(text: str | None) -> int | None:
    """The bytes that a size stands for, if there is one; RequestError with the option where it is none."""
    from tyrne.system.ram import read_size

    if text is None:
        return None
    try:
        return read_size(text)
    except RequestError as error:
        raise RequestError(f"--{error}") from None


def _given(context: typer.Context, abi: Abi | None, files: Path | None = None, out: Path | None = None) -> Given:
    """What a command line gives to a program: `run_command_line` has its arguments."""
    return Given(None if abi is None else abi.value, context.find_object(tuple) or (), files=files, out=out)


def run_command_line(arguments: Sequence[str], behind: tuple[str, ...] = ()) -> int:
    """What a command line asks for, with the arguments of a program; its exit status."""
    try:
        status = app(list(arguments), prog_name="tyrne", standalone_mode=False, obj=behind)
    except TyperException as error:
        context = getattr(error, "ctx", None)
        return complain_of_request(error.format_message(), "tyrne" if context is None else context.command_path)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if status == STATUS_INTERRUPTED:  # what typer makes of Ctrl-C, and no command returns otherwise
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0
