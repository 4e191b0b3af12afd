"""The numbers that tasks have in reports."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind
from tyrne.lang import u32
from tyrne.testing.world import World


def test_tasks_that_are_made_are_numbered_after_those_of_the_manifest() -> None:
    w = World(2)
    w.ok(0, C.CREATE, w.give_quota(0), CapKind.TASK.value)
    assert [int(w.task(i).number) for i in range(3)] == [0, 1, 2]


def test_no_number_of_lives_stops_the_kernel() -> None:
    w = World(2)
    w.kernel.lives = u32(0xFFFF_FFFF)
    w.make(CapKind.TASK)
    w.make(CapKind.TASK)
    assert [int(w.task(i).number) for i in (2, 3)] == [0xFFFF_FFFF, 0]
