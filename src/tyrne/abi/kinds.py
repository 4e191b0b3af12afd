"""The kinds of object that a capability can name."""

from __future__ import annotations

from enum import Enum


class CapKind(Enum):
    """The kinds of object that a capability can name; also what `create` makes, and what a quota counts."""

    DEBUG_CONSOLE = 1
    ENDPOINT = 2
    NOTIFICATION = 3
    TASK = 4
    ADDRESS_SPACE = 5
    MEMORY = 6
    QUOTA = 7
    REPLY = 8
    CLOCK = 9
    INTERRUPT = 10
