"""What a task's calls act with: all of it or none; and what of a task is left when it is bound to that."""

from __future__ import annotations

import pytest

from tyrne.abi import TaskState
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.task import Fault, Task, whole_context
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u64
from tyrne.testing.kernels import BASE, space_object


@pytest.mark.parametrize("missing", ["nothing", "table", "window", "space"])
def test_there_is_a_context_when_all_three_are_there_that_it_is_made_of(missing: str) -> None:
    table, window, space = CapTable(2), UserWindow(u64(BASE), u64(0x100)), space_object(1)
    context = whole_context(
        None if missing == "table" else table,
        None if missing == "window" else window,
        None if missing == "space" else space,
    )
    if missing != "nothing":
        assert context is None
    else:
        assert context is not None
        assert (context.table, context.window, context.space) == (table, window, space)


def test_a_task_that_is_bound_has_its_first_registers_and_nothing_of_what_it_was() -> None:
    task = Task()
    task.frame.x[3], task.frame.pstate, task.thread.floating = u64(7), u64(1), True
    task.exit_code, task.fault, task.state = u64(4), Fault(u64(1), u64(2), u64(3)), TaskState.FAULTED
    task.bind(space_object(1), u64(BASE), u64(BASE + 8), u64(BASE + 0x100), CapTable(2))
    assert (task.frame.pc, task.frame.sp) == (BASE + 8, BASE + 0x100)
    assert not any(task.frame.x) and task.frame.pstate == 0 and not task.thread.floating
    assert (task.exit_code, task.fault, task.state) == (0, None, TaskState.INACTIVE)
    assert task.context is not None and (task.context.window.base, task.context.window.length) == (BASE, 0x100)
