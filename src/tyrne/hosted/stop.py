"""A wish that a run ends where it is, as if its limit of instructions were there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """Set by whoever wants the run to end, such as a handler of Ctrl-C; a machine looks at it between instructions."""

    def __init__(self) -> None:
        self.made = False
        self.timed_out = False
        """Whether the clock on the wall has made it."""
        self.left: int | None = None
        """How much of the run's limit was left where it was stopped, once it has been."""

    @contextmanager
    def after(self, seconds: float | None) -> Iterator[None]:
        """Let it be made when so many seconds have passed, unless what is within is over before; None for never."""

        def make() -> None:
            self.timed_out = not self.made
            self.made = True

        if seconds is None:
            yield
            return
        timer = threading.Timer(seconds, make)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
