"""The commands that look into a run: `ps`, `caps`, `tree`, `waits`, `maps` and `top`; and `diff`, into two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tyrne.cli.help import Command
from tyrne.cli.options import RUN_HELP, Allow, AsJson, At, Image, Limit, LiveAt, OneTask, Run
from tyrne.cli.output import complain
from tyrne.cli.running import STDOUT, progress, terminal, write
from tyrne.system.errors import RequestError

if TYPE_CHECKING:
    from tyrne.inspect.objects import Inspection

STATUS_SHOWN, STATUS_DIFFERENT, STATUS_LIMITED = 0, 1, 4

app = typer.Typer()


COMMANDS: Final = {
    "ps": """Show the tasks of a run at a position: what each does, what it waits for, and where in its program it is.

    Exit status of this and the other commands that look into a run: 0; 2 the request was wrong; 4 the limit was
    reached before the position.
    """,
    "caps": "Show what tasks hold: handle, object, rights, and where each capability came from.",
    "tree": "Show the derivation tree of all capabilities, those that travel in messages too.",
    "waits": "Show who waits for whom, marking who is stuck and cycles; "
    "and what stands in endpoints and notifications.",
    "maps": "Show what is mapped in address spaces, and the memory regions.",
    "top": "Show what each task has used until a position: instructions, calls and quotas.",
}
"""The commands that show one view, and what each shows."""
OF_A_TASK: Final = ("caps", "maps")
"""Those that can be of one task alone."""


def _of_all(name: str) -> Callable[..., int]:
    def show(
        run: Run,
        at: At = None,
        json: AsJson = False,
        live: LiveAt = None,
        image: Image = None,
        limit: Limit = None,
        allow: Allow = None,
    ) -> int:
        return _show(name, run, None, at, json, limit, allow, live, image)

    return show


def _of_a_task(name: str) -> Callable[..., int]:
    def show(
        run: Run,
        task: OneTask = None,
        at: At = None,
        json: AsJson = False,
        live: LiveAt = None,
        image: Image = None,
        limit: Limit = None,
        allow: Allow = None,
    ) -> int:
        return _show(name, run, task, at, json, limit, allow, live, image)

    return show


for _name, _text in COMMANDS.items():
    _made = _of_a_task if _name in OF_A_TASK else _of_all
    app.command(_name, cls=Command, help=_text)(_made(_name))


@app.command(cls=Command)
def diff(
    one: Annotated[Path, typer.Argument(metavar="A", help=RUN_HELP, show_default=False)],
    other: Annotated[Path, typer.Argument(metavar="B", help="The other run.", show_default=False)],
    at: Annotated[
        str | None,
        typer.Option(metavar="N", help="Compare how both stand at this position, instead of where they part."),
    ] = None,
    json: AsJson = False,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Show the first transition in which two runs differ, and how the systems stand after it.

    Exit status: 0 they are the same; 1 they differ; 2 the request was wrong; 4 the limit was reached before.
    """
    from tyrne.cli.comparing import compared
    from tyrne.cli.replay import limit_reached
    from tyrne.cli.sheet import show
    from tyrne.inspect import open_run
    from tyrne.inspect.data import comparison_data
    from tyrne.inspect.difference import compare_positions, compare_runs
    from tyrne.inspect.positions import move, target_of
    from tyrne.system.printable import json_text

    target = None if at is None else target_of(at, "--at")
    with progress(terminal(stderr=True), "running …"):
        runs = [open_run(run, limit or 0, tuple(allow or ())) for run in (one, other)]
        for run in runs if target is not None else []:
            move(run, target, "--at")
        found = compare_runs(*runs) if target is None else compare_positions(*runs)
    if json:
        write(STDOUT, json_text(comparison_data(found)).encode())
    else:
        show(compared(found), terminal(stderr=False))
    limited = [run for run in runs if run.limited]
    if limited and found.same:
        complain(limit_reached(limited[0]))
        return STATUS_LIMITED
    return STATUS_SHOWN if found.same else STATUS_DIFFERENT


def _show(
    command: str,
    run: Path,
    task: str | None,
    at: str | None,
    json: bool,
    limit: int | None,
    allow: list[Path] | None,
    live: str | None,
    image: Path | None,
) -> int:
    """Go to the position, or into the machine that runs, and show what is there; the exit status."""
    from tyrne.cli.sheet import show
    from tyrne.cli.views import VIEWS, heading
    from tyrne.inspect import to_data
    from tyrne.inspect.selection import known_task, restricted
    from tyrne.system.printable import json_text

    if live is None and image is not None:
        raise RequestError(f"--image {image}: is the kernel of a machine that runs; add --live, or leave it out")
    view, limited = VIEWS[command], None
    if live is not None:
        seen = _live(run, live, image, allow, {"--at": at, "--max-instructions": limit})
    else:
        seen, limited = _played(run, at, limit, allow)
    name = None if task is None else known_task(seen, task)
    if json:
        told = seen if name is None else restricted(seen, name)
        write(STDOUT, json_text(to_data(told, view.parts)).encode())
    else:
        show([heading(seen.at), *view.show(seen, name)], terminal(stderr=False))
    complain(*([] if limited is None else [limited]))
    return STATUS_SHOWN if limited is None else STATUS_LIMITED


def _played(run: Path, at: str | None, limit: int | None, allow: list[Path] | None) -> tuple[Inspection, str | None]:
    """What is at a position of a replay, and what is said if its limit has ended it before."""
    from tyrne.cli.replay import limit_reached, warnings_about
    from tyrne.inspect import look_at_replay, open_run
    from tyrne.inspect.positions import move, target_of

    target = None if at is None else target_of(at, "--at")
    with progress(terminal(stderr=True), "running …"):
        replay = open_run(run, limit or 0, tuple(allow or ()))
        move(replay, target, "--at")
        seen = look_at_replay(replay)
    complain(*warnings_about(replay), label="warning: ")
    return seen, limit_reached(replay) if replay.limited else None


def _live(run: Path, where: str, image: Path | None, allow: list[Path] | None, given: dict[str, object]) -> Inspection:
    """What is in a machine that runs now."""
    from tyrne.inspect.live import inspect_live
    from tyrne.inspect.runs import is_report

    for option, value in given.items():
        if value is not None:
            raise RequestError(f"--live {where}: a machine that runs has one place, where it is; leave out {option}")
    if is_report(run):
        raise RequestError(f"{run}: a report is of a run that has been; with --live name the system that runs")
    with progress(terminal(stderr=True), "building …"):
        return inspect_live(run, socket_of(where), image, tuple(allow or ()))


def socket_of(text: str) -> Path | int:
    """A port of the loopback interface, or the path of a Unix socket."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else Path(text)
