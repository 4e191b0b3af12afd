"""Time and ticks of a counter: pure arithmetic that never overflows and never ends a wait early.

A product of time and frequency may need 96 bits; splitting off whole seconds keeps every step in 64. Frequencies are
what CNTFRQ_EL0 holds: above zero and below 2^32 Hz. Results that do not fit saturate.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import saturating_add, saturating_mul, u64

SECOND: Final = u64(1_000_000_000)
"""Nanoseconds."""
FREQUENCY_LIMIT: Final = u64(1 << 32)


def ticks_to_ns(ticks: u64, frequency: u64) -> u64:
    """Nanoseconds that `ticks` last, rounded down."""
    assert 0 < frequency < FREQUENCY_LIMIT
    seconds = saturating_mul(ticks // frequency, SECOND)
    return saturating_add(seconds, ticks % frequency * SECOND // frequency)


def ns_to_ticks(ns: u64, frequency: u64) -> u64:
    """The fewest ticks that last at least `ns` nanoseconds."""
    assert 0 < frequency < FREQUENCY_LIMIT
    seconds = saturating_mul(ns // SECOND, frequency)
    return saturating_add(seconds, (ns % SECOND * frequency + (SECOND - 1)) // SECOND)


def resolution_ns(frequency: u64) -> u64:
    """How long one tick lasts, to the nearest nanosecond and at least one."""
    assert 0 < frequency < FREQUENCY_LIMIT
    nearest = (SECOND + frequency // 2) // frequency
    return nearest if nearest > 0 else u64(1)


def deadline(now: u64, ns: u64, frequency: u64) -> u64:
    """The counter's value from which on at least `ns` nanoseconds have passed since it was `now`."""
    return saturating_add(now, ns_to_ticks(ns, frequency))
