"""A wish that a run ends where it is, as if its limit of instructions were there."""

from __future__ import annotations


class StopRequest:
    """Set by whoever wants the run to end, such as a handler of Ctrl-C; a machine looks at it between instructions."""

    def __init__(self) -> None:
        self.made = False
        self.left: int | None = None
        """How much of the run's limit was left where it was stopped, once it has been."""
