"""What the commands of the campaigns share: numbers as arguments, files for figures, a bar, and how they end.

A wrong request ends with status 2 and Ctrl-C with 130, each with a line on stderr that begins with the command's name.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

from tyrne.compiler import CompileError
from tyrne.rows import MissingRowError
from tyrne.system.errors import RequestError, reason
from tyrne.system.files import check_writable, write_atomically
from tyrne.system.printable import one_line

NOTHING_FOUND: Final = 0
FOUND: Final = 1
"""A difference, or a kernel panic."""
WRONG_REQUEST: Final = 2
INTERRUPTED: Final = 130


def positive(text: str) -> int:
    """A number from 1 on, as argparse takes it."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def check_output(path: Path) -> None:
    """Refuse a file that cannot be written, now and not when everything is done. Its folder is made if need be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RequestError(f"{path}: cannot be written: {reason(error)}; choose another file") from None
    check_writable(path, ())


def check_folder(path: Path) -> None:
    """Make a folder for output, or refuse one that cannot be made or written to."""
    check_output(path / "_")


def write_figures(path: Path, figures: Mapping[str, Any]) -> None:
    """As JSON, whole or not at all."""
    write_atomically(path, (json.dumps(figures, indent=2) + "\n").encode())


def bar(*more: ProgressColumn) -> Progress:
    """A bar on stderr, where that is a terminal; it goes when it is done."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), *more)
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def guarded(name: str, command: Callable[[], int]) -> int:
    """Run a command; its exit status, or that of what has ended it, which is said on stderr."""
    try:
        return command()
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (RequestError, CompileError, MissingRowError) as error:
        lines = str(error).split("\n")
    except OSError as error:
        lines = [f"{error.filename}: {reason(error)}" if error.filename else reason(error)]
    for line in lines:
        print(f"{name}: {one_line(line)}", file=sys.stderr)
    return WRONG_REQUEST
