"""The commands of a course: `lab list`, `lab start` and `lab check`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tyrne.cli.errors import STATUS_REQUEST
from tyrne.cli.help import Command, Commands
from tyrne.cli.output import complain, say
from tyrne.cli.running import progress, terminal
from tyrne.system.run import Machine

STATUS_DONE, STATUS_MISSING = 0, 1

app = typer.Typer(cls=Commands, help="Labs of a course: a folder to start from, and tests that say what is missing.")

Number = Annotated[int, typer.Argument(metavar="N", help="The number of a lab, as list shows it.")]


@app.callback(invoke_without_command=True)
def lab(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        say(*context.get_help().split("\n"))
        raise typer.Exit(STATUS_REQUEST)


@app.command("list", cls=Command)
def list_labs() -> int:
    """Show which labs there are."""
    from tyrne.labs.lab import LABS

    say(*(f"{lab.number}  {lab.title}: {lab.aim}" for lab in LABS))
    return 0


@app.command(cls=Command)
def start(
    number: Number,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="The folder to make. Without it: lab-1-capability.", show_default=False),
    ] = None,
) -> int:
    """Make a folder with what a lab starts from, and its page as README.md. Nothing that is there is touched."""
    from tyrne.labs.lab import find_lab
    from tyrne.labs.starting import default_folder, start_lab

    found = find_lab(number)
    made = default_folder(found) if folder is None else folder
    start_lab(found, made)
    again = "" if folder is None else f" {shlex.quote(str(made))}"
    say(
        f"made {made}: read README.md there, change {', '.join(found.mine)}, and see what is missing with: "
        f"tyrne lab check {number}{again}"
    )
    return 0


@app.command(cls=Command)
def check(
    number: Number,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR",
            help="The folder of the lab. Without it: here, if its files are here, or lab-1-capability.",
            show_default=False,
        ),
    ] = None,
    machine: Annotated[Machine, typer.Option(help="Where to run it.")] = Machine.HOSTED,
) -> int:
    """Make the tests of a lab on what stands in its folder, and say what is missing.

    Programs in Python are imported when they are compiled, and the kernel's file of lab 4 runs as Python: both with
    your rights. Exit status: 0 nothing is missing; 1 something is; 2 the request was wrong.
    """
    from tyrne.labs.checking import check_lab, checks_of, file_of
    from tyrne.labs.lab import find_lab
    from tyrne.labs.starting import folder_of

    found = find_lab(number)
    if machine is Machine.QEMU:
        from tyrne.system.qemu import find_emulator

        find_emulator()
    done, checks = 0, checks_of(found)
    outcomes = check_lab(found, folder_of(found) if folder is None else folder, machine.value)
    if found.kernel:
        complain(f"{', '.join(found.kernel)} runs as Python, with your rights", label="warning: ")
    say(f"lab {number}, {found.title}; its tests: {file_of(found)}")
    for seen in range(len(checks)):
        with progress(terminal(stderr=True), "looking …"):
            outcome = next(outcomes, None)
        if outcome is None:
            say(f"not looked at: {len(checks) - seen} more")
            break
        done += outcome.missing is None
        say(f"{'ok' if outcome.missing is None else 'missing'}: {outcome.looks_at}")
        if outcome.missing is not None:
            say(f"    {outcome.missing}")
    say(f"{done} of {len(checks)}")
    return STATUS_DONE if done == len(checks) else STATUS_MISSING
