"""A place that is taken again, where nothing of what was there before is left; and the last of the frames."""

from __future__ import annotations

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Status
from tyrne.kernel.capability import MemoryHandle, TaskHandle
from tyrne.kernel.creation import new_memory, new_task
from tyrne.kernel.task import Task, TaskState
from tyrne.lang import u8, u64
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import BASE, STORE_FAULT, slim_kernel
from tyrne.testing.world import World


def ended(w: World, quota: int) -> Task:
    """Task 0 makes a task, with a name, which runs, fills its registers, uses time and faults; and drops it."""
    made, space = (w.ok(0, C.CREATE, quota, kind.value) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    task = w.task(2)
    w.ok(0, C.TASK_CONFIGURE, made, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, made)
    for i, letter in enumerate(b"former"):
        task.name[i] = u8(letter)
    for i in range(31):
        task.frame.x[i] = u64(100 + i)
    w.fault(2, STORE_FAULT)
    assert task.fault is not None
    for word in (made, space):
        w.ok(0, C.CAP_DROP, word)
    task.used, task.reach = u64(77), u64(3)
    return task


def test_a_task_in_the_place_of_another_has_no_name_no_registers_no_fault_and_has_used_nothing() -> None:
    w = World(2)
    quota = w.give_quota(0)
    former = ended(w, quota)
    made = w.ok(0, C.CREATE, quota, CapKind.TASK.value)
    task = w.task(2)
    assert task is former
    assert task.name[0] == 0
    assert (task.used, task.reach, task.exit_code, task.fault) == (0, 0, 0, None)
    assert set(task.frame.x) == {0} and (task.frame.sp, task.frame.pc, task.frame.pstate) == (0, 0, 0)
    assert task.state is TaskState.INACTIVE
    w.ok(0, C.TASK_STATE, made)
    assert w.x(0)[1] == TaskState.INACTIVE.value


def test_a_new_task_has_nothing_of_whatever_its_place_has_held() -> None:
    kernel = slim_kernel(MemoryBoard())
    made = new_task(kernel)
    assert isinstance(made, TaskHandle)
    task = made.at
    task.name[0], task.used, task.reach, task.exit_code = u8(120), u64(77), u64(3), u64(9)
    task.become(TaskState.EXITED)
    kernel.tasks.free(task.life.index)
    again = new_task(kernel)
    assert isinstance(again, TaskHandle) and again.at is task and again.life != made.life
    assert (task.name[0], task.used, task.reach, task.exit_code) == (0, 0, 0, 0)
    assert task.state is TaskState.INACTIVE


def test_memory_may_take_the_last_frame_and_not_one_more() -> None:
    kernel = World(2).kernel
    left = kernel.frames.available()
    assert new_memory(kernel, left + 1) is Status.OUT_OF_FRAMES
    assert isinstance(new_memory(kernel, left), MemoryHandle)
