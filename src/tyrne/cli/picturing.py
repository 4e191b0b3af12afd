"""The command that draws pictures of a run: `picture`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Final

import typer

from tyrne.cli.help import Command
from tyrne.cli.inspecting import STATUS_LIMITED, STATUS_SHOWN
from tyrne.cli.options import Allow, At, Limit, Run
from tyrne.cli.output import complain
from tyrne.cli.running import STDOUT, check_drawing, check_read, progress, terminal, write
from tyrne.system.errors import RequestError
from tyrne.system.known import reading

SVG, MERMAID = ".svg", (".mmd", ".mermaid")
FORMATS: Final = "name a file that ends with .svg, or with .mmd for Mermaid"


class Picture(Enum):
    """What a picture can be about."""

    CAPABILITIES = "capabilities"
    WAITS = "waits"
    MEMORY = "memory"
    MESSAGES = "messages"


app = typer.Typer()


@app.command(cls=Command)
def picture(
    kind: Annotated[
        Picture,
        typer.Argument(
            metavar="KIND",
            help="capabilities: who holds what, and from where; waits: who waits for whom; memory: what is mapped in "
            "address spaces; messages: what went from whom to whom.",
            show_default=False,
        ),
    ],
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it: FILE.svg is a picture, FILE.mmd is text for Mermaid. Without it: that text on "
            "standard output.",
            show_default=False,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only what is about this task. May be given again.", show_default=False),
    ] = None,
    at: At = None,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Draw a picture of a run at a position, or of its messages until then.

    Exit status: 0; 2 the request was wrong; 4 the limit was reached before the position, and the picture is of there.
    """
    from tyrne.cli.replay import limit_reached, warnings_about
    from tyrne.inspect import look_at_replay, open_run, pictures
    from tyrne.inspect.positions import move, target_of
    from tyrne.inspect.selection import known_name, known_task
    from tyrne.inspect.timeline import timeline_of

    if output is not None and output.suffix not in (SVG, *MERMAID):
        raise RequestError(f"-o {output}: not a kind of picture; {FORMATS}")
    if output is not None:
        check_drawing(output, run)
    target = None if at is None else target_of(at, "--at")
    with progress(terminal(stderr=True), "running …"):
        with reading() as read:
            replay = open_run(run, limit or 0, tuple(allow or ()))
        check_read(output, read)
        move(replay, target, "--at")
        if kind is Picture.MESSAGES:
            position = replay.position
            replay.to(0)
            timeline = timeline_of(replay, until=position)
            names = [known_name(tuple(timeline.tasks.values()), name) for name in task or []]
            drawn = pictures.chart(timeline, names)
        else:
            seen = look_at_replay(replay)
            names = [known_task(seen, name) for name in task or []]
            drawn = pictures.picture(pictures.Kind(kind.value), seen, names)
        content = drawn.svg if output is not None and output.suffix == SVG else drawn.mermaid
    complain(*warnings_about(replay), label="warning: ")
    write(output or STDOUT, content.encode())
    if replay.limited:
        complain(limit_reached(replay))
    return STATUS_LIMITED if replay.limited else STATUS_SHOWN
