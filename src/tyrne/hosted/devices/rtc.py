"""A real-time clock, Arm's PL031, as QEMU's machine has it: whole seconds, and an alarm at a number of them.

It follows QEMU's model where that departs from Arm's: it always runs, and the alarm is a whole number of seconds after
the store to MR or LR that set it, so it may be up to a second late.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from tyrne.hosted.devices.device import Now, SetLine

BASE: Final = 1_767_225_600
"""The time of day at the start of the machine, in seconds since 1970: 2026-01-01 00:00:00 UTC."""

_ID: Final = 0xFE0
_IDS: Final = (0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1)
_SECOND: Final = 1_000_000_000
_WORD: Final = 0xFFFF_FFFF


class _Register(IntEnum):
    DR = 0x00
    MR = 0x04
    LR = 0x08
    CR = 0x0C
    IMSC = 0x10
    RIS = 0x14
    MIS = 0x18
    ICR = 0x1C


class Rtc:
    """A Device. What is no register reads as 0, and stores to it have no effect."""

    size: Final = 0x1000

    def __init__(self, set_line: SetLine, now: Now) -> None:
        self._set_line: Final = set_line
        self._now: Final = now
        self._offset = BASE
        self._match = 0
        self._loaded = 0
        self._unmasked = 0
        self._raised = 0
        self._alarm_at: int | None = None

    def read(self, offset: int, width: int) -> int:
        if offset >= _ID:
            return _IDS[(offset - _ID) >> 2]
        match offset:
            case _Register.DR:
                return self._seconds()
            case _Register.MR:
                return self._match
            case _Register.LR:
                return self._loaded
            case _Register.CR:
                return 1
            case _Register.IMSC:
                return self._unmasked
            case _Register.RIS:
                return self._raised
            case _Register.MIS:
                return self._raised & self._unmasked
        return 0

    def write(self, offset: int, width: int, value: int) -> None:
        match offset:
            case _Register.MR:
                self._match = value
                self._set_alarm()
            case _Register.LR:
                self._loaded = value
                self._offset += value - self._seconds()
                self._set_alarm()
            case _Register.IMSC:
                self._unmasked = value & 1
                self._update()
            case _Register.ICR:
                self._raised &= ~value
                self._update()

    def next_event(self) -> int | None:
        return self._alarm_at

    def advance(self, now: int) -> None:
        if self._alarm_at is not None and self._alarm_at <= now:
            self._ring()

    def _seconds(self) -> int:
        return (self._offset + self._now() // _SECOND) & _WORD

    def _set_alarm(self) -> None:
        seconds = (self._match - self._seconds()) & _WORD
        if seconds:
            self._alarm_at = self._now() + seconds * _SECOND
        else:
            self._ring()

    def _ring(self) -> None:
        self._alarm_at = None
        self._raised = 1
        self._update()

    def _update(self) -> None:
        self._set_line(bool(self._raised & self._unmasked))
