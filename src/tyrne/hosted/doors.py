"""By what something comes from outside into a hosted or native machine: between two turns, and nowhere else.

While nobody is ready, time is that of the wall: a task that sleeps for a second sleeps for one, and what comes then
comes at its nanosecond. A run that is repeated has the times, and waits for nobody.
"""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from typing import Final, Protocol

from tyrne.hosted.devices.device import Now
from tyrne.hosted.stop import StopRequest

_LOOK_SECONDS: Final = 0.1
"""How often somebody who waits looks whether the run is to stop."""
_PAUSE_SECONDS: Final = 0.01
"""Between two looks while tasks run."""


class Door(Protocol):
    """What gives one device what comes from outside."""

    @property
    def open(self) -> bool:
        """Whether more may come."""
        ...

    def descriptors(self) -> Sequence[int]:
        """What can be read when something is there; none while there is no room for it."""
        ...

    def take(self, descriptor: int, at: int) -> None:
        """Read what is there, and let it come at a time."""
        ...


class Doors:
    """Satisfies `tyrne.hosted.bus.Outside`."""

    def __init__(self, doors: Sequence[Door], now: Now, stop: StopRequest) -> None:
        self._doors: Final = doors
        self._now: Final = now
        self._stop: Final = stop
        self._next_look = 0.0

    @property
    def open(self) -> bool:
        return any(door.open for door in self._doors)

    def look(self) -> None:
        if self.open and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _PAUSE_SECONDS
            for door, descriptor in self._ready(0):
                door.take(descriptor, self._now() + 1)

    def wait(self, nanoseconds: int) -> int | None:
        start = time.monotonic_ns()
        while not self._stop.made:
            left = nanoseconds - (time.monotonic_ns() - start)
            if left <= 0:
                return nanoseconds
            if ready := self._ready(min(_LOOK_SECONDS, left / 1e9)):
                passed = min(max(1, time.monotonic_ns() - start), nanoseconds)
                for door, descriptor in ready:
                    door.take(descriptor, self._now() + passed)
                return passed
        return None

    def _ready(self, seconds: float) -> list[tuple[Door, int]]:
        """Where something is there within so many seconds."""
        found = [(door, descriptor) for door in self._doors if door.open for descriptor in door.descriptors()]
        ready = select.select([descriptor for _, descriptor in found], [], [], seconds)[0]
        return [(door, descriptor) for door, descriptor in found if descriptor in ready]
