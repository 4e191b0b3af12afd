"""Where the lines of the command leave for the terminal. There is no other way out: a line may quote a description, a
path or a report of somebody else, and must neither steer the terminal nor look like a line of Tyrne's own."""

from __future__ import annotations

import sys
from typing import TextIO

from tyrne.system.printable import one_line


def say(*lines: str, out: TextIO | None = None) -> None:
    """Lines of an answer, on standard output or where `out` is."""
    for line in lines:
        print(one_line(line), file=out or sys.stdout)


def complain(*lines: str, label: str = "") -> None:
    """Lines on standard error, each under Tyrne's name: `label` is such as "error: "."""
    for line in lines:
        print(f"tyrne: {label}{one_line(line)}", file=sys.stderr)
