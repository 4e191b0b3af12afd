"""What a user asked for cannot be done: the one error that the command line shows."""

from __future__ import annotations


class RequestError(Exception):
    """A wrong request. Each line says the cause, its place where there is one, and the mend; exit status 2."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))


class SourceError(RequestError):
    """A program's source is outside its language. Each line names its own place."""


def reason(error: OSError) -> str:
    """Why a file operation failed, in lower case and without the path."""
    return (error.strerror or str(error)).lower()
