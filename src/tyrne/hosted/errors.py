"""How the machine itself fails: not the kernel, and not a task."""

from __future__ import annotations


class EngineError(Exception):
    """The CPU library is none that this machine can be built on, or refused what it must do."""
