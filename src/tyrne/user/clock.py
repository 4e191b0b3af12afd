"""Time, in nanoseconds since boot, and the one deadline that a task can have.

A deadline signals bits, or ends a wait of the task. Setting one takes the place of the one before.
"""

from __future__ import annotations

from typing import Final

from tyrne.abi import NULL_HANDLE, CallNumber, Status
from tyrne.lang import u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import ClockCap, NotificationCap

MICROSECOND: Final = u64(1_000)
MILLISECOND: Final = u64(1_000_000)
SECOND: Final = u64(1_000_000_000)
NEVER: Final = u64(0xFFFF_FFFF_FFFF_FFFF)


def clock_read(clock: ClockCap) -> u64 | Status:
    """What time it is."""
    reply = request(CallNumber.CLOCK_READ, clock.word)
    return reply.x1 if is_ok(reply) else status_of(reply)


def signal_at(clock: ClockCap, at: u64, notification: NotificationCap, bits: u64) -> Status:
    """At that time, or now if it is past, signal bits."""
    return status_of(request(CallNumber.CLOCK_ARM, clock.word, at, notification.word, bits))


def end_wait_at(clock: ClockCap, at: u64) -> Status:
    """Let the next wait of this task end at that time with TIMED_OUT, unless it has ended before."""
    return status_of(request(CallNumber.CLOCK_ARM, clock.word, at, NULL_HANDLE, u64(0)))


def forget_deadline(clock: ClockCap) -> Status:
    """This task has no deadline any more."""
    return status_of(request(CallNumber.CLOCK_ARM, clock.word, NEVER, NULL_HANDLE, u64(0)))


def sleep_until(clock: ClockCap, at: u64, quiet: NotificationCap) -> Status:
    """Wait until that time. Nobody signals the notification; Ok means that somebody did, and its bits are taken."""
    armed = end_wait_at(clock, at)
    if armed is not Status.OK:
        return armed
    return status_of(request(CallNumber.WAIT, quiet.word))
