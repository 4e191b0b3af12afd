"""The kernel in CPython and the compiled one agree on random calls: results, registers, journal, memory and state."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from agreement import watchdog
from play import GameError, play
from shrinking import shrunk
from tally import Tally

from tyrne.kernel import deletion, mapping, messages, rendezvous, signals, task_calls
from tyrne.kernel.abi import Status
from tyrne.kernel.calls import CallNumber
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.frames import Frames
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task_queue import TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u64

CALLS = int(os.environ.get("TYRNE_CALLS", "110000"))
PARTS = 4
NEVER_FROM_EL0 = {Status.PENDING_AFTER_RESUME, Status.BLOCK_MAPPED}
"""Version 1 had the first; the second needs a block, which no address space has."""
SELDOM = {Status.OUT_OF_FRAMES}
"""Needs free frames that do not lie together."""


@pytest.mark.parametrize("part", range(PARTS))
def test_random_calls_agree_and_reach_every_call_and_status(part: int) -> None:
    tally, seed = Tally(), 1_000_000 * part + int(os.environ.get("TYRNE_SEED", "0"))
    with watchdog(600):
        while tally.calls.total() < CALLS // PARTS:
            try:
                tally.add(play(seed))
            except GameError as error:
                steps = "\n".join(map(str, shrunk(error.game, 200).steps))
                pytest.fail(f"{error}\nshortened:\n{steps}")
            seed += 1
    assert tally.calls_that_succeeded() == set(CallNumber)
    assert tally.statuses() | SELDOM >= set(Status) - NEVER_FROM_EL0
