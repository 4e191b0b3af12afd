"""Types what a terminal gives into the console of a hosted or native machine, between two turns, and nowhere else.

While nobody is ready, time is that of the wall: a task that sleeps for a second sleeps for one, and what is typed then
comes at its nanosecond. A run that is repeated has the times, and waits for nobody.
"""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Final

from tyrne.hosted.devices.console import MOST_TYPED, Console
from tyrne.hosted.devices.device import Now
from tyrne.hosted.stop import StopRequest

if TYPE_CHECKING:
    from tyrne.hosted.recorder import Recorder

END: Final = b"\x04"
"""What is typed at the end of the input: EOT, what a terminal makes of Ctrl-D."""
MOST: Final = 1 << 20
"""Bytes of a terminal. There the input ends: all of it has to be in the report."""
_AT_ONCE: Final = 4096
_LOOK_SECONDS: Final = 0.1
"""How often somebody who waits looks whether the run is to stop."""
_PAUSE_SECONDS: Final = 0.01
"""Between two looks while tasks run."""


class Typist:
    """Satisfies `tyrne.hosted.bus.Outside`."""

    def __init__(self, source: int, console: Console, now: Now, recorder: Recorder, stop: StopRequest) -> None:
        """`source` is a descriptor that is read."""
        self._source: Final = source
        self._console: Final = console
        self._now: Final = now
        self._recorder: Final = recorder
        self._stop: Final = stop
        self._typed = 0
        self._next_look = 0.0
        recorder.connected = True

    @property
    def open(self) -> bool:
        return self._recorder.connected

    def look(self) -> None:
        if self.open and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _PAUSE_SECONDS
            if self._is_there(0):
                self._type(self._now() + 1)

    def wait(self, nanoseconds: int) -> int | None:
        start = time.monotonic_ns()
        while not self._stop.made:
            left = nanoseconds - (time.monotonic_ns() - start)
            if left <= 0:
                return nanoseconds
            if self._is_there(min(_LOOK_SECONDS, left / 1e9)):
                passed = min(max(1, time.monotonic_ns() - start), nanoseconds)
                self._type(self._now() + passed)
                return passed
        return None

    def _is_there(self, seconds: float) -> bool:
        """Whether there is something to be typed, and room for it, within so many seconds."""
        if self._console.typed >= MOST_TYPED:
            time.sleep(seconds)
            return False
        return bool(select.select([self._source], [], [], seconds)[0])

    def _type(self, at: int) -> None:
        try:
            data = os.read(self._source, min(_AT_ONCE, MOST - self._typed))
        except OSError:  # the terminal is gone
            data = b""
        self._typed += len(data)
        if not data:
            self._recorder.connected = False
        self._console.type_at(at, data or END)
        self._recorder.type(at, data or END)
