"""The command that writes the timeline of a run: `trace`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tyrne.cli.help import Command
from tyrne.cli.inspecting import STATUS_LIMITED, STATUS_SHOWN
from tyrne.cli.options import Allow, Limit, Run
from tyrne.cli.output import complain, say
from tyrne.cli.running import check_drawing, check_read, progress, terminal, write
from tyrne.system.errors import RequestError
from tyrne.system.known import reading

PERFETTO, PAGE = ".pftrace", ".html"
FORMATS: Final = f"name a file that ends with {PERFETTO}, for ui.perfetto.dev, or with {PAGE}, a page of its own"

app = typer.Typer()


@app.command(cls=Command)
def trace(
    run: Run,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Where to write it: FILE.html is a page that needs nothing else, FILE.pftrace is for ui.perfetto.dev.",
            show_default=False,
        ),
    ] = None,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Write the timeline of a run: what each task did and when, its calls, messages, faults, and interrupts.

    Exit status: 0; 2 the request was wrong; 4 the limit was reached before the end, and the timeline ends there.
    """
    from tyrne.cli.replay import limit_reached, warnings_about
    from tyrne.inspect import open_run
    from tyrne.inspect.page import timeline_page
    from tyrne.inspect.perfetto import new_builder, perfetto_file
    from tyrne.inspect.timeline import timeline_of

    if output is None:
        raise RequestError(f"no output named; add -o FILE: {FORMATS}")
    if output.suffix not in (PERFETTO, PAGE):
        raise RequestError(f"-o {output}: not a kind of timeline; {FORMATS}")
    if output.suffix == PERFETTO:
        new_builder()  # what is missing is said before the run
    check_drawing(output, run)
    with progress(terminal(stderr=True), "running …"):
        with reading() as read:
            replay = open_run(run, limit or 0, tuple(allow or ()))
        check_read(output, read)
        timeline = timeline_of(replay)
        content = perfetto_file(timeline) if output.suffix == PERFETTO else timeline_page(timeline)
    complain(*warnings_about(replay), label="warning: ")
    write(output, content)
    count, end = len(timeline.events), timeline.end
    say(f"{output}: {count:,} events of {end.transition:,} transitions, {end.time:,} {timeline.unit}")
    if replay.limited:
        complain(limit_reached(replay))
        return STATUS_LIMITED
    if not timeline.whole:
        complain(f"a timeline has about {count:,} events at most; what came later is left out", label="warning: ")
    return STATUS_SHOWN
