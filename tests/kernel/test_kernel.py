"""The kernel's transitions: traps that end a task, what ending gives back, switching, and exit statuses."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Rights, TaskState
from tyrne.hal.frame import Vector
from tyrne.hal.interrupt import Interrupt
from tyrne.kernel.endpoint import EndpointState
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.page_table import Mapping, translate
from tyrne.kernel.task import Fault, Task
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP, Cap
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import (
    BASE,
    IMAGE,
    NULL,
    PANIC,
    STORE_FAULT,
    booted,
    context_of,
    current,
    held,
    living,
    slim_kernel,
    system_call,
    task_record,
    trap,
)
from tyrne.testing.state import kernel_state
from tyrne.testing.world import World

FLOATING = 0x1E0_0000 | 0x07 << 26
ENDPOINT = Cap(0, Rights(0x3F))


def fault(kernel: Kernel[MemoryBoard], syndrome: int = STORE_FAULT, address: int = BASE) -> Task | None:
    return trap(kernel, Vector.SYNCHRONOUS, u64(syndrome), u64(address))


def two() -> Kernel[MemoryBoard]:
    return booted(task_record("one", CONSOLE_CAP, ENDPOINT), task_record("two", ENDPOINT))


# --- faults


@pytest.mark.promise("The kernel goes on with the others")
def test_a_fault_ends_the_task_and_the_next_one_runs() -> None:
    kernel = two()
    first = current(kernel)
    first.frame.pc = u64(BASE + 8)
    second = fault(kernel)
    assert first.state is TaskState.FAULTED
    assert first.fault == Fault(u64(STORE_FAULT), u64(BASE), u64(BASE + 8))
    assert second is kernel.scheduler.core.current is kernel.tasks.items[1]
    assert kernel.board.traces[-1] == ("fault", 0, STORE_FAULT, BASE, BASE + 8, 0)
    line = 'tyrne: task "one" faulted: data abort on write, permission (esr=0x9200004f, far=0x800000, pc=0x800008)'
    assert kernel.board.lines()[-1] == line


@pytest.mark.promise(
    "Every exception that a program can cause goes to its supervisor as a message, or ends the task, and the "
    "kernel says which task, what and where"
)
@pytest.mark.parametrize(
    ("syndrome", "words", "address"),
    [
        (0x0200_0000, "undefined instruction", 0),
        (0x0600_0000, "trapped instruction", 0),
        (0x6200_0000, "trapped instruction", 0),
        (0x8200_0006, "instruction abort, translation", BASE),
        (0x8200_000F, "instruction abort, permission", BASE),
        (0x9200_0007, "data abort on read, translation", BASE),
        (0x9200_000B, "data abort on read, access flag", BASE),
        (0x9200_0047, "data abort on write, translation", BASE),
        (0x9200_0061, "data abort on write, alignment", BASE),
        (0x9200_0010, "data abort on read, other cause", BASE),
        (0x8A00_0000, "misaligned PC", BASE),
        (0x9A00_0000, "misaligned SP", 0),
        (0xF200_0000, "breakpoint or debug exception", 0),
        (0xBE00_0000, "system error", 0),
        (0x4600_0000, "unknown exception class", 0),
        (0xFE00_0000, "unknown exception class", 0),
    ],
)
def test_each_fault_is_reported_in_words_and_a_stale_address_as_0(syndrome: int, words: str, address: int) -> None:
    kernel = two()
    task = current(kernel)
    fault(kernel, syndrome)
    assert f"faulted: {words} (esr={syndrome:#x}, far={address:#x}, pc={BASE:#x})" in kernel.board.lines()[-1]
    assert task.fault == Fault(u64(syndrome), u64(address), u64(BASE))


@pytest.mark.parametrize("vector", [Vector.FIQ, Vector.SERROR])
def test_an_asynchronous_exception_ends_the_task_even_with_the_syndrome_of_a_system_call(vector: Vector) -> None:
    kernel = two()
    task = current(kernel)
    task.frame.x[8] = u64(3)
    assert trap(kernel, vector, u64(0x5600_0000), u64(0)) is kernel.tasks.items[1]
    assert task.state is TaskState.FAULTED


@pytest.mark.parametrize("immediate", [0, 1, 0xFFFF])
def test_the_immediate_of_svc_is_unused(immediate: int) -> None:
    kernel = two()
    current(kernel).frame.x[8] = u64(0x3F)
    trap(kernel, Vector.SYNCHRONOUS, u64(0x5600_0000 | immediate), u64(0))
    assert current(kernel).frame.x[0] == 1


def test_a_name_that_is_no_printable_text_cannot_forge_a_line() -> None:
    kernel = booted(task_record('a"\n\x1b[2Jé'))
    fault(kernel)
    assert kernel.board.lines()[-3].startswith('tyrne: task "a"..[2J.." faulted')


# --- floating point


def test_the_first_use_of_floating_point_opens_the_unit_and_the_task_goes_on() -> None:
    kernel = two()
    task = current(kernel)
    assert fault(kernel, FLOATING) is task
    assert kernel.board.events[-1] == ("open_floating", task.thread)
    assert task.thread.floating and not kernel.tasks.items[1].thread.floating


def test_a_second_floating_trap_is_a_fault() -> None:
    kernel = two()
    task = current(kernel)
    fault(kernel, FLOATING)
    fault(kernel, FLOATING)
    assert task.state is TaskState.FAULTED


# --- the end of a task


@pytest.mark.promise(
    "From the moment that a task ends, however it ends, it does nothing any more: it does not run, nothing is given to "
    "it, and from what it holds nothing can be derived",
    "its mappings, its address space: are gone, unless another capability names the space",
)
@pytest.mark.parametrize("how", ["exit", "fault"])
def test_the_end_of_a_task_gives_back_its_memory_its_space_and_its_authority(how: str) -> None:
    kernel = two()
    task = current(kernel)
    space, free = context_of(task).space, kernel.frames.available()
    assert space is not None
    if how == "exit":
        system_call(kernel, 4, 0)
    else:
        fault(kernel)
    assert kernel.frames.available() == free + 6  # root, three tables, one page of code, one of stack
    assert living(space) is None
    assert held(task.capabilities) == []
    assert task.context is None


@pytest.mark.promise("It is handed out again only when nothing maps it and the TLB has forgotten it")
def test_the_tlb_forgets_a_space_and_another_is_active_before_its_frames_can_be_used_again() -> None:
    kernel = two()
    events = kernel.board.events
    events.clear()
    system_call(kernel, 4, 0)
    second = kernel.context().space
    bootstrap = kernel.bootstrap_space()
    assert [event[0] for event in events] == ["activate", "invalidate_space", "switch_thread", "activate"]
    assert events[0] == ("activate", int(bootstrap.root), int(bootstrap.asid))
    assert events[1] == ("invalidate_space", int(second.asid) - 1)
    assert events[3] == ("activate", int(second.root), int(second.asid))


@pytest.mark.promise("with no task, it is empty")
def test_after_the_last_task_the_cpu_holds_the_empty_space_and_every_frame_is_free() -> None:
    kernel = two()
    system_call(kernel, 4, 0)
    kernel.board.events.clear()
    task = current(kernel)
    task.frame.x[8], task.frame.x[0] = u64(4), u64(0)
    assert trap(kernel, Vector.SYNCHRONOUS, u64(0x5600_0000), u64(0)) is None
    bootstrap = kernel.bootstrap_space()
    empty = ("activate", int(bootstrap.root), int(bootstrap.asid))
    assert kernel.board.events == [empty, ("invalidate_space", 3), empty]
    assert kernel.board.get(int(bootstrap.root), PAGE) == bytes(PAGE)
    assert kernel.frames.allocated == 1
    assert kernel.spaces.population == 1
    assert kernel.board.lines()[-2:] == ["tyrne: all tasks complete", "tyrne: boot-to-end elapsed = 0 ns"]


@pytest.mark.promise("messages that it left in an endpoint with send: stay")
def test_a_capability_in_flight_outlives_its_sender_and_can_still_be_received() -> None:
    kernel = two()
    assert system_call(kernel, 1, 1, 1, 2, 3, 4, 1)[0] == 0  # the endpoint capability sends itself
    system_call(kernel, 4, 0)
    reply = system_call(kernel, 2, 0)
    assert reply[:6] == (0, 0, 1, 2, 3, 4) and reply[6] == 1


def test_what_was_derived_from_a_dead_tasks_capabilities_goes_with_them_and_copies_stay() -> None:
    kernel = two()
    child = system_call(kernel, 7, 1, 0x3F, 0)[1]
    assert system_call(kernel, 1, 1, 0, 0, 0, 0, child)[0] == 0
    system_call(kernel, 3)
    assert system_call(kernel, 2, 0)[6] == 1  # the second task has it
    system_call(kernel, 3)
    peer = system_call(kernel, 6, 1, 0x3F)[1]
    assert system_call(kernel, 1, 1, 0, 0, 0, 0, peer)[0] == 0
    system_call(kernel, 4, 0)
    assert system_call(kernel, 11, 1)[0] == 0x102
    assert system_call(kernel, 2, 0)[6] == 1 | 1 << 16
    assert system_call(kernel, 11, 1 | 1 << 16)[:3] == (0, 2, 0x3F)


def test_a_dead_receiver_leaves_no_registration_where_v1_leaves_one() -> None:
    """A difference on purpose: nothing is said to be delivered to who is no more."""
    kernel = two()
    assert system_call(kernel, 2, 1)[:2] == (0, 1)
    system_call(kernel, 4, 0)
    assert kernel.endpoints.items[0].state is EndpointState.IDLE
    assert system_call(kernel, 1, 0, 5, 0, 0, 0, NULL)[:2] == (0, 1)


# --- switching


def test_a_switch_saves_the_old_thread_and_activates_the_new_space_and_none_happens_without_need() -> None:
    kernel = two()
    first, second = kernel.tasks.items
    events = kernel.board.events
    events.clear()
    for number in (0x3F, 5, 2):
        system_call(kernel, number, 0, BASE, 1)
    assert events == []
    system_call(kernel, 3)
    root, asid = kernel.context().space.root, kernel.context().space.asid
    assert events == [("switch_thread", first.thread, second.thread), ("activate", int(root), int(asid))]


def test_the_first_entry_has_no_old_thread() -> None:
    kernel = booted()
    switches = [event for event in kernel.board.events if event[0] == "switch_thread"]
    assert switches == [("switch_thread", None, kernel.tasks.items[0].thread)]


# --- interrupts and statuses


def test_the_limits_interrupt_stops_the_run_with_status_4() -> None:
    kernel = two()
    assert trap(kernel, Vector.IRQ, u64(0), u64(0)) is None
    assert kernel.exit_status() == 4
    assert {task.state for task in kernel.tasks.items} == {TaskState.READY}
    assert kernel.board.lines()[-2:] == [
        "tyrne: the instruction limit is reached",
        "tyrne: boot-to-end elapsed = 0 ns",
    ]


def test_a_spurious_interrupt_changes_nothing() -> None:
    kernel = two()
    kernel.board.interrupt = Interrupt.SPURIOUS
    before = kernel_state(kernel)
    assert trap(kernel, Vector.IRQ, u64(0x5600_0000), u64(0)) is kernel.tasks.items[0]
    assert kernel_state(kernel) == before


@pytest.mark.parametrize(
    ("first", "second", "status"), [(0, 0, 0), (1, 0, 1), (0, NULL, 1), (None, 0, 1), (0, None, 1), (None, None, 1)]
)
def test_exit_status_is_0_only_if_every_task_exited_with_0(first: int | None, second: int | None, status: int) -> None:
    kernel = two()
    for code in (first, second):
        if code is None:
            fault(kernel)
        else:
            system_call(kernel, 4, code)
    assert kernel.exit_status() == status


def test_exit_status_says_nothing_of_a_task_that_faulted_and_is_gone() -> None:
    w = World(1)
    quota = w.give_quota(0)
    task, space = (w.ok(0, C.CREATE, quota, kind.value, 0) for kind in (CapKind.TASK, CapKind.ADDRESS_SPACE))
    w.ok(0, C.TASK_CONFIGURE, task, space, BASE, BASE, BASE + PAGE)
    w.ok(0, C.TASK_RESUME, task)
    w.ok(0, C.TASK_PRIORITY, task, 8)
    w.fault(1)
    assert w.state(1) is TaskState.FAULTED
    w.ok(0, C.CAP_DROP, task)
    w.call(0, C.TASK_EXIT, 0)
    assert w.kernel.exit_status() == 0


def test_a_trap_without_a_current_task_is_a_panic() -> None:
    with pytest.raises(PANIC):
        trap(slim_kernel(MemoryBoard()), Vector.SYNCHRONOUS, u64(0x5600_0000), u64(0))


@pytest.mark.promise("memory: nothing of the kernel, nothing of others that was not shared")
def test_each_task_has_its_own_pages() -> None:
    kernel = two()
    frames = []
    for _ in range(2):
        for page in (BASE, BASE + PAGE):
            found = translate(kernel.board, kernel.context().space.root, u64(page))
            assert isinstance(found, Mapping) and found.frame >= IMAGE
            frames.append(int(found.frame))
        system_call(kernel, 3)
    assert len(set(frames)) == 4
