"""Spec 8.7: the caller's context is the running task's table, window and live address space, all three or none."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tyrne.abi import Rights, Status, TaskState, pack_handle
from tyrne.boot.start import check_gate
from tyrne.hal.frame import Answer, Call, TrapFrame
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.config import MAX_SPACES
from tyrne.kernel.effects import Reschedule, Return, Terminate
from tyrne.kernel.kernel import NO_TASK, Kernel
from tyrne.kernel.system_calls import dispatch
from tyrne.kernel.task import whole_context
from tyrne.kernel.user_memory import UserWindow
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP, Cap
from tyrne.testing.board import MemoryBoard
from tyrne.testing.kernels import (
    BASE,
    NULL,
    PANIC,
    booted,
    context_of,
    current,
    held,
    living,
    slim_kernel,
    space_object,
    system_call,
    task_record,
)
from tyrne.testing.state import kernel_state

SEND, RECV, YIELD, EXIT, WRITE, BAD = 1, 2, 3, 4, 5, 0x3F
COMBINATIONS = list(product([True, False], repeat=3))
GIVEN = (True, True, True)

CALLS = {
    SEND: (1, 10, 20, 30, 40, NULL),
    RECV: (1, 0, 0, 0, 0, 0),
    YIELD: (0,) * 6,
    EXIT: (7, 0, 0, 0, 0, 0),
    WRITE: (0, BASE, 4, 0, 0, 0),
    BAD: (0,) * 6,
}
FAIL_CLOSED = {SEND: 0x201, RECV: 0x201, YIELD: 0x102, EXIT: 0x102, WRITE: 0x102, BAD: 0x1}

PARTS = ("table", "window", "space")
NAMES = ["-".join(part for part, given in zip(PARTS, row, strict=True) if given) or "none" for row in COMBINATIONS]
combinations = pytest.mark.parametrize("parts", COMBINATIONS, ids=NAMES)


def kernel_with(parts: tuple[bool, bool, bool], debug_console: bool = True) -> Kernel[MemoryBoard]:
    """A kernel whose current task holds the console and endpoint 0, and only these parts of its context."""
    endpoint = Cap(0, Rights.SEND | Rights.RECV)
    kernel = booted(task_record("one", CONSOLE_CAP, endpoint), task_record("two"), debug_console=debug_console)
    task = current(kernel)
    has_table, has_window, has_space = parts
    whole = context_of(task)
    task.context = whole_context(
        whole.table if has_table else None, whole.window if has_window else None, whole.space if has_space else None
    )
    return kernel


def context_is_the_tasks_own(kernel: Kernel[MemoryBoard]) -> None:
    task, caller = current(kernel), kernel.context()
    own = context_of(task)
    assert caller.table is own.table is task.capabilities
    assert caller.window == own.window != UserWindow()
    assert caller.space is living(own.space)
    assert caller.space is not kernel.bootstrap_space()
    assert (caller.task, caller.has_current_task) == (task.number, True)


def context_fails_closed(kernel: Kernel[MemoryBoard]) -> None:
    caller = kernel.context()
    assert caller.table is kernel.empty_table
    assert held(caller.table) == [] and caller.table.is_full()
    assert caller.window == UserWindow()
    assert caller.space is kernel.bootstrap_space()
    assert (caller.task, caller.has_current_task) == (NO_TASK, False)


@pytest.mark.promise(
    "A system call acts with the caller's capability table, address window and address space",
    "The kernel takes the three from the scheduler's current task in one snapshot",
)
@combinations
def test_spec_8_7_the_context_is_taken_as_a_unit(parts: tuple[bool, bool, bool]) -> None:
    kernel = kernel_with(parts)
    if parts == GIVEN:
        context_is_the_tasks_own(kernel)
    else:
        context_fails_closed(kernel)


@pytest.mark.promise(
    "If one is missing it uses none of them: the call runs against an empty table and an empty window, and is refused",
)
@combinations
@pytest.mark.parametrize("number", CALLS)
def test_spec_8_7_every_call_on_both_planes(parts: tuple[bool, bool, bool], number: int) -> None:
    kernel = kernel_with(parts)
    task = current(kernel)
    before = kernel_state(kernel)
    reply = system_call(kernel, number, *CALLS[number])
    if parts != GIVEN or number == BAD:
        assert reply == (FAIL_CLOSED[number], 0, 0, 0, 0, 0, 0, 0)
        assert kernel_state(kernel) == before
        assert kernel.board.traces[-1][:2] == ("call", 0)
        return
    if number == EXIT:
        assert (task.state, task.exit_code) == (TaskState.EXITED, 7)
    else:
        assert reply[0] == 0
    assert (current(kernel) is task) == (number in (SEND, RECV, WRITE))
    assert kernel.board.written() == (b"code" if number == WRITE else b"")


@combinations
def test_spec_8_7_a_release_kernel_refuses_console_write_as_a_bad_number(parts: tuple[bool, bool, bool]) -> None:
    kernel = kernel_with(parts, debug_console=False)
    assert system_call(kernel, WRITE, *CALLS[WRITE]) == (0x1, 0, 0, 0, 0, 0, 0, 0)
    assert kernel.board.console == []


@combinations
def test_spec_8_7_the_effect_itself_is_a_refusal(parts: tuple[bool, bool, bool]) -> None:
    kernel = kernel_with(parts)
    for number, status in FAIL_CLOSED.items():
        call = Call(u64(number), *map(u64, CALLS[number]))
        effect = dispatch(kernel, call)
        if parts != GIVEN:
            assert effect == Return(Answer(u64(status)))
        elif number in (YIELD, EXIT):
            assert effect == (Reschedule() if number == YIELD else Terminate(u64(7)))


@pytest.mark.parametrize("index", [0, 1, 5, MAX_SPACES - 1])
@pytest.mark.parametrize("generation", [0, 1, 0xFFFF_FFFF])
def test_spec_8_7_the_space_counts_only_while_its_generation_lives(index: int, generation: int) -> None:
    kernel = kernel_with(GIVEN)
    task = current(kernel)
    space = space_object(index, generation, kernel)
    task.context = replace(context_of(task), space=space)
    if living(space) is None:
        context_fails_closed(kernel)
    else:
        assert kernel.context().has_current_task


def test_spec_8_7_a_freed_space_takes_the_whole_context_with_it() -> None:
    kernel = kernel_with(GIVEN)
    kernel.spaces.free(context_of(current(kernel)).space.at.life.index)
    context_fails_closed(kernel)
    assert kernel.spaces.allocate() is not None  # the same slot in its next generation
    context_fails_closed(kernel)


def test_spec_8_7_without_a_current_task_the_context_fails_closed() -> None:
    kernel = slim_kernel(MemoryBoard())
    context_fails_closed(kernel)
    kernel = kernel_with(GIVEN)
    kernel.scheduler.core.current = None
    context_fails_closed(kernel)
    for number, status in FAIL_CLOSED.items():
        call = Call(u64(number), *map(u64, CALLS[number]))
        assert dispatch(kernel, call) == Return(Answer(u64(status)))


@pytest.mark.promise("The kernel takes the three from the scheduler's current task in one snapshot")
def test_spec_8_7_a_ready_task_gives_no_context_until_it_is_current() -> None:
    kernel = kernel_with(GIVEN)
    first = kernel.context()
    assert system_call(kernel, YIELD)[0] == 0
    second = kernel.context()
    assert first.table is not second.table and first.space is not second.space
    context_is_the_tasks_own(kernel)


@pytest.mark.promise("There is no default authority to fall back to")
def test_spec_8_7_no_handle_resolves_in_the_empty_table() -> None:
    kernel = slim_kernel(MemoryBoard())
    for word in (0, 1, 63, 0xFFFF, 1 << 16, NULL):
        call = Call(u64(WRITE), u64(word), u64(0), u64(0), u64(0), u64(0), u64(0))
        assert dispatch(kernel, call) == Return(Answer(u64(0x102)))
    assert held(kernel.empty_table) == []
    console = Capability(Rights.CONSOLE_WRITE, DebugConsole())
    assert kernel.empty_table.insert(console, None) is Status.CAPS_EXHAUSTED


@pytest.mark.promise("handles: a number that means something only in the task's own table")
def test_spec_8_7_a_handle_of_one_task_means_nothing_to_another() -> None:
    kernel = kernel_with(GIVEN)
    word = pack_handle(current(kernel).capabilities.slots[0].handle())
    assert system_call(kernel, YIELD)[0] == 0
    assert system_call(kernel, WRITE, int(word), BASE, 4)[0] == 0x102


# --- the check at boot


@pytest.mark.promise("When the kernel boots, before any task runs, it traps into itself and insists on the refusals")
@pytest.mark.parametrize(("debug_console", "console"), [(True, 0x102), (False, 0x1)])
def test_spec_8_7_boot_traps_from_el1_and_reports_both_refusals(debug_console: bool, console: int) -> None:
    kernel = booted(debug_console=debug_console)
    line = (
        "tyrne: syscall smoke ok (gate #3 fail-closed \N{EM DASH} no current task: "
        f"console_write status={console:#x}; bad-number status=0x1)"
    )
    assert kernel.board.lines().count(line) == 1


@pytest.mark.promise("a kernel whose gate is open does not start")
def test_spec_8_7_boot_stops_when_the_gate_is_open() -> None:
    class Open(MemoryBoard):
        def call_from_kernel(self, frame: TrapFrame) -> None:
            frame.x[0] = u64(0)

    with pytest.raises(PANIC):
        check_gate(slim_kernel(Open()))


@pytest.mark.promise("a kernel whose gate is open does not start")
@pytest.mark.parametrize("wrong", [WRITE, BAD])
def test_spec_8_7_boot_asserts_each_of_the_two_statuses(wrong: int) -> None:
    class Leaky(MemoryBoard):
        def call_from_kernel(self, frame: TrapFrame) -> None:
            number = frame.x[8]
            super().call_from_kernel(frame)
            if number == wrong:
                frame.x[0] = u64(0x103)

    with pytest.raises(PANIC):
        check_gate(slim_kernel(Leaky()))


def test_spec_8_7_a_trap_from_el1_while_a_task_runs_is_a_panic() -> None:
    with pytest.raises(PANIC):
        booted().trap_from_kernel(TrapFrame())
