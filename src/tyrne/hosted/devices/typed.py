"""What is typed into a device: what has come and nobody has taken, and what comes by itself, each piece at its time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, Protocol

MOST_TYPED: Final = 65_536
"""Bytes that wait for a driver, of those that come while the device works."""

Keys = tuple[int, bytes]
"""Bytes, and the time in nanoseconds at which they are typed."""


class Keyboard(Protocol):
    """A device into which somebody types while it works."""

    @property
    def typed(self) -> int:
        """Bytes that were typed and that no driver has taken."""
        ...

    def type_at(self, time: int, data: bytes) -> None:
        """Let bytes come by themselves, later than now and not before those that are to come already."""
        ...


class Typed:
    """Bytes in the order in which they are typed."""

    def __init__(self, keys: Iterable[Keys]) -> None:
        """`keys` come by themselves, in the order of their times, however many they are."""
        self._here: Final = bytearray()
        self._keys: Final = deque(keys)

    def __len__(self) -> int:
        """How many bytes have come and were not taken."""
        return len(self._here)

    def add(self, data: bytes) -> int:
        """How many bytes were accepted; the others are for later."""
        accepted = data[: MOST_TYPED - len(self._here)]
        self._here.extend(accepted)
        return len(accepted)

    def add_at(self, time: int, data: bytes) -> None:
        self._keys.append((time, data))

    def coming(self) -> int | None:
        """The time at which the next piece comes by itself."""
        return self._keys[0][0] if self._keys else None

    def arrive(self, now: int) -> bool:
        """Let the next piece come if it is due; whether it was."""
        if not self._keys or self._keys[0][0] > now:
            return False
        self._here.extend(self._keys.popleft()[1])
        return True

    def take(self, most: int) -> bytes:
        """The first bytes, as many as there are up to so many."""
        data = bytes(self._here[:most])
        del self._here[: len(data)]
        return data
