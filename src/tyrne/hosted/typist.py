"""Types what a terminal gives into a device of a hosted or native machine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from tyrne.hosted.devices.typed import MOST_TYPED, Keyboard

if TYPE_CHECKING:
    from tyrne.hosted.recorder import Recorder

END: Final = b"\x04"
"""What is typed at the end of the input: EOT, what a terminal makes of Ctrl-D."""
MOST: Final = 1 << 20
"""Bytes of a terminal. There the input ends: all of it has to be in the report."""
_AT_ONCE: Final = 4096


class Typist:
    """Satisfies `tyrne.hosted.doors.Door`."""

    def __init__(self, source: int, keyboard: Keyboard, recorder: Recorder) -> None:
        """`source` is a descriptor that is read."""
        self._source: Final = source
        self._keyboard: Final = keyboard
        self._recorder: Final = recorder
        self._typed = 0
        recorder.connected = True

    @property
    def open(self) -> bool:
        return self._recorder.connected

    def descriptors(self) -> Sequence[int]:
        return [self._source] if self._keyboard.typed < MOST_TYPED else []

    def take(self, descriptor: int, at: int) -> None:
        try:
            data = os.read(descriptor, min(_AT_ONCE, MOST - self._typed))
        except OSError:  # the terminal is gone
            data = b""
        self._typed += len(data)
        if not data:
            self._recorder.connected = False
        self._keyboard.type_at(at, data or END)
        self._recorder.type(at, data or END)
