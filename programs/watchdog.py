"""Ends a worker that does not report once in each round. The end of a round is a deadline, which comes as a signal.

The bell is bound to the endpoint of the reports: one `wait` is for both. A badge says which worker reports.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import bit_not, export, handle, u64
from tyrne.user import (
    MILLISECOND,
    SIGNAL_BADGE,
    ClockCap,
    EndpointCap,
    NotificationCap,
    TaskCap,
    bind,
    clock_read,
    done,
    granted,
    print_bytes,
    signal_at,
    task_end,
    wait,
)

CLOCK: Final = ClockCap(handle("clock"))
REPORTS: Final = EndpointCap(handle("reports"))
BELL: Final = NotificationCap(handle("bell"))
STEADY: Final = TaskCap(handle("steady"))
STUCK: Final = TaskCap(handle("stuck"))
STEADY_BADGE: Final = u64(1)
STUCK_BADGE: Final = u64(2)
"""Of the workers, one bit each."""
FINISHED: Final = u64(2)
"""The label of a worker's last report."""
ROUND: Final = 10 * MILLISECOND
RING: Final = u64(1)


def end_who_is_silent(silent: u64) -> None:
    """End those workers that have not reported in a round."""
    if silent & STEADY_BADGE != 0:
        done(task_end(STEADY, u64(0)))
        print_bytes(b"watchdog: ends steady, which has not reported\n")
    if silent & STUCK_BADGE != 0:
        done(task_end(STUCK, u64(0)))
        print_bytes(b"watchdog: ends stuck, which has not reported\n")


@export
def main() -> u64:
    done(bind(REPORTS, BELL))
    watched = STEADY_BADGE | STUCK_BADGE
    heard = u64(0)
    over_at = granted(clock_read(CLOCK)) + ROUND
    done(signal_at(CLOCK, over_at, BELL, RING))
    while watched != 0:
        arrival = granted(wait(REPORTS))
        if arrival.badge == SIGNAL_BADGE:
            end_who_is_silent(watched & bit_not(heard))
            watched = watched & heard
            heard = u64(0)
            over_at = over_at + ROUND
            done(signal_at(CLOCK, over_at, BELL, RING))
        elif arrival.label == FINISHED:
            print_bytes(b"watchdog: a worker has finished\n")
            watched = watched & bit_not(arrival.badge)
        else:
            heard = heard | arrival.badge
    return u64(0)
