"""The command line as typer has it: `run`, `replay`, and the commands of the other files beside this one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from tyrne.cli import building, c_projects, debugging, inspecting, labs, picturing, reaching, serving, tracing
from tyrne.cli.errors import STATUS_INTERRUPTED, STATUS_REQUEST, complain_of_request
from tyrne.cli.help import Command, Commands
from tyrne.cli.options import (
    AbiOption,
    AllowPath,
    FilesOption,
    MaxInstructions,
    MemoryOption,
    PolicyOption,
    Release,
    Report,
    Systems,
    given_by,
    ram_of,
)
from tyrne.cli.output import complain, say
from tyrne.cli.running import STDOUT, progress, run_system, terminal, write
from tyrne.system import limits
from tyrne.system.run import STATUS_LIMIT, Machine

# What only one command needs is imported there.

app = typer.Typer(
    cls=Commands,
    help="Tyrne: a capability microkernel in typed Python. Run user programs behind it.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
STATUS_SAME, STATUS_DIFFERENT = 0, 1
"""Of `tyrne replay`."""


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
        given_by(context, abi, files, out),
        policy,
        ram_of(memory),
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


for _part in (inspecting, tracing, reaching, picturing, serving, debugging, building, c_projects):
    app.registered_commands += _part.app.registered_commands
app.add_typer(labs.app, name="lab")


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
