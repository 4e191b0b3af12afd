"""A task by itself, and its turn: what its state says, how urgent it is, and what it has used."""

from __future__ import annotations

import pytest

from tyrne.abi import TaskState
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task import Task
from tyrne.lang import u64

OVER = {TaskState.EXITED, TaskState.FAULTED, TaskState.ENDING}


@pytest.mark.parametrize("state", list(TaskState))
def test_a_task_has_ended_when_it_has_exited_or_faulted_or_is_at_it(state: TaskState) -> None:
    task = Task()
    task.become(state)
    assert task.has_ended() is (state in OVER)


def test_a_task_is_as_urgent_as_its_priority_but_for_one_whose_wait_time_ends() -> None:
    task = Task()
    task.set_priority(u64(3))
    assert (task.priority, task.urgency) == (3, 3)
    task.urgency = NOT_AT_ONCE
    task.set_priority(u64(5))
    assert (task.priority, task.urgency) == (5, NOT_AT_ONCE)


@pytest.mark.parametrize(("untimed", "reach", "used"), [(False, 4, 130), (False, 0, 30), (True, 4, 10), (True, 0, 10)])
def test_a_turn_that_is_left_counts_only_where_it_passed(untimed: bool, reach: int, used: int) -> None:
    scheduler, task = Scheduler(), Task()
    scheduler.slice, scheduler.core.began, scheduler.core.untimed = u64(100), u64(1000), untimed
    task.used, task.reach = u64(10), u64(reach)
    scheduler.core.left = task
    scheduler.settle(u64(1120))
    assert task.used == used and scheduler.core.left is None
