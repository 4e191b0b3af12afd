"""Deadlines of one counter: the limit once, ticks for ever, and neither is lost, doubled or moved by being late."""

import pytest

from tyrne.hal.interrupt import Deadlines, Interrupt
from tyrne.lang import u64

LAST = u64((1 << 64) - 1)


def armed(limit: int | None = None, tick: int | None = None, now: int = 0) -> Deadlines:
    deadlines = Deadlines()
    if limit is not None:
        deadlines.arm_limit(u64(now), u64(limit))
    if tick is not None:
        deadlines.arm_tick(u64(now), u64(tick))
    return deadlines


def taken(deadlines: Deadlines, now: int) -> Interrupt:
    return deadlines.take(u64(now))


def test_nothing_is_due_where_nothing_is_armed() -> None:
    deadlines = armed()
    assert deadlines.earliest() is None
    assert deadlines.take(LAST) is Interrupt.SPURIOUS


def test_the_limit_is_due_once_and_not_early() -> None:
    deadlines = armed(limit=100, now=50)
    assert deadlines.earliest() == 150
    assert taken(deadlines, 149) is Interrupt.SPURIOUS
    assert taken(deadlines, 150) is Interrupt.LIMIT
    assert deadlines.earliest() is None
    assert taken(deadlines, 1000) is Interrupt.SPURIOUS


def test_ticks_come_one_period_apart() -> None:
    deadlines = armed(tick=10, now=5)
    for at in range(15, 1000, 10):
        assert deadlines.earliest() == at
        assert taken(deadlines, at - 1) is Interrupt.SPURIOUS
        assert taken(deadlines, at) is Interrupt.TICK


@pytest.mark.parametrize("late", [0, 1, 9])
def test_a_tick_that_is_taken_late_does_not_move_the_next(late: int) -> None:
    deadlines = armed(tick=10)
    for at in range(10, 1000, 10):
        assert taken(deadlines, at + late) is Interrupt.TICK
        assert deadlines.earliest() == at + 10


@pytest.mark.parametrize(("now", "after"), [(10, 20), (19, 20), (20, 30), (29, 30), (1234, 1240)])
def test_ticks_that_were_missed_are_left_out(now: int, after: int) -> None:
    deadlines = armed(tick=10)
    assert taken(deadlines, now) is Interrupt.TICK
    assert deadlines.earliest() == after
    assert taken(deadlines, now) is Interrupt.SPURIOUS


def test_the_limit_comes_before_a_tick_which_stays_due() -> None:
    deadlines = armed(limit=10, tick=10)
    assert deadlines.earliest() == 10
    assert taken(deadlines, 12) is Interrupt.LIMIT
    assert deadlines.earliest() == 10
    assert taken(deadlines, 12) is Interrupt.TICK
    assert deadlines.earliest() == 20


def test_the_earlier_deadline_is_the_alarm() -> None:
    assert armed(limit=25, tick=10).earliest() == 10
    assert armed(limit=5, tick=10).earliest() == 5


def test_deadlines_past_the_end_of_the_counter_stay_there() -> None:
    deadlines = armed(limit=int(LAST), tick=int(LAST), now=10)
    assert deadlines.earliest() == LAST
    assert deadlines.take(LAST) is Interrupt.LIMIT
    assert deadlines.take(LAST) is Interrupt.TICK
    assert deadlines.earliest() == LAST
    half = armed(tick=1 << 63)
    assert taken(half, 1 << 63) is Interrupt.TICK
    assert half.earliest() == LAST


def test_a_period_of_zero_is_refused() -> None:
    with pytest.raises(AssertionError):
        armed(tick=0)
