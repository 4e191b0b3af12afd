"""The `tyrne` command: what each word of it does."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.filesize import decimal

from tyrne.cli.errors import STATUS_INTERRUPTED, STATUS_REQUEST, Stopped, guarded
from tyrne.cli.help import Command, Commands
from tyrne.cli.new import create_project
from tyrne.cli.output import complain, say, warn
from tyrne.cli.presenter import PlainPresenter, Presenter, TerminalPresenter, progress
from tyrne.cli.replay import following, go_to, standing, verdict, warnings_about
from tyrne.cli.summary import explain, explain_faults, explain_refusals, show_summary
from tyrne.hosted.kept import REPORT, SUMMARY
from tyrne.hosted.stop import StopRequest
from tyrne.system import built
from tyrne.system.build import Emit, build_output
from tyrne.system.description import SystemDescription
from tyrne.system.errors import RequestError
from tyrne.system.files import check_writable, write_atomically
from tyrne.system.outline import outline
from tyrne.system.printable import json_text
from tyrne.system.qemu import find_emulator
from tyrne.system.replay import Replay
from tyrne.system.run import STATUS_LIMIT, Machine, Request, prepare
from tyrne.system.select import load_system, select, warnings_of

app = typer.Typer(
    cls=Commands,
    help="Tyrne: a capability microkernel in typed Python. Run user programs behind it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Systems = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SYSTEM.toml | PROGRAM",
        help="A system description, or programs: Kernel Python (.py), C (.c), assembly (.S), an AArch64 ELF, "
        "a raw image (.bin). Without any: the greeting.",
        show_default=False,
    ),
]
STATUS_SAME, STATUS_DIFFERENT = 0, 1
"""Of `tyrne replay`."""
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
STDOUT = Path("-")
"""The report that goes to standard output."""


@app.callback(invoke_without_command=True)
def command(
    context: typer.Context,
    show_version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    if show_version:
        say(f"tyrne {version('tyrne')}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say(*context.get_help().split("\n"))
        raise typer.Exit(STATUS_REQUEST)


def _check_output(output: Path, system: list[Path] | None, description: SystemDescription) -> None:
    """Refuse an output that cannot be written, or would replace the description or one of its programs."""
    if output != STDOUT:
        check_writable(output, [*(system or []), *description.files()])


def _bytes_of(report: Path | None) -> BinaryIO:
    """Where what tasks write goes, beside a report."""
    return (sys.stderr if report == STDOUT else sys.stdout).buffer


def _write(output: Path, content: bytes) -> None:
    if output == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        write_atomically(output, content)


@app.command(cls=Command)
def run(
    system: Systems = None,
    machine: Annotated[Machine, typer.Option(help="Where to run.")] = Machine.HOSTED,
    release: Release = False,
    report: Report = None,
    max_instructions: MaxInstructions = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show only what tasks write, and errors.")] = False,
) -> int:
    """Run a system and show what its tasks write.

    Exit status: 0 all tasks exited with 0; 1 some task exited otherwise or faulted; 2 the request was wrong;
    3 kernel panic; 4 the limit was reached; 5 deadlock.
    """
    description = select(system or [])
    if report is not None:
        _check_output(report, system, description)
    if machine is Machine.QEMU:
        find_emulator()
    out = Console(highlight=False, stderr=report == STDOUT)
    with progress(out, "building …"):
        loaded = load_system(description)
        ready = prepare(Request(loaded, machine, release, max_instructions or 0))
    if not quiet:
        warn(warnings_of(loaded))
    names = [task.name for task in loaded.tasks]
    presenter: Presenter = TerminalPresenter(out, names) if out.is_terminal else PlainPresenter(_bytes_of(report))
    presenter.quiet = quiet
    try:
        with stopped_by_interrupt() as stop:
            result = ready.run(presenter, SUMMARY if report is None else REPORT, stop)
    finally:
        presenter.finish()
    if report is not None:
        _write(report, result.to_json().encode())
    if out.is_terminal and not quiet:
        show_summary(out, result)
    complain(*explain(result), *explain_faults(result), *explain_refusals(result, presenter.refusals))
    if result.interrupted:
        raise Stopped(signal.SIGINT)
    return result.status


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
) -> int:
    """Repeat a recorded run on the hosted machine, and say whether it did the same; or stop on the way and look.

    Exit status: 0 it did the same, or has stopped at N; 1 it did something else; 2 the request was wrong;
    4 the limit was reached.
    """
    if report is not None and report != STDOUT:
        check_writable(report, [file])
    out = sys.stderr if report == STDOUT else sys.stdout
    repeated = Replay.load(file, max_instructions or 0)
    complain(*warnings_about(repeated), label="warning: ")
    with nullcontext() if show else progress(Console(stderr=True), "replaying …"):
        lines = go_to(repeated, to, out if show else None)
        same, line = verdict(repeated) if to is None else (True, "")
    say(*lines, *(standing(repeated) if to is not None else [line]), out=out)
    if report is not None:
        _write(report, json_text(repeated.report()).encode())
    if to is not None:
        say(*following(repeated), out=out)
    if repeated.limited:
        return STATUS_LIMIT
    return STATUS_SAME if same else STATUS_DIFFERENT


@app.command(cls=Command)
def build(
    emit: Annotated[Emit, typer.Option(help="The kernel: as C, ELF or flat image. One program: as ELF or raw image.")],
    system: Systems = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = None,
    release: Release = False,
) -> int:
    """Build the kernel with a system inside, or one program. With --emit c and one PROGRAM.py: that program's C."""
    if output is None and emit is not Emit.C:
        raise RequestError(f"no output named; add -o FILE for --emit {emit.value}")
    if output is not None:
        _check_output(output, system, select(system or []))
    with progress(Console(stderr=True), "building …"):
        content, warnings = build_output(system or [], emit, release)
    warn(warnings)
    _write(STDOUT if output is None else output, content)
    return 0


