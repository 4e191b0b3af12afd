"""Refusals: what is wrong, where, and what to write instead."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from tyrne.compiler.unit import CompileError

MOST_ERRORS = 20
"""Errors beyond these are counted, not shown."""


class Reject(Exception):  # noqa: N818
    """One refusal. `line` 0 means the construct that is being lowered."""

    def __init__(self, what: str, line: int = 0, path: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.line = line
        self.path = path


def shown(path: str) -> str:
    """A path as a person at the current directory would write it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


@dataclass
class Errors:
    """The refusals of one translation, in the order of their places."""

    found: set[tuple[str, int, str]] = field(default_factory=set)

    def add(self, path: str, line: int, what: str) -> None:
        self.found.add((path, line, what))

    def add_reject(self, reject: Reject, path: str, line: int) -> None:
        """A refusal that may know its place better than the caller."""
        self.add(reject.path or path, reject.line if reject.line > 0 else line, reject.what)

    def raise_any(self) -> None:
        """Stop the translation if anything was refused."""
        if not self.found:
            return
        ordered = sorted(self.found)
        lines = [f"{shown(path)}:{line}: {what}" for path, line, what in ordered[:MOST_ERRORS]]
        if len(ordered) > MOST_ERRORS:
            lines.append(f"{len(ordered) - MOST_ERRORS} more errors")
        raise CompileError("\n".join(lines))


def fail(path: str | Path, line: int, what: str) -> CompileError:
    """An error that ends the translation at once."""
    return CompileError(f"{shown(str(path))}:{line}: {what}")
