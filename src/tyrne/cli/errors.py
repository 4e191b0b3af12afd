"""How the command line ends: one line for each error, never a traceback, and the exit statuses of docs/guide.md."""

from __future__ import annotations

import os
import re
import sys
from bdb import BdbQuit
from collections.abc import Callable
from typing import Final

from tyrne.cli.output import complain
from tyrne.system.errors import RequestError, reason
from tyrne.system.similar import meant

STATUS_REQUEST: Final = 2
STATUS_INTERNAL: Final = 70
"""A defect of Tyrne itself (EX_SOFTWARE)."""
STATUS_INTERRUPTED: Final = 130
STATUS_BROKEN_PIPE: Final = 141
"""Nobody reads the output: as a shell reports SIGPIPE."""


_CHOICE: Final = re.compile(r"'([^']*)' is not one of (.+)$")
"""How typer refuses a word where it knows which there are."""


class Stopped(BaseException):
    """A signal asks the command to end. An exception, so that what it has started ends with it."""

    def __init__(self, number: int) -> None:
        self.number = number


def guarded(command: Callable[[], int]) -> int:
    """Run a command; its exit status, or that of the error, which is shown."""
    try:
        return command()
    except RequestError as error:
        return _fail(*error.lines)
    except (KeyboardInterrupt, BdbQuit):
        complain("interrupted")
        return STATUS_INTERRUPTED
    except Stopped as stopped:
        return 128 + stopped.number
    except SystemExit as leaving:
        if not leaving.code:
            return 0  # what a shell completes by has been shown
        if not isinstance(leaving.__context__, OSError):
            complain("interrupted")  # from Python 3.14 on that is how one leaves the debugger
            return STATUS_INTERRUPTED
        return _nobody_reads()  # typer's answer to a broken pipe
    except BrokenPipeError:
        return _nobody_reads()
    except OSError as error:
        if not _stands_in_folder():
            return _fail("the folder in which this command runs is gone; change to one that is there")
        where = f"{error.filename}: " if error.filename else ""
        return _fail(f"{where}{reason(error)}")
    except Exception as error:
        if os.environ.get("TYRNE_TRACEBACK"):
            raise
        what = _one_line(f"{type(error).__name__}: {error}")
        complain(f"defect in tyrne: {what}; set TYRNE_TRACEBACK=1 to see where, and report it")
        return STATUS_INTERNAL


def _stands_in_folder() -> bool:
    """Whether there is a working directory: somebody may have deleted it."""
    try:
        os.getcwd()
    except OSError:
        return False
    return True


def complain_of_request(message: str, command: str) -> int:
    """Show what typer says of a command line that it refuses; the exit status."""
    what = _one_line(message).rstrip(".").replace("Value error, ", "")
    choice = _CHOICE.search(what)
    if choice is not None:
        what += meant(choice[1], re.findall("'([^']*)'", choice[2]))
    return _fail(f"{what} See {command} --help" if what.endswith("?") else f"{what}; see {command} --help")


def _nobody_reads() -> int:
    """What is still buffered cannot be written either: give it a place to go, so that the exit stays silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    return STATUS_BROKEN_PIPE


def _fail(*lines: str) -> int:
    complain(*lines, label="error: ")
    return STATUS_REQUEST


def _one_line(text: str) -> str:
    return " ".join(text.split())
