"""Worlds in which turns are counted."""

from __future__ import annotations

from tyrne.testing.world import World

SLICE = 1000


ALONE = None
"""What is left of a turn that does not pass, because nobody is ready who would have the next one."""


def timed(tasks: int = 3, priorities: tuple[int, ...] = (8, 8, 8)) -> World:
    """A world whose first turn begins with the count 5."""
    w = World(tasks, priorities=priorities, slice=SLICE)
    first, second = sorted(priorities)[:2]
    assert left(w) == (SLICE if first == second else ALONE)
    return w


def left(w: World) -> int | None:
    """How many counts the running turn still has."""
    return None if w.board.turn_end is None else w.board.turn_end - w.board.clock


def run_turn(w: World, task: int) -> None:
    """End turns until one of a task begins."""
    while w.current() != task:
        w.board.clock += SLICE
        w.tick()
