"""The scheduler: queues of ready tasks, the current one in none, and the three accessors of the gate."""

from __future__ import annotations

import pytest

from tyrne.abi import Status, TaskState
from tyrne.hal.frame import PSTATE_EL0T
from tyrne.kernel.scheduler import Scheduler
from tyrne.kernel.task import Context, Task, TaskQueue
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u64
from tyrne.testing.kernels import BASE, NULL, PANIC, context_of, space_object
from tyrne.testing.state import state

TOP = BASE + 0x2000


def add(scheduler: Scheduler, task: Task, top: int = TOP, base: int = BASE) -> Status:
    return scheduler.add_user_task(task, space_object(1), u64(base), u64(BASE + 4), u64(top), task.capabilities)


def start(scheduler: Scheduler) -> None:
    """Let the first task run, its turn begun."""
    scheduler.preempt()
    assert scheduler.core.current is not None
    scheduler.begin_turn(scheduler.core.current, u64(0))


def yield_now(scheduler: Scheduler) -> None:
    """The current task gives its turn up."""
    assert scheduler.core.current is not None
    scheduler.rotate(scheduler.core.current)


def started(count: int) -> tuple[Scheduler, list[Task]]:
    scheduler, tasks = Scheduler(), [Task() for _ in range(count)]
    for task in tasks:
        assert add(scheduler, task) is Status.OK
    start(scheduler)
    return scheduler, tasks


# --- the queue


def test_the_queue_is_first_in_first_out_and_can_be_refilled() -> None:
    queue, tasks = TaskQueue(), [Task() for _ in range(4)]
    assert queue.pop() is None
    for task in tasks[:3]:
        queue.push(task)
    assert queue.pop() is tasks[0]
    queue.push(tasks[3])
    queue.push(tasks[0])
    assert [queue.pop() for _ in range(5)] == [tasks[1], tasks[2], tasks[3], tasks[0], None]
    assert queue.head is None and queue.tail is None
    queue.push(tasks[2])
    assert queue.pop() is tasks[2]
    assert all(task.next is None for task in tasks)


# --- add_user_task


def test_a_new_task_is_ready_with_pc_sp_and_pstate_set_and_all_else_zero() -> None:
    scheduler, task = Scheduler(), Task()
    assert add(scheduler, task) is Status.OK
    assert (task.frame.pc, task.frame.sp, task.frame.pstate) == (BASE + 4, TOP, PSTATE_EL0T)
    assert set(task.frame.x) == {0}
    assert state(task.thread) == state(Task().thread)
    assert task.state is TaskState.READY
    assert task.context == Context(task.capabilities, UserWindow(u64(BASE), u64(TOP - BASE)), space_object(1))


@pytest.mark.parametrize("task_state", [TaskState.READY, TaskState.EXITED, TaskState.FAULTED])
def test_a_task_is_given_to_the_scheduler_once(task_state: TaskState) -> None:
    scheduler, task = Scheduler(), Task()
    task.state = task_state
    before = state(scheduler, task)
    assert add(scheduler, task) is Status.BAD_STATE
    assert state(scheduler, task) == before


@pytest.mark.parametrize("top", [BASE - 0x1000, 0, BASE])
def test_a_reversed_or_empty_pair_gives_an_empty_window(top: int) -> None:
    scheduler, task = Scheduler(), Task()
    assert add(scheduler, task, top) is Status.OK
    window = context_of(task).window
    assert window == UserWindow(u64(BASE), u64(0))
    assert not window.validate(u64(BASE), u64(1))


def test_a_stack_off_16_bytes_is_a_panic() -> None:
    with pytest.raises(PANIC):
        add(Scheduler(), Task(), TOP - 8)


def test_a_task_without_a_table_is_bound_to_none() -> None:
    scheduler, task = Scheduler(), Task()
    assert scheduler.add_user_task(task, space_object(), u64(BASE), u64(BASE), u64(TOP), None) is Status.OK
    scheduler.preempt()
    assert scheduler.core.current is task
    assert scheduler.current_user_table() is None


