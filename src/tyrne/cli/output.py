"""Where the lines of the command leave for the terminal. There is no other way out: a line may quote a description, a
path or a report of somebody else, and must neither steer the terminal nor look like a line of Tyrne's own."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TextIO

from tyrne.system.printable import one_line


def say(*lines: str, out: TextIO | None = None) -> None:
    """Lines of an answer, on standard output or where `out` is."""
    for line in lines:
        print(one_line(line), file=out or sys.stdout)
    (out or sys.stdout).flush()  # who reads a pipe waits for it, and the command may go on for long


def warn(lines: Iterable[str]) -> None:
    """Warnings on standard error: lines that begin with `warning: ` under Tyrne's name, the lines that they quote as
    they are, indented."""
    for line in lines:
        name = "tyrne: " if line.startswith("warning: ") else ""
        print(f"{name}{one_line(line)}" if name or line.startswith(" ") else f"  {one_line(line)}", file=sys.stderr)


def complain(*lines: str, label: str = "") -> None:
    """Lines on standard error, each under Tyrne's name: `label` is such as "error: "."""
    for line in lines:
        print(f"tyrne: {label}{one_line(line)}", file=sys.stderr)
