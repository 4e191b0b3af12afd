"""The interrupts of a machine: which there are, and when they are due."""

from __future__ import annotations

from enum import Enum

from tyrne.lang import saturating_add, saturating_mul, u64


class Interrupt(Enum):
    """What the kernel learns when it acknowledges an interrupt."""

    SPURIOUS = 0
    """Nothing is due, or a line that nobody uses."""
    TICK = 1
    """The slice of the running task is over."""
    LIMIT = 2
    """The run may take no more instructions."""


class Deadlines:
    """When the limit and the next tick are due, in the units of one counter that only grows.

    Every machine has one alarm, which it sets to `earliest`. A deadline that has passed stays due until it is taken.
    """

    def __init__(self) -> None:
        self.limit_at: u64 | None = None
        self.period: u64 = u64(0)
        """From one tick to the next; 0 while there are none."""
        self.tick_at: u64 = u64(0)

    def arm_limit(self, now: u64, distance: u64) -> None:
        self.limit_at = saturating_add(now, distance)

    def arm_tick(self, now: u64, period: u64) -> None:
        """A tick at each multiple of `period`, above zero, from now on."""
        assert period > 0
        self.period = period
        self.tick_at = saturating_add(now, period)

    def earliest(self) -> u64 | None:
        """The next deadline, which may have passed; None when nothing is armed."""
        limit_at = self.limit_at
        if self.period == 0:
            return limit_at
        if limit_at is None:
            return self.tick_at
        return min(limit_at, self.tick_at)

    def take(self, now: u64) -> Interrupt:
        """One interrupt that is due, the limit first. The next tick keeps its place, however late this one is taken;
        ticks that have been missed altogether are left out."""
        limit_at = self.limit_at
        if limit_at is not None and now >= limit_at:
            self.limit_at = None
            return Interrupt.LIMIT
        if self.period == 0 or now < self.tick_at:
            return Interrupt.SPURIOUS
        passed = (now - self.tick_at) // self.period + 1
        self.tick_at = saturating_add(self.tick_at, saturating_mul(passed, self.period))
        return Interrupt.TICK
