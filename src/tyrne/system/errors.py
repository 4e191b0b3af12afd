"""What a user asked for cannot be done: the one error that the command line shows."""

from __future__ import annotations


class RequestError(Exception):
    """A wrong request. Each of `lines` says the cause, its place where there is one, and the mend; exit status 2.

    A line may quote what comes from others, whatever it is: who shows it escapes it (tyrne.system.printable).
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class SourceError(RequestError):
    """A program's source is outside its language. Each line names its own place."""


def reason(error: OSError) -> str:
    """Why a file operation failed, in lower case and without the path."""
    return (error.strerror or str(error)).lower()


class BadRecordError(Exception):
    """What is wrong with the record of a run."""
