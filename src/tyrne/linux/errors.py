"""What is wrong with a file of Linux."""

from __future__ import annotations


class ExecutableError(Exception):
    """A file that cannot become a program: what is wrong with it, and the mend."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}; {mend}")
