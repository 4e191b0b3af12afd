"""Any registers, whatever is missing of the caller's context; and the end of everything, from any state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from properties.driver import Driver, busy_system
from tyrne.abi import CallNumber, Status, TaskState
from tyrne.hal.frame import Answer, Call, Vector
from tyrne.kernel.effects import Return
from tyrne.kernel.ending import end_task
from tyrne.kernel.system_calls import dispatch
from tyrne.kernel.task import whole_context
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP
from tyrne.testing.board import PAGE
from tyrne.testing.invariants import check_system
from tyrne.testing.kernels import BASE, NULL, STORE_FAULT, booted, context_of, held, task_record, trap
from tyrne.testing.whole import reap_all

POINTERS = [BASE - 1, BASE, BASE + PAGE - 2, BASE + PAGE, BASE + 2 * PAGE - 1, BASE + 2 * PAGE, 1 << 48, NULL]
REFUSALS_WITHOUT_CONTEXT = {
    u64(status.value)
    for status in (Status.BAD_SYSCALL_NUMBER, Status.BAD_ARGUMENT, Status.INVALID_HANDLE, Status.STALE_HANDLE)
}
word = st.integers(0, NULL) | st.sampled_from(POINTERS) | st.integers(0, 6)


@pytest.mark.promise(
    "If one is missing it uses none of them: the call runs against an empty table and an empty window, and is refused",
)
@settings(max_examples=1000)
@given(st.integers(0, 37) | word, st.tuples(word, word, word, word, word, word), st.integers(1, 7), st.booleans())
def test_without_its_whole_context_a_caller_is_refused_whatever_its_registers(
    number: int, arguments: tuple[int, ...], missing: int, debug_console: bool
) -> None:
    kernel = KERNELS[debug_console]
    task = kernel.tasks.items[0]
    context = CONTEXTS[debug_console]
    task.context = whole_context(
        None if missing & 2 else context.table, None if missing & 4 else context.window,
        None if missing & 1 else context.space,
    )
    effect = dispatch(kernel, Call(u64(number), *map(u64, arguments)))
    assert isinstance(effect, Return) and effect.answer.status in REFUSALS_WITHOUT_CONTEXT
    assert effect == Return(Answer(effect.answer.status))
    if number == CallNumber.CONSOLE_WRITE.value and not debug_console:
        assert effect.answer.status == Status.BAD_SYSCALL_NUMBER.value


KERNELS = {debug: booted(task_record("one", CONSOLE_CAP), debug_console=debug) for debug in (True, False)}
CONTEXTS = {debug: context_of(kernel.tasks.items[0]) for debug, kernel in KERNELS.items()}


@pytest.mark.parametrize("seed", range(12))
def test_from_any_state_the_end_of_all_tasks_leaves_what_only_boot_can_name(seed: int) -> None:
    """Ready tasks fault or exit until none runs; what still waits is ended. Only tasks of the manifest, and the quotas
    that paid for their spaces, are left."""
    kernel = busy_system()
    drive = Driver(1000 + seed, kernel)
    for _ in range(250):
        if not drive.step():
            break
    while kernel.scheduler.core.current is not None:
        if drive.one_in(2):
            drive.system_call(CallNumber.TASK_EXIT.value, [seed])
        else:
            trap(kernel, Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(BASE))
        check_system(kernel)
    for task, alive in zip(kernel.tasks.items, kernel.tasks.occupied, strict=True):
        if alive and not task.has_ended():
            end_task(kernel, task, TaskState.EXITED, u64(0))
    while kernel.ending.top is not None or kernel.scheduler.core.current is not None:
        reap_all(kernel)
        kernel.scheduler.preempt()
        kernel.leave()
        if kernel.scheduler.core.current is not None:  # released by the end of another
            trap(kernel, Vector.SYNCHRONOUS, u64(STORE_FAULT), u64(BASE))
    check_system(kernel)
    assert kernel.frames.allocated == 1 and kernel.spaces.population == 1
    assert (kernel.regions.population, kernel.notifications.population, kernel.quotas.population) == (0, 0, 1 + 4)
    assert list(kernel.tasks.occupied) == [True] * 4 + [False] * 6
    assert not any(held(task.capabilities) for task in kernel.tasks.items)
