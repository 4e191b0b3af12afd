"""A virtual counter that executed instructions move: one instruction lasts one nanosecond.

QEMU's counter behaves so under `-icount shift=0`; machines without a clock of their own count like it.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import saturating_mul, u64

FREQUENCY: Final = u64(62_500_000)
"""Ticks a second."""
INSTRUCTIONS_PER_TICK: Final = u64(16)


def instructions_until(tick: u64) -> u64:
    """After how many instructions the counter has reached a value."""
    return saturating_mul(tick, INSTRUCTIONS_PER_TICK)
