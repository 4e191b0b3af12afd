"""The command that serves a page in which one looks into a run: `ui`."""

from __future__ import annotations

import gc
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final

import typer

from tyrne.cli.help import Command
from tyrne.cli.options import Allow, Limit, Run
from tyrne.cli.output import complain, say
from tyrne.cli.running import progress, terminal
from tyrne.system.errors import RequestError

app = typer.Typer()
SOON: Final = 0.001
"""Seconds after which a thread gives way: while the run is read, an answer waits for that several times."""


@app.command(cls=Command)
def ui(
    run: Run,
    system: Annotated[
        Path | None,
        typer.Option(
            metavar="SYSTEM", help="Of a report: what made it, whose programs are then shown.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", min=0, max=65535, help="Where to listen, at 127.0.0.1. 0: where it is free.")
    ] = 0,
    limit: Limit = None,
    allow: Allow = None,
) -> int:
    """Serve a page on this computer that steps through a run, forwards and backwards, and shows all of it.

    It ends with Ctrl-C. Exit status: 0; 2 the request was wrong.
    """
    token = secrets.token_urlsafe(24)
    with progress(terminal(stderr=True), "opening …"):
        from tyrne.cli.replay import warnings_about
        from tyrne.inspect import open_run

        try:
            from tyrne.inspect.ui.server import listen, server
        except ModuleNotFoundError as error:
            if error.name not in ("starlette", "uvicorn"):
                raise
            raise RequestError("the server is not there; install it with pip install 'tyrne[ui]'") from None
        from tyrne.inspect.ui.reader import Reader
        from tyrne.inspect.ui.sources import sources_of
        from tyrne.inspect.ui.viewer import Viewer
        from tyrne.system.loopback import LOOPBACK
        from tyrne.system.replay import Replay

        shown = open_run(run, limit or 0, tuple(allow or ()))
        reader = Reader(Replay(shown.run, shown.max_instructions))
        shown.keep_checkpoints()
        sources = sources_of(shown, system)
    complain(*warnings_about(shown), label="warning: ")
    sys.setswitchinterval(SOON)
    gc.freeze()  # what the report says stays, and need not be looked through again
    with listen(port) as at:
        say(f"http://{LOOPBACK}:{at.getsockname()[1]}/#{token}")
        reader.start()
        with suppress(KeyboardInterrupt):
            server(Viewer(shown, reader, sources), token, at).run(sockets=[at])
    reader.close()
    return 0
