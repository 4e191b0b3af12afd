"""A mutant: one small change of one function, which a test should notice."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """Bytes `start` to `end` of a file are replaced by `text`.

    `check` is the condition, pattern or simple statement around them as it stands, and `changed` the same after the
    change, both on one line: what people read, and what the list of equivalent mutants names. `lines` are those of the
    check: whoever runs one of them may notice.
    """

    file: str
    function: str
    """The qualified name of the outermost function or method."""
    line: int
    lines: tuple[int, int]
    leads: int
    """The line that runs next when the condition holds; 0 where there is none."""
    start: int
    end: int
    text: str
    operator: str
    category: str
    check: str
    changed: str
    occurrence: int
    """Which of the mutants of this function that read the same it is, from 0."""

    @property
    def id(self) -> str:
        """The same as long as the function has this check, wherever it moves."""
        what = "\0".join((self.file, self.function, self.check, self.changed, str(self.occurrence)))
        return hashlib.sha256(what.encode()).hexdigest()[:16]

    def __str__(self) -> str:
        return f"src/tyrne/{self.file}:{self.line}: {self.check}  →  {self.changed}"
