"""The `tyrne` command: how it begins and ends."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tyrne.cli import DRIVERS
from tyrne.cli.errors import Stopped, guarded

_WITH_ARGUMENTS: Final = ("run", "check", "build")
"""The commands that take a program with its arguments."""


def run_arguments(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. `tyrne run` of systems without an option needs no parser of options, which
    takes longer to import than such a run takes; nor do the tools for C, whose options are not ours."""
    own, behind = _parted(arguments)
    first, *rest = own or [""]
    asks = "_TYRNE_COMPLETE" in os.environ or rest == ["--help"]
    plain = first == "run" and not any(word.startswith("-") for word in rest)

    def command() -> int:
        if first in DRIVERS and not asks:
            from tyrne.cli.drivers import drive

            return drive(first, rest)
        if plain and not asks:
            from tyrne.cli.running import run_system
            from tyrne.system.parts import Given

            return run_system([Path(word) for word in rest], given=Given(args=behind))
        from tyrne.cli.commands import run_command_line

        return run_command_line(own, behind)

    return guarded(command)


def _parted(arguments: Sequence[str]) -> tuple[Sequence[str], tuple[str, ...]]:
    """The words for `tyrne`, and those that stand behind `--`: the arguments of the program."""
    if not arguments or arguments[0] not in _WITH_ARGUMENTS or "--" not in arguments:
        return arguments, ()
    at = list(arguments).index("--")
    return arguments[:at], tuple(arguments[at + 1 :])


def _stop(number: int, frame: object) -> None:
    raise Stopped(number)


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
