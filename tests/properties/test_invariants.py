"""The invariants see what they are about: each is broken behind the kernel's back, and the violation is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from damage import DAMAGE, Busy

from tyrne.kernel.abi import TaskState
from tyrne.testing.invariants import INVARIANTS, violations


@pytest.mark.parametrize(("name", "sentence", "damage"), DAMAGE, ids=[f"{name}: {what}" for name, what, _ in DAMAGE])
def test_an_invariant_names_what_breaks_it(name: str, sentence: str, damage: Callable[[Busy], object]) -> None:
    world = Busy()
    damage(world)
    found = violations(world.kernel)
    assert any(line.startswith(f"{name}: ") and sentence in line for line in found), "\n".join(found)


def test_every_invariant_can_be_broken() -> None:
    assert {name for name, _, _ in DAMAGE} == {invariant.__name__ for invariant in INVARIANTS}


@pytest.mark.parametrize("state", [TaskState.SUSPENDED, TaskState.SENDING, TaskState.CALLING, TaskState.EXITED])
def test_a_task_in_a_state_that_its_queue_denies_is_found(state: TaskState) -> None:
    world = Busy()
    world.task(4).state = state
    assert violations(world.kernel)
