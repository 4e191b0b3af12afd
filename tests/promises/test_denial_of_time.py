"""How long a hostile task can keep others waiting: it does its worst, and what bounds it holds.

That these tests notice when a bound is gone is tested by `test_seeded_faults.py`.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from promises.hostile import ABORTED, HOSTILE, SERVER, VICTIM, room
from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind, Notice, Rights, Status, TaskState
from tyrne.hal.frame import Vector
from tyrne.kernel import deletion
from tyrne.lang import u64
from tyrne.system.parts import Quota
from tyrne.testing.board import PAGE
from tyrne.testing.kernels import BASE, NULL, SVC, context_of, move_window, trap
from tyrne.testing.world import World

# --- processor time


@pytest.mark.promise("processor time, bounded by: its priority, and among its equals a turn of one slice")
def test_a_task_that_never_gives_way_has_the_processor_for_a_turn() -> None:
    w = World(3)
    seen = []
    for _ in range(9):
        seen.append(w.current())
        w.tick()
    assert seen == [0, 1, 2] * 3


@pytest.mark.promise("processor time, bounded by: its priority, and among its equals a turn of one slice")
def test_no_call_of_a_less_urgent_task_takes_the_processor_from_a_more_urgent_one() -> None:
    w = World(3, priorities=(8, 3, 8))
    me, victim = w.give_task(HOSTILE, HOSTILE), w.give_task(HOSTILE, VICTIM)
    assert w.current() == VICTIM
    w.tick()
    assert w.current() == VICTIM
    w.blocks(VICTIM, C.WAIT, w.give(VICTIM, w.endpoint()))
    assert w.refused(HOSTILE, C.TASK_PRIORITY, me, 7) is Status.INSUFFICIENT_RIGHTS
    assert w.refused(HOSTILE, C.TASK_PRIORITY, victim, 7) is Status.INSUFFICIENT_RIGHTS


@pytest.mark.promise("processor time, bounded by: its priority, and among its equals a turn of one slice")
def test_neither_a_yield_nor_an_interruption_nor_a_long_call_lengthens_a_turn() -> None:
    w = World(3, priorities=(8, 8, 3), slice=1000)
    bell = w.notification()
    ring, its = w.give(HOSTILE, bell), w.give(SERVER, bell)
    w.blocks(SERVER, C.WAIT, its)
    start = w.board.clock
    w.board.clock += 990
    w.call(HOSTILE, C.TASK_YIELD)
    assert w.current() == VICTIM and w.board.turn_end == start + 1990
    w.board.clock += 1000
    w.tick()
    w.board.clock += 990
    w.ok(HOSTILE, C.NOTIFY, ring, 1)
    w.blocks(SERVER, C.WAIT, its)
    assert w.current() == HOSTILE and w.board.turn_end == w.board.clock + 10
    w.board.clock += 310
    w.call(HOSTILE, C.TASK_YIELD)
    assert w.current() == VICTIM and w.board.turn_end == w.board.clock + 1000
    w.board.clock += 1000
    w.tick()
    assert w.current() == HOSTILE and w.board.turn_end == w.board.clock + 700


# --- time inside the kernel


@pytest.mark.promise(
    "time inside the kernel, bounded by: long work goes in steps (below)",
    "No call, fault or interrupt holds the kernel with interrupts masked for more than 20,000 instructions, but for "
    "bytes to a slow serial line: 4096 of console_write, a line for each end of a task",
)
def test_no_call_takes_more_than_512_pages_or_4096_bytes() -> None:
    w = World(1, pages=1200, quota=Quota(spaces=1, memory=2, frames=600))
    purse, console, space = w.give_quota(0), w.give_console(0), w.give_space(0, 0)
    memory = w.ok(0, C.CREATE, purse, CapKind.MEMORY.value, 512)
    assert w.refused(0, C.CREATE, purse, CapKind.MEMORY.value, 513) is Status.BAD_ARGUMENT
    w.ok(0, C.MAP, space, memory, 0x1000_0000, 1)
    task = w.task(0)
    window = context_of(task).window
    move_window(task, int(window.base), int(window.length) + (1 << 30))
    assert w.refused(0, C.CONSOLE_WRITE, console, 0x1000_0000, 4097) is Status.BAD_ARGUMENT
    w.ok(0, C.CONSOLE_WRITE, console, 0x1000_0000, 4096)


@pytest.mark.promise(
    "time inside the kernel, bounded by: long work goes in steps (below)",
    "What takes longer goes in steps: deleting capabilities, giving back what an ended task held, releasing the tables "
    "of an address space, clearing memory and cleaning what becomes code",
)
@pytest.mark.parametrize("how", ["revoke", "exit"])
def test_a_revocation_or_an_end_deletes_each_capability_once_one_in_a_step(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    w = World(3, slots=30)
    root = w.give(0, w.endpoint())
    others = [w.give_task(0, task) for task in (1, 2)]
    every = int(Rights.DERIVE | Rights.TRANSFER | Rights.SEND)
    derived = 0
    for other in others:
        while room(w, 1 + others.index(other)):
            w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, every, 0), other)
            derived += 1
    deleted = []
    delete_leaf = deletion._delete_leaf

    def counted(*arguments: object) -> None:
        deleted.append(w.board.steps)
        delete_leaf(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(deletion, "_delete_leaf", counted)
    if how == "revoke":
        w.ok(0, C.CAP_REVOKE, root)
        assert len(deleted) == derived == 60
    else:
        w.call(0, C.TASK_EXIT, 0)
        assert derived < len(deleted) <= derived + 6, "and the root, the two tasks and what the task lived by"
    assert max(map(deleted.count, deleted)) <= 2, "the last capability over an object goes with the object's origin"


@pytest.mark.promise(
    "What takes longer goes in steps: deleting capabilities, giving back what an ended task held, releasing the tables "
    "of an address space, clearing memory and cleaning what becomes code"
)
def test_the_end_of_an_address_space_looks_at_each_entry_of_its_tables_once() -> None:
    w = World(1, slots=30)
    space, tables = w.ok(0, C.CREATE, w.give_quota(0), CapKind.ADDRESS_SPACE.value), 1
    for far in range(1, 6):
        w.ok(0, C.MAP, space, w.give(0, w.memory(1)), (far + 1 << 39) - PAGE, 0)  # the last entry of each table
        tables += 3
    reads, read64 = 0, w.board.read64

    def counted(address: u64) -> u64:
        nonlocal reads
        reads += 1
        return read64(address)

    w.board.read64 = counted  # type: ignore[method-assign]
    task = w.task(0)
    task.frame.x[0], task.frame.x[8] = u64(space), u64(C.CAP_DROP.value)
    trap(w.kernel, Vector.SYNCHRONOUS, u64(SVC), u64(0))  # and nothing of what a world looks at after it
    assert task.frame.x[0] == 0
    below = 512 * (tables - 1)  # of the root, no more than are used
    assert below <= reads <= below + 200, "and the way down again for each step of a table"


@pytest.mark.promise("time inside the kernel, bounded by: long work goes in steps (below)")
def test_a_step_of_a_revocation_goes_down_no_more_links_than_there_can_be() -> None:
    w = World(1, slots=60)
    root, every = w.give(0, w.endpoint()), int(Rights.DERIVE | Rights.SEND)
    for _ in range(4):
        at = root
        for _ in range(14):
            at = w.ok(0, C.CAP_DERIVE, at, every, 0)
    steps = 0

    def count(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        steps += event == "line"
        return count if frame.f_code is deletion.delete_one.__code__ else None

    tracer = sys.gettrace()
    sys.settrace(count)
    try:
        w.ok(0, C.CAP_REVOKE, root)
    finally:
        sys.settrace(tracer)
    assert 56 < steps < 56 * (8 + 3 * 16)


@pytest.mark.promise(
    "time inside the kernel, bounded by: long work goes in steps (below)",
    "After each step the kernel takes an interrupt that is pending, and lets a more urgent task run",
)
def test_an_interrupt_between_two_steps_ends_a_turn_as_one_at_el0_does() -> None:
    w = World(2, slots=30, slice=1000)
    root, its = w.give(0, w.endpoint()), w.give_task(0, 1)
    held = [w.ok(0, C.CAP_MOVE, w.ok(0, C.CAP_DERIVE, root, int(Rights.TRANSFER), 0), its) for _ in range(5)]
    w.board.clock += 1000
    w.preempted(0, 2, C.CAP_REVOKE, root)
    assert (w.current(), w.board.turn_end) == (1, w.board.clock + 1000)
    assert [w.holds(1, word) for word in held] == [True, True, True, False, False]


@pytest.mark.promise(
    "what others gave up, bounded by: there are as many objects as there are",
    "what others gave up, what it can still do: leave its end unfinished to a more urgent task that gives something "
    "back itself: that one does the rest",
)
def test_who_gives_something_back_does_what_others_have_left_and_who_does_not_is_not_kept() -> None:
    w = World(3, slots=30, priorities=(8, 8, 3))
    bell, door = w.notification(), w.endpoint()
    ring, its = w.give(1, bell), w.give(2, bell)
    for _ in range(20):
        w.give(0, door)
    made = w.ok(2, C.CREATE, w.give_quota(2), CapKind.NOTIFICATION.value, 0)
    w.blocks(2, C.WAIT, its)
    w.preempted(0, 3, C.TASK_EXIT, 0)
    w.ok(1, C.NOTIFY, ring, 1)
    assert (w.current(), w.state(0)) == (2, TaskState.ENDING)
    w.board.steps = 0
    w.ok(2, C.POLL, its)
    assert (w.board.steps, w.state(0)) == (0, TaskState.ENDING)
    w.ok(2, C.CAP_DROP, made)
    assert (w.current(), w.state(0)) == (2, TaskState.EXITED) and w.board.steps >= 18


# --- an endpoint, and a server's time


@pytest.mark.promise("an endpoint, bounded by: a task waits in one queue, which is first in, first out")
@pytest.mark.parametrize("order", [(0, 1, 3), (3, 1, 0), (1, 3, 0)])
def test_who_waits_at_an_endpoint_is_served_in_the_order_of_coming_and_once(order: tuple[int, ...]) -> None:
    w = World(4)
    door = w.endpoint()
    words = {task: w.give(task, door, badge=task + 1) for task in order}
    serve = w.give(SERVER, door)
    for task in order:
        w.blocks(task, C.SEND_WAIT, words[task], 1, 2, 3, 4, NULL)
    assert [w.ok(SERVER, C.WAIT, serve) - 1 for _ in order] == list(order)
    w.blocks(SERVER, C.WAIT, serve)


@pytest.mark.promise(
    "an endpoint, what it can still do: not delay send_wait and call by more than one turn, and one message for each "
    "poll that finds nothing"
)
@pytest.mark.parametrize("way", [C.SEND_WAIT, C.CALL])
def test_who_leaves_a_message_again_and_again_delays_who_waits_by_one_message_alone(way: C) -> None:
    w = World(3)
    door = w.endpoint()
    spam, word, serve = w.give(HOSTILE, door, badge=1), w.give(VICTIM, door, badge=2), w.give(SERVER, door)
    w.ok(HOSTILE, C.SEND, spam, 1, 2, 3, 4, NULL)
    w.blocks(VICTIM, way, word, 1, 2, 3, 4, NULL)
    badges = []
    for _ in range(2):
        badges.append(w.ok(SERVER, C.WAIT, serve))
        w.call(HOSTILE, C.SEND, spam, 1, 2, 3, 4, NULL)
    assert badges == [1, 2]


@pytest.mark.promise("a server's time, bounded by: nothing: the server answers whom it likes")
def test_a_server_answers_its_callers_in_any_order_and_need_not_answer_the_first() -> None:
    w = World(3)
    door = w.endpoint()
    serve, replies = w.give(SERVER, door), {}
    for task in (HOSTILE, VICTIM):
        w.blocks(task, C.CALL, w.give(task, door), 1, 2, 3, 4, NULL)
        w.ok(SERVER, C.WAIT, serve)
        replies[task] = w.x(SERVER)[7]
    w.ok(SERVER, C.REPLY, replies[VICTIM], 9, 9, 9, 9, NULL)
    assert (w.state(HOSTILE), w.state(VICTIM)) == (TaskState.CALLING, TaskState.READY)
    assert w.x(VICTIM)[2:6] == (9, 9, 9, 9)


@pytest.mark.promise(
    "a server's time, what it can still do: Priorities are not inherited: a server should be as urgent as its most "
    "urgent client"
)
def test_a_server_of_an_urgent_caller_stays_as_urgent_as_it_was() -> None:
    w = World(3, priorities=(8, 2, 12))
    door = w.endpoint()
    serve, word = w.give(SERVER, door), w.give(VICTIM, door)
    w.blocks(SERVER, C.WAIT, serve)
    w.blocks(VICTIM, C.CALL, word, 1, 2, 3, 4, NULL)
    assert w.task(SERVER).priority == 12 and w.current() == HOSTILE
    w.tick()
    assert w.current() == HOSTILE, "which is less urgent than the caller, and more than its server"


# --- a notification, and a client that calls


@pytest.mark.promise("a notification, what it can still do: with NOTIFY, set any bit and wake a waiter for nothing")
def test_who_has_notify_wakes_a_waiter_with_any_bits_and_takes_none() -> None:
    w = World(2)
    bell = w.notification()
    ring, hear = w.give(HOSTILE, bell, Rights.NOTIFY), w.give(VICTIM, bell, Rights.WAIT)
    w.blocks(VICTIM, C.WAIT, hear)
    w.ok(HOSTILE, C.NOTIFY, ring, 1 << 63)
    assert w.state(VICTIM) is TaskState.READY and w.x(VICTIM)[3] == 1 << 63
    assert w.refused(HOSTILE, C.POLL, ring) is Status.MISSING_RIGHT
    assert w.refused(HOSTILE, C.WAIT, ring) is Status.MISSING_RIGHT


@pytest.mark.promise("a notification, what it can still do: with WAIT, take signals meant for others")
def test_who_has_wait_takes_signals_from_others_and_makes_none() -> None:
    w = World(2)
    bell = w.notification()
    steal, ring = w.give(HOSTILE, bell, Rights.WAIT), w.give(VICTIM, bell)
    w.ok(VICTIM, C.NOTIFY, ring, 5)
    assert w.ok(HOSTILE, C.POLL, steal) == 5 and w.ok(VICTIM, C.POLL, ring) == 0
    assert w.refused(HOSTILE, C.NOTIFY, steal, 5) is Status.MISSING_RIGHT


@pytest.mark.promise(
    "a client that calls, what it can still do: keep it waiting until somebody revokes, suspends or ends, or "
    "configures the server anew"
)
@pytest.mark.parametrize("how", ["revoke", "suspend", "end the server", "end the client", "begin the server anew"])
def test_a_caller_that_is_not_answered_waits_until_somebody_revokes_suspends_ends_or_begins_anew(how: str) -> None:
    w = World(4)
    door = w.give(3, w.endpoint())
    server, client = w.give_task(3, HOSTILE), w.give_task(3, VICTIM)
    words = [
        w.ok(3, C.CAP_MOVE, w.ok(3, C.CAP_DERIVE, door, int(Rights.SEND | Rights.RECV | Rights.TRANSFER), 0), task)
        for task in (server, client)
    ]
    w.blocks(VICTIM, C.CALL, words[1], 1, 2, 3, 4, NULL)
    w.ok(HOSTILE, C.WAIT, words[0])
    for _ in range(20):
        w.tick()
    assert w.state(VICTIM) is TaskState.CALLING
    match how:
        case "revoke":
            w.ok(3, C.CAP_REVOKE, door)
        case "suspend":
            w.ok(3, C.TASK_SUSPEND, client)
        case "end the server":
            w.ok(3, C.TASK_END, server, 0)
        case "begin the server anew":
            w.ok(3, C.TASK_SUSPEND, server)
            w.ok(3, C.TASK_CONFIGURE, server, w.give_space(3, HOSTILE), BASE, BASE, BASE + PAGE)
        case "end the client":
            w.ok(3, C.TASK_END, client, 0)
            assert w.state(VICTIM) is TaskState.EXITED
            return
    assert w.x(VICTIM) == ABORTED
    assert w.state(VICTIM) is (TaskState.SUSPENDED if how == "suspend" else TaskState.READY)


# --- a supervisor


@pytest.mark.promise(
    "a supervisor, bounded by: one message for each fault",
    "a supervisor, what it can still do: fault, be repaired, fault: the supervisor decides when it is enough",
)
def test_a_supervisor_is_told_once_of_each_fault_and_ends_what_it_does_not_repair_any_more() -> None:
    w = World(2)
    watch = w.endpoint()
    ear = w.give(VICTIM, watch)
    w.supervise(HOSTILE, watch, 7)
    for _ in range(5):
        w.fault(HOSTILE)
        assert w.ok(VICTIM, C.WAIT, ear) == 7 and w.x(VICTIM)[2] == Notice.FAULTED.value
        reply = w.x(VICTIM)[7]
        assert w.ok(VICTIM, C.RECV, ear) == 1 and w.endpoint_at(watch).senders.head is None
        w.ok(VICTIM, C.CANCEL, ear)
        w.ok(VICTIM, C.REPLY, reply, 0, 0, 0, 0, NULL)
        assert w.state(HOSTILE) is TaskState.READY
    w.fault(HOSTILE)
    w.ok(VICTIM, C.WAIT, ear)
    w.ok(VICTIM, C.CAP_DROP, w.x(VICTIM)[7])
    assert w.state(HOSTILE) is TaskState.FAULTED
    w.blocks(VICTIM, C.WAIT, ear)