@app.command(cls=Command)
def check(system: Systems = None) -> int:
    """Check a description and its programs without running anything."""
    with progress(Console(stderr=True), "checking …"):
        description = select(system or [])
        loaded = load_system(description)
    warn(warnings_of(loaded))
    say(*outline(description, loaded))
    return 0


@app.command(cls=Command)
def new(directory: Annotated[Path, typer.Argument(metavar="NAME", help="The directory to make.")]) -> int:
    """Make a directory with a program and a system description that run."""
    description = create_project(directory)
    say(f"made {directory}; run it with: tyrne run {description}")
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
    directory, size = built.place_and_size()
    if action is None:
        say(f"{directory}: {decimal(size)}, all of which can be built again; clear it with: tyrne cache clear")
        return 0
    built.clear()
    say(f"{directory}: cleared, {decimal(size)}")
    return 0


def run_arguments(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status."""

    def command() -> int:
        status = app(list(arguments), prog_name="tyrne", standalone_mode=False)
        if status == STATUS_INTERRUPTED:  # what typer makes of Ctrl-C, and no command returns otherwise
            raise KeyboardInterrupt
        return status if isinstance(status, int) else 0

    return guarded(command)


def _stop(number: int, frame: object) -> None:
    raise Stopped(number)


@contextmanager
def stopped_by_interrupt() -> Iterator[StopRequest]:
    """The first Ctrl-C asks a run to stop, so that it can be told where it was; a second one ends it at once."""
    stop = StopRequest()

    def ask(number: int, frame: object) -> None:
        if stop.made:
            raise KeyboardInterrupt
        stop.made = True

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def main() -> None:
    """The entry point of the installed command."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
            signal.signal(number, _stop)
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")  # a closed one is None
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a locale may lack characters of names
    sys.exit(run_arguments(sys.argv[1:]))
