"""Deadlines of one counter: the limit, the alarm and the end of a turn, each once; none is lost or moved by being late.

And the ticks that are drawn from a seed: where they come is a matter of the seed alone.
"""

import pytest

from tyrne.hal.interrupt import MULTIPLIER, Deadlines, DrawnTicks, Interrupt
from tyrne.lang import u64, wrapping_mul

LAST = u64((1 << 64) - 1)


def armed(limit: int | None = None, turn: int | None = None, now: int = 0, alarm: int | None = None) -> Deadlines:
    deadlines = Deadlines()
    if alarm is not None:
        deadlines.arm_alarm(u64(alarm))
    if limit is not None:
        deadlines.arm_limit(u64(now), u64(limit))
    if turn is not None:
        deadlines.arm_turn(u64(turn))
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


def test_an_alarm_takes_the_place_of_the_one_before_and_none_takes_it_away() -> None:
    deadlines = armed(alarm=10, limit=1000)
    for at in (30, 20, 2000, 50):
        deadlines.arm_alarm(u64(at))
        assert deadlines.earliest() == min(at, 1000)
    deadlines.arm_alarm(None)
    assert deadlines.earliest() == 1000
    assert taken(deadlines, 999) is Interrupt.SPURIOUS


def test_of_what_is_due_the_limit_comes_first_then_the_alarm_and_the_end_of_the_turn_last() -> None:
    deadlines = armed(limit=10, alarm=10, turn=10)
    came = []
    while deadlines.earliest() is not None:
        came.append(taken(deadlines, 10))
    assert came == [Interrupt.LIMIT, Interrupt.ALARM, Interrupt.TICK]


def test_the_alarm_leaves_the_limit_where_it_is() -> None:
    deadlines = armed(limit=100, alarm=10)
    assert deadlines.earliest() == 10
    assert taken(deadlines, 10) is Interrupt.ALARM
    assert deadlines.earliest() == 100
    assert taken(deadlines, 100) is Interrupt.LIMIT


@pytest.mark.parametrize("late", [0, 1, 9, 1234])
@pytest.mark.parametrize(
    ("deadlines", "comes"), [({"alarm": 10}, Interrupt.ALARM), ({"turn": 10}, Interrupt.TICK)], ids=["alarm", "turn"]
)
def test_alarm_and_end_of_a_turn_are_due_once_not_early_and_however_late_they_are_taken(
    deadlines: dict[str, int], comes: Interrupt, late: int
) -> None:
    due = armed(**deadlines)
    assert due.earliest() == 10
    assert taken(due, 9) is Interrupt.SPURIOUS
    assert due.earliest() == 10
    assert taken(due, 10 + late) is comes
    assert due.earliest() is None
    assert taken(due, 10_000) is Interrupt.SPURIOUS


def test_the_next_turn_takes_the_place_of_the_one_before_whether_that_is_due_or_not() -> None:
    deadlines = armed(turn=10)
    for end in (30, 20, 50):
        deadlines.arm_turn(u64(end))
        assert deadlines.earliest() == end
        assert taken(deadlines, end - 1) is Interrupt.SPURIOUS
    assert taken(deadlines, 50) is Interrupt.TICK


def test_a_turn_that_is_over_as_it_begins_is_due_at_once() -> None:
    assert taken(armed(turn=10), 1000) is Interrupt.TICK


def test_the_limit_comes_before_the_end_of_a_turn_which_stays_due() -> None:
    deadlines = armed(limit=10, turn=10)
    assert deadlines.earliest() == 10
    assert taken(deadlines, 12) is Interrupt.LIMIT
    assert deadlines.earliest() == 10
    assert taken(deadlines, 12) is Interrupt.TICK
    assert deadlines.earliest() is None


def test_the_earlier_deadline_is_the_alarm() -> None:
    assert armed(limit=25, turn=10).earliest() == 10
    assert armed(limit=5, turn=10).earliest() == 5


def test_deadlines_past_the_end_of_the_counter_stay_there() -> None:
    deadlines = armed(limit=int(LAST), turn=int(LAST), now=10)
    assert deadlines.earliest() == LAST
    assert deadlines.take(LAST) is Interrupt.LIMIT
    assert deadlines.take(LAST) is Interrupt.TICK


def test_what_is_spent_brings_the_limit_nearer_and_no_end_of_a_turn() -> None:
    deadlines = armed(limit=1000, turn=300)
    assert deadlines.spend(u64(750))
    assert deadlines.earliest() == 250
    assert taken(deadlines, 249) is Interrupt.SPURIOUS
    assert taken(deadlines, 250) is Interrupt.LIMIT
    assert taken(deadlines, 300) is Interrupt.TICK


def test_more_than_is_left_can_be_spent_and_the_limit_is_due() -> None:
    deadlines = armed(limit=1000)
    assert deadlines.spend(LAST) and deadlines.spend(LAST)
    assert taken(deadlines, 0) is Interrupt.LIMIT
    assert not deadlines.spend(u64(1))
    assert deadlines.earliest() is None


def test_nothing_is_spent_of_no_limit() -> None:
    deadlines = armed(turn=10)
    assert not deadlines.spend(u64(5))
    assert deadlines.earliest() == 10


def drawn(seed: int | None, steps: int) -> list[bool]:
    """After which steps a tick comes; each that comes is taken, once."""
    ticks = DrawnTicks()
    if seed is not None:
        ticks.sow(u64(seed))
    found = []
    for _ in range(steps):
        found.append(ticks.is_drawn())
        assert ticks.take() is found[-1]
        assert not ticks.take()
    return found


def test_no_tick_is_due_before_the_first_step() -> None:
    assert not DrawnTicks().take()


def test_without_a_seed_no_tick_ever_comes() -> None:
    assert not any(drawn(None, 1000))


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 77, 1 << 32, (1 << 63) - 1])
def test_one_step_in_four_is_followed_by_a_tick(seed: int) -> None:
    assert 0.22 < sum(drawn(seed, 8000)) / 8000 < 0.28


@pytest.mark.parametrize("seed", [0, 5, (1 << 63) - 1])
def test_a_tick_follows_where_the_upper_two_bits_of_what_is_drawn_are_zeros(seed: int) -> None:
    state, expected = u64(2 * seed + 1), []
    for _ in range(200):
        state = wrapping_mul(state, MULTIPLIER)
        expected.append(state < 1 << 62)
    assert drawn(seed, 200) == expected


def test_where_ticks_come_follows_from_the_seed() -> None:
    draws = [drawn(seed, 200) for seed in range(50)]
    assert draws == [drawn(seed, 200) for seed in range(50)]
    assert len(set(map(tuple, draws))) == 50


def test_a_tick_that_is_not_taken_is_lost_with_the_next_draw() -> None:
    ticks = DrawnTicks()
    ticks.sow(u64(1))
    while not ticks.is_drawn():
        pass
    while ticks.is_drawn():
        pass
    assert not ticks.take()
