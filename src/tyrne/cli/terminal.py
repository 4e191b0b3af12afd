"""What a terminal shows while something runs: task names, colours, and that a slow step is going on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.text import Text

from tyrne.cli.presenter import Presenter
from tyrne.system.printable import printable

SLOW_SECONDS: Final = 2.0
"""A step that takes longer shows that it is going on."""
LINE_BYTES: Final = 4096
"""Of a line that does not end: it is shown in pieces."""
OPEN_LINES: Final = 64
"""Lines that wait for their end; the one that has waited longest is shown first."""
TOLD_AT_THE_END: Final = ("tyrne: deadlock: ", "tyrne: the instruction limit is reached")
"""How lines of the kernel begin that say why a run ends."""
_COLOURS: Final = ("cyan", "green", "magenta", "yellow", "blue", "red")


class TerminalPresenter(Presenter):
    """Whole lines, each task's and each device's under its name; `names` are those of the first tasks, others were made
    by tasks.

    Control characters are shown, not obeyed.
    """

    def __init__(self, console: Console, names: Sequence[str], devices: Sequence[str] = ()) -> None:
        super().__init__()
        self._console = console
        self._names = names
        self._width = max(map(len, [*names, *devices]))
        self._shown: dict[int | str | None, bytearray] = {}

    def finish(self) -> None:
        for source in list(self._shown):
            self._end_line(source)

    def show(self, source: int | str | None, byte: int) -> None:
        if byte == 0x0A:
            self._shown.setdefault(source, bytearray())
            self._end_line(source)
            return
        line = self._shown.setdefault(source, bytearray())
        line.append(byte)
        if len(line) == LINE_BYTES:
            self._end_line(source)
        elif len(self._shown) > OPEN_LINES:
            self._end_line(next(iter(self._shown)))

    def _end_line(self, source: int | str | None) -> None:
        content = visible(bytes(self._shown.pop(source)))
        if source is None and content.startswith(TOLD_AT_THE_END):
            return  # by the command, which knows names, and whether somebody wished it
        if source is None:
            line = Text(content, style="dim")
        elif isinstance(source, str):
            line = Text(f"{source:>{self._width}} ", style="bold")
            line.append("│ ", style="dim").append(content, style="not bold default")
        else:
            name = self._names[source] if source < len(self._names) else f"task {source}"
            line = Text(f"{name:>{self._width}} ", style=f"bold {_COLOURS[source % len(_COLOURS)]}")
            line.append("│ ", style="dim").append(content, style="not bold default")
        self._console.print(line, soft_wrap=True)


def visible(content: bytes) -> str:
    """Text with every control character as an escape, so that no program can steer the terminal."""
    return printable(content.decode(errors="backslashreplace").removesuffix("\r"), keep="\t")


@contextmanager
def progress(console: Console, what: str) -> Iterator[None]:
    """Say that a slow step is going on. The console is a terminal."""
    status = console.status(what)
    timer = threading.Timer(SLOW_SECONDS, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