# --- the accessors


def test_the_accessors_give_nothing_before_start_and_the_bindings_of_the_current_task_after() -> None:
    scheduler, task = Scheduler(), Task()
    assert add(scheduler, task) is Status.OK
    for accessor in (
        scheduler.current_user_table,
        scheduler.current_address_space_handle,
        scheduler.current_user_window,
    ):
        assert accessor() is None
    scheduler.preempt()
    assert scheduler.current_user_table() is task.capabilities
    assert scheduler.current_address_space_handle() == space_object(1)
    assert scheduler.current_user_window() == UserWindow(u64(BASE), u64(TOP - BASE))


def test_the_accessors_give_nothing_once_the_task_has_ended() -> None:
    scheduler, (task,) = started(1)
    scheduler.withdraw(task)
    task.context = None
    scheduler.core.current = task
    assert scheduler.current_user_table() is None
    assert scheduler.current_address_space_handle() is None
    assert scheduler.current_user_window() is None


# --- start, yield, end, stop


def test_start_takes_the_first_and_an_empty_queue_leaves_none() -> None:
    scheduler, tasks = started(2)
    assert scheduler.core.current is tasks[0]
    empty = Scheduler()
    empty.preempt()
    assert empty.core.current is None


def test_yield_goes_round() -> None:
    scheduler, tasks = started(3)
    order = []
    for _ in range(7):
        order.append(scheduler.core.current)
        yield_now(scheduler)
    assert order == [*tasks, *tasks, tasks[0]]


def test_yield_alone_goes_on() -> None:
    scheduler, (task,) = started(1)
    yield_now(scheduler)
    assert scheduler.core.current is task and scheduler.core.levels == 0


def test_a_withdrawn_task_never_comes_back_by_itself() -> None:
    scheduler, tasks = started(3)
    scheduler.withdraw(tasks[0])
    assert scheduler.core.current is tasks[1]
    for _ in range(4):
        yield_now(scheduler)
        assert scheduler.core.current is not tasks[0]
    scheduler.withdraw(tasks[2])  # one that waits for its turn
    scheduler.withdraw(tasks[1])
    assert scheduler.core.current is None and scheduler.core.levels == 0


def test_stop_keeps_the_states_of_all_tasks() -> None:
    scheduler, tasks = started(2)
    scheduler.core.current = None
    assert scheduler.core.current is None
    assert {task.state for task in tasks} == {TaskState.READY}


def test_the_window_never_reaches_past_the_last_address() -> None:
    scheduler, task = Scheduler(), Task()
    assert add(scheduler, task, NULL - 15, NULL - 31) is Status.OK
    window = context_of(task).window
    assert int(window.base) + int(window.length) <= NULL


# --- priorities


def prioritised(*priorities: int) -> tuple[Scheduler, list[Task]]:
    scheduler, tasks = Scheduler(), [Task() for _ in priorities]
    for task, priority in zip(tasks, priorities, strict=True):
        task.priority = u64(priority)
        assert add(scheduler, task) is Status.OK
    start(scheduler)
    return scheduler, tasks


@pytest.mark.parametrize("order", [(0, 15), (15, 0), (3, 2, 1), (8, 8, 7), (14, 15, 13, 0)])
def test_the_most_urgent_runs_and_yielding_to_less_urgent_ones_gives_them_nothing(order: tuple[int, ...]) -> None:
    scheduler, tasks = prioritised(*order)
    urgent = tasks[order.index(min(order))]
    for _ in range(3):
        assert scheduler.core.current is urgent
        yield_now(scheduler)


def test_each_level_runs_out_before_the_next_one_runs() -> None:
    scheduler, tasks = prioritised(2, 0, 1, 0, 2, 1)
    order = []
    while (task := scheduler.core.current) is not None:
        order.append(tasks.index(task))
        scheduler.withdraw(task)
    assert order == [1, 3, 2, 5, 0, 4]


