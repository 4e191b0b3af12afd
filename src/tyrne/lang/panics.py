"""Why compiled code stops: the `kind` that a failed check hands to who reports it."""

from __future__ import annotations

from enum import Enum


class Panic(Enum):
    """Each is a `Trap` under CPython."""

    OVERFLOW = 1
    """A result or a cast that does not fit its width."""
    INDEX = 2
    """An index past the end of an Array or of bytes."""
    DIVISION = 3
    """Division by zero."""
    ASSERTION = 4
    """A failed `assert`."""
    NARROWING = 5
    """A field or element no longer has the type that a test before had shown."""
    UNREACHABLE = 6
    """Code that the types say cannot be reached."""
    MACHINE = 7
    """An operation that this machine does not have."""
