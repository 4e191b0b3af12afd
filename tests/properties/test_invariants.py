"""The invariants see what they are about: each is broken behind the kernel's back, and the violation is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from damage import DAMAGE, Busy

from tyrne.abi import TaskState
from tyrne.testing.invariants import INVARIANTS, violations
from tyrne.testing.snapshot import Saved, Snapshot


@pytest.fixture(scope="module")
def whole() -> tuple[Busy, Snapshot, Saved]:
    """One kernel for all, which each test puts back as it was."""
    world = Busy()
    snapshot = Snapshot(world.kernel)
    return world, snapshot, snapshot.save()


@pytest.mark.parametrize(("name", "sentence", "damage"), DAMAGE, ids=[f"{name}: {what}" for name, what, _ in DAMAGE])
def test_an_invariant_names_what_breaks_it(
    name: str, sentence: str, damage: Callable[[Busy], object], whole: tuple[Busy, Snapshot, Saved]
) -> None:
    world, snapshot, saved = whole
    damage(world)
    found = violations(world.kernel)
    snapshot.restore(saved)
    assert any(line.startswith(f"{name}: ") and sentence in line for line in found), "\n".join(found)


def test_what_was_broken_was_made_whole_again(whole: tuple[Busy, Snapshot, Saved]) -> None:
    assert violations(whole[0].kernel) == []


def test_every_invariant_can_be_broken() -> None:
    assert {name for name, _, _ in DAMAGE} == {invariant.__name__ for invariant in INVARIANTS}


@pytest.mark.parametrize("state", [TaskState.SUSPENDED, TaskState.SENDING, TaskState.CALLING, TaskState.EXITED])
def test_a_task_in_a_state_that_its_queue_denies_is_found(state: TaskState) -> None:
    world = Busy()
    world.task(4).state = state
    assert violations(world.kernel)
