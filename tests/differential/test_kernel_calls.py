"""The kernel in CPython and the compiled one agree on random calls: results, registers, journal, memory and state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from first_of import first_of
from tyrne.abi import CallNumber, Status
from tyrne.kernel import deletion, messages, page_ranges, rendezvous, signals, task_calls
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.frames import Frames
from tyrne.kernel.page_ranges import Path
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task import TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u64
from tyrne.testing.lockstep.agreement import watchdog
from tyrne.testing.lockstep.counted_work import KINDS
from tyrne.testing.lockstep.game import Game, GameError, replay
from tyrne.testing.lockstep.pair import DisagreementError
from tyrne.testing.lockstep.play import play
from tyrne.testing.lockstep.shrinking import shrunk
from tyrne.testing.lockstep.tally import Tally

CALLS = int(os.environ.get("TYRNE_CALLS", "110000"))
PARTS = 4
NEVER_FROM_EL0 = {Status.PENDING_AFTER_RESUME, Status.BLOCK_MAPPED}
"""Version 1 had them."""
SELDOM = {Status.OUT_OF_FRAMES}
"""Needs a quota for more than 512 pages, where no block of 2 MiB is whole: these systems have 2 MiB of RAM."""


@first_of("part", range(PARTS))
def test_random_calls_agree_and_reach_every_call_and_status(part: int) -> None:
    tally, seed = Tally(), 1_000_000 * part + int(os.environ.get("TYRNE_SEED", "200"))
    with watchdog(600):
        while tally.calls.total() < CALLS // PARTS:
            try:
                tally.add(play(seed))
            except GameError as error:
                steps = "\n".join(map(str, shrunk(error.game, 200).steps))
                pytest.fail(f"{error}\nshortened:\n{steps}")
            seed += 1
    never = set(CallNumber) - tally.calls_that_succeeded()
    assert not never, f"in src/tyrne/testing/lockstep: no ARGUMENTS of call_arguments.py let these succeed: {never}"
    unmet = set(Status) - NEVER_FROM_EL0 - SELDOM - tally.statuses()
    assert not unmet, f"no random call ends in these; give ARGUMENTS that lead there, or say in SELDOM why not: {unmet}"
    whole = [kind for kind in KINDS if not tally.work.preempted[kind]]
    assert not whole, f"no other task went on before the rest of these; see MOODS of player.py: {whole}"


def _forgetful_unlink(slot: CapSlot) -> None:
    """Leaves the tree, but its neighbour after it keeps pointing back."""
    after, previous = slot.next_sibling, slot.previous_sibling
    ORIGINAL_UNLINK(slot)
    if after is not None:
        after.previous_sibling = slot if previous is None else previous


ORIGINAL_UNLINK = CapSlot._unlink


def _uncounted(memory: Any, path: Path) -> u64:
    """Takes a table off, which the one above goes on to count."""
    return ORIGINAL_CUT(memory, Path(path.address, path.link, path.last, path.cut, path.level, u64(0)))


ORIGINAL_CUT = page_ranges._cut_off

SEEDED: list[tuple[object, str, Callable[..., Any]]] = [
    (CapSlot, "_unlink", _forgetful_unlink),
    (CapTable, "has_room", lambda table, count: True),
    (Frames, "available", lambda frames: u64(0)),
    (Scheduler, "preempt", lambda scheduler: None),
    (TaskQueue, "push_front", TaskQueue.push),
    (UserWindow, "validate", lambda window, pointer, length: True),
    (deletion, "pay_back", lambda payer, claim, amount: None),
    (page_ranges, "_forget", lambda *_: None),
    (page_ranges, "_free_tables", lambda *_: None),
    (page_ranges, "_cut_off", _uncounted),
    (messages, "may_transfer", lambda *_: True),
    (rendezvous, "unmap_placed", lambda kernel, slot: setattr(slot, "placement", None)),
    (signals, "signal", lambda kernel, notification, bits: notification.set(bits)),
    (task_calls, "call_off", lambda kernel, task: None),
]
"""Functions, and what replaces them in CPython alone."""


@pytest.mark.parametrize(("owner", "name", "wrong"), SEEDED, ids=lambda item: item if isinstance(item, str) else "")
def test_wrong_function_is_found(
    owner: object, name: str, wrong: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(GameError):
        for seed in range(100):
            play(seed, 2000, 50)


def test_wrong_game_is_shortened_to_the_steps_that_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "signal", lambda kernel, notification, bits: notification.set(bits))
    long = next(game for game in wrong_games() if len(game.steps) > 25)
    short = shrunk(long, 200)
    assert isinstance(replay(short), DisagreementError)
    assert len(short.steps) <= 25


def wrong_games() -> Iterator[Game]:
    """Random games in which the kernels disagree."""
    for seed in range(100):
        try:
            play(seed, 100, 20)
        except GameError as error:
            yield error.game
