"""The interrupts of a machine: which there are, and when they are due."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tyrne.lang import saturating_add, saturating_sub, u64, wrapping_mul

MULTIPLIER: Final = u64(0xD134_2543_DE82_EF95)
"""Of a multiplicative generator modulo 2^64, whose upper bits are the random ones (Steele and Vigna, 2021)."""
MOST_SEED: Final = u64((1 << 63) - 1)
"""Of drawn ticks: an odd number of 64 bits is made of it."""


class Interrupt(Enum):
    """What the kernel learns when it acknowledges an interrupt."""

    SPURIOUS = 0
    """Nothing is due, or a line that nobody uses."""
    TICK = 1
    """The turn of the running task is over."""
    LIMIT = 2
    """The run may take no more instructions."""
    ALARM = 3
    """A time has come that the kernel waits for."""
    DEVICE = 4
    """A device has raised its line."""


def sooner(one: u64 | None, other: u64 | None) -> u64 | None:
    """The earlier of two times that may never come."""
    if one is None:
        return other
    return one if other is None else min(one, other)


class Deadlines:
    """When the limit, the kernel's alarm and the end of the running turn are due, in the units of one counter that only
    grows.

    Every machine has one register to compare that with, which it sets to `earliest`. What has passed stays due until it
    is taken; that is once.
    """

    def __init__(self) -> None:
        self.limit_at: u64 | None = None
        self.alarm_at: u64 | None = None
        self.turn_at: u64 | None = None
        self.before_turn: u64 | None = None
        """The earlier of limit and alarm."""

    def arm_limit(self, now: u64, distance: u64) -> None:
        self.limit_at = saturating_add(now, distance)
        self.before_turn = sooner(self.limit_at, self.alarm_at)

    def spend(self, amount: u64) -> bool:
        """The limit comes nearer by so much. Whether there is one."""
        limit_at = self.limit_at
        if limit_at is None:
            return False
        self.limit_at = saturating_sub(limit_at, amount)
        self.before_turn = sooner(self.limit_at, self.alarm_at)
        return True

    def arm_alarm(self, at: u64 | None) -> None:
        self.alarm_at = at
        self.before_turn = sooner(self.limit_at, self.alarm_at)

    def arm_turn(self, at: u64 | None) -> None:
        self.turn_at = at

    def earliest(self) -> u64 | None:
        """What is due next, which may have passed; None when nothing is armed."""
        return sooner(self.before_turn, self.turn_at)

    def take(self, now: u64) -> Interrupt:
        """One interrupt that is due: the limit first, and the end of the turn last."""
        limit_at, alarm_at, turn_at = self.limit_at, self.alarm_at, self.turn_at
        if limit_at is not None and now >= limit_at:
            self.limit_at = None
            self.before_turn = alarm_at
            return Interrupt.LIMIT
        if alarm_at is not None and now >= alarm_at:
            self.alarm_at = None
            self.before_turn = limit_at
            return Interrupt.ALARM
        if turn_at is not None and now >= turn_at:
            self.turn_at = None
            return Interrupt.TICK
        return Interrupt.SPURIOUS


class DrawnTicks:
    """Ticks between the steps of long work, for machines whose clock stands still while the kernel works.

    Whether one comes after a step, as after one in four it does, is drawn from a seed.
    """

    def __init__(self) -> None:
        self.state: u64 = u64(0)
        """Odd, or 0: no tick ever comes."""
        self.due: bool = False

    def sow(self, seed: u64) -> None:
        """Draw from a seed from now on, MOST_SEED at most."""
        self.state = seed * 2 + 1

    def is_drawn(self) -> bool:
        """A step has been taken: whether a tick comes, which is to be taken next."""
        self.state = wrapping_mul(self.state, MULTIPLIER)
        self.due = self.state != 0 and self.state >> 62 == 0
        return self.due

    def take(self) -> bool:
        """Whether a tick is due; it is taken."""
        due = self.due
        self.due = False
        return due
