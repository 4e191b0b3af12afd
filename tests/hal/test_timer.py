"""Time and ticks, against exact arithmetic and at their edges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tyrne.hal.instruction_clock import instructions_until
from tyrne.hal.timer import deadline, ns_to_ticks, resolution_ns, ticks_to_ns
from tyrne.lang import u64

LAST = (1 << 64) - 1
QEMU = u64(62_500_000)
frequencies = st.integers(1, (1 << 32) - 1).map(u64)
words = st.one_of(st.integers(0, LAST), st.integers(0, 10**12)).map(u64)


def test_zero_ticks_last_no_time() -> None:
    assert ticks_to_ns(u64(0), QEMU) == 0
    assert ns_to_ticks(u64(0), QEMU) == 0


@pytest.mark.parametrize(("tick", "instructions"), [(0, 0), (1, 16), (1 << 60, LAST), ((1 << 60) - 1, LAST - 15)])
def test_the_counter_of_instructions_counts_one_for_sixteen(tick: int, instructions: int) -> None:
    assert instructions_until(u64(tick)) == instructions


def test_one_second_is_the_frequency() -> None:
    assert ticks_to_ns(QEMU, QEMU) == 10**9
    assert ns_to_ticks(u64(10**9), QEMU) == QEMU


@pytest.mark.parametrize(("ns", "ticks"), [(1, 1), (15, 1), (16, 1), (17, 2), (10**9 + 1, 62_500_001)])
def test_a_deadline_is_never_early(ns: int, ticks: int) -> None:
    assert ns_to_ticks(u64(ns), QEMU) == ticks


@pytest.mark.parametrize(
    ("frequency", "ns"),
    [(62_500_000, 16), (10**9, 1), (4 * 10**9, 1), (54_000_000, 19), (24_000_000, 42), (3, 333_333_333)],
)
def test_resolution_is_the_nearest_nanosecond_and_at_least_one(frequency: int, ns: int) -> None:
    assert resolution_ns(u64(frequency)) == ns


def test_results_that_do_not_fit_saturate() -> None:
    assert ticks_to_ns(u64(LAST), u64(1)) == LAST
    assert ns_to_ticks(u64(LAST), u64(4 * 10**9)) == LAST
    assert deadline(u64(LAST - 1), u64(10**9), QEMU) == LAST


@pytest.mark.parametrize("frequency", [0, 1 << 32])
def test_an_impossible_frequency_traps(frequency: int) -> None:
    for call in (lambda f: ticks_to_ns(u64(1), f), lambda f: ns_to_ticks(u64(1), f), resolution_ns):
        with pytest.raises(AssertionError):
            call(u64(frequency))


@given(words, frequencies)
def test_time_is_exact_rounded_down(ticks: u64, frequency: u64) -> None:
    assert ticks_to_ns(ticks, frequency) == min(int(ticks) * 10**9 // int(frequency), LAST)


@given(words, frequencies)
def test_ticks_are_exact_rounded_up(ns: u64, frequency: u64) -> None:
    assert ns_to_ticks(ns, frequency) == min(-(-int(ns) * int(frequency) // 10**9), LAST)


@given(words, words, frequencies)
def test_time_is_monotonic(a: u64, b: u64, frequency: u64) -> None:
    low, high = min(a, b), max(a, b)
    assert ticks_to_ns(low, frequency) <= ticks_to_ns(high, frequency)
    assert ns_to_ticks(low, frequency) <= ns_to_ticks(high, frequency)


@given(st.integers(0, 10**15).map(u64), frequencies)
def test_time_to_ticks_and_back_loses_less_than_a_tick(ns: u64, frequency: u64) -> None:
    back = ticks_to_ns(ns_to_ticks(ns, frequency), frequency)
    assert ns <= back + 1
    assert back <= ns + 10**9 // int(frequency) + 1