def test_a_task_that_gives_way_keeps_its_turn_at_the_head_of_its_queue() -> None:
    scheduler, tasks = prioritised(8, 8, 8)
    urgent = Task()
    urgent.priority = u64(3)
    add(scheduler, urgent)
    scheduler.preempt()
    assert scheduler.core.current is urgent
    scheduler.withdraw(urgent)
    assert scheduler.core.current is tasks[0]
    assert scheduler.core.ready[8].head is tasks[1]


@pytest.mark.parametrize("priority", [8, 9, 15])
def test_an_equal_or_less_urgent_task_takes_the_cpu_from_nobody(priority: int) -> None:
    scheduler, tasks = prioritised(8, 8)
    other = Task()
    other.priority = u64(priority)
    add(scheduler, other)
    before = state(scheduler, tasks)
    scheduler.preempt()
    assert state(scheduler, tasks) == before


def test_the_partner_of_a_switch_runs_ahead_of_its_equals_and_of_who_is_less_urgent() -> None:
    for priority in (8, 3):
        scheduler, tasks = prioritised(8, 8, 8)
        partner = Task()
        partner.priority = u64(priority)
        scheduler.switch(partner)
        assert scheduler.core.current is partner and partner.state is TaskState.READY
        assert scheduler.core.ready[8].head is tasks[1]


def test_the_partner_of_a_switch_waits_while_a_more_urgent_task_is_ready() -> None:
    scheduler, tasks = prioritised(3, 8, 3)
    partner = Task()
    partner.priority = u64(8)
    scheduler.switch(partner)
    assert scheduler.core.current is tasks[2]
    assert scheduler.core.ready[8].tail is partner


def test_a_switch_without_a_partner_or_anybody_ready_leaves_no_one_running() -> None:
    scheduler, _ = started(1)
    scheduler.switch(None)
    assert scheduler.core.current is None


def test_when_nobody_runs_the_first_who_is_ready_does() -> None:
    scheduler, tasks = prioritised(8, 8)
    scheduler.preempt()
    assert scheduler.core.current is tasks[0]
    scheduler.core.current = None
    scheduler.preempt()
    assert scheduler.core.current is tasks[1]
    urgent = Task()
    add(scheduler, urgent)
    scheduler.preempt()
    assert scheduler.core.current is urgent


def test_a_level_without_tasks_is_noted() -> None:
    scheduler, tasks = prioritised(0, 5, 15)
    assert scheduler.core.levels == 1 << 5 | 1 << 15
    scheduler.withdraw(tasks[1])
    assert scheduler.core.levels == 1 << 15
    scheduler.withdraw(tasks[0])
    assert scheduler.core.levels == 0 and scheduler.core.current is tasks[2]


# --- what taking out of a queue leaves


@pytest.mark.parametrize("position", range(3))
def test_a_task_is_taken_out_of_a_queue_wherever_it_stands(position: int) -> None:
    queue, tasks = TaskQueue(), [Task() for _ in range(3)]
    for task in tasks:
        queue.push(task)
    assert all(task.queue is queue for task in tasks)
    queue.remove(tasks[position])
    assert tasks[position].queue is None and tasks[position].next is None
    rest = [task for task in tasks if task is not tasks[position]]
    fresh = Task()
    queue.push(fresh)
    assert [queue.pop() for _ in range(4)] == [*rest, fresh, None]


def test_taking_a_task_out_of_a_queue_in_which_it_is_not_is_a_panic() -> None:
    queue, other, task = TaskQueue(), TaskQueue(), Task()
    other.push(task)
    with pytest.raises(PANIC):
        queue.remove(task)


def test_pushing_to_the_front_of_an_empty_queue_makes_it_the_tail_too() -> None:
    queue, one, two = TaskQueue(), Task(), Task()
    queue.push_front(one)
    assert queue.tail is one
    queue.push_front(two)
    assert [queue.pop() for _ in range(3)] == [two, one, None]
