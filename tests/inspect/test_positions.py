"""A run is walked through by instructions and transitions, forwards and backwards."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tyrne.hal.interrupt import Interrupt
from tyrne.inspect import open_run
from tyrne.inspect.positions import backward, forward, move, target_of
from tyrne.system.checkpoints import TRANSITION, Place
from tyrne.system.replay import Replay
from tyrne.system.shipped import shipped


def pc(replay: Replay) -> int | None:
    return None if replay.next_task is None else int(replay.next_task.frame.pc)


def places(replay: Replay, steps: int) -> list[tuple[Place, int | None]]:
    """So many steps forwards: each place, with where the task is that runs next."""
    found = [(replay.place, pc(replay))]
    while len(found) <= steps and forward(replay):
        found.append((replay.place, pc(replay)))
    return found


def before_an_interrupt(replay: Replay) -> None:
    """Twenty instructions before the first of the run."""
    begun = replay.instructions
    while (made := replay.step()) is not None and not isinstance(made.cause, Interrupt):
        begun = replay.instructions
    between = replay.instructions - begun
    replay.back()
    replay.advance(between - 20)


@pytest.mark.parametrize("start", [lambda replay: replay.to(0), before_an_interrupt], ids=["calls", "an interrupt"])
def test_the_way_back_leads_through_the_places_of_the_way_there(start: Callable[[Replay], None]) -> None:
    replay = open_run(shipped("systems/busy.toml"))
    replay.keep_checkpoints(spacing=TRANSITION // 100)
    start(replay)
    way = places(replay, 60)
    assert way[0][0].transition < way[-1][0].transition
    for place in reversed(way[:-1]):
        backward(replay)
        assert (replay.place, pc(replay)) == place


def test_there_is_no_way_back_from_the_start() -> None:
    replay = open_run(shipped("systems/exchange.toml"))
    replay.keep_checkpoints()
    assert forward(replay) and replay.place == (0, 1)
    backward(replay)
    assert replay.place == (0, 0)
    with pytest.raises(IndexError):
        backward(replay)


@pytest.mark.parametrize("keeps", [False, True])
def test_one_moves_to_a_position_that_was_passed(keeps: bool) -> None:
    replay = open_run(shipped("systems/exchange.toml"))
    if keeps:
        replay.keep_checkpoints(spacing=TRANSITION)
    move(replay, None, "--at")
    for text, place in (("3", (3, 0)), ("1+2", (1, 2)), ("-1", (replay.length - 1, 0)), ("0", (0, 0)), ("5i", (0, 5))):
        move(replay, target_of(text, "--at"), "--at")
        assert replay.place == place
