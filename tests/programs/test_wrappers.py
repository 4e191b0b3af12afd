"""Each system call as the library makes it: the registers that go in, and what is made of those that come out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from scripted_kernel import ScriptedKernel, reply

from tyrne import user
from tyrne.abi import CALLS, NULL_HANDLE, CallNumber, CapKind, Notice, Rights, SendOutcome, Status, TaskState
from tyrne.hal.pages import MappingFlags
from tyrne.lang import Trap, u64
from tyrne.rows import check_rows
from tyrne.user import (
    Access,
    Arrival,
    Cap,
    CapInfo,
    ClockCap,
    ConsoleCap,
    EndpointCap,
    InterruptCap,
    MemoryCap,
    Message,
    NotificationCap,
    Pending,
    QuotaCap,
    Registers,
    ReplyCap,
    SpaceCap,
    TaskCap,
    TaskCondition,
    calls,
)

NULL: Final = int(NULL_HANDLE)
NEVER: Final = int(user.NEVER)
CONSOLE: Final = ConsoleCap(u64(20))
ENDPOINT: Final = EndpointCap(u64(2 << 16 | 7))
E: Final = 2 << 16 | 7
NOTIFICATION: Final = NotificationCap(u64(21))
TASK: Final = TaskCap(u64(22))
SPACE: Final = SpaceCap(u64(23))
MEMORY: Final = MemoryCap(u64(24))
QUOTA: Final = QuotaCap(u64(25))
TARGET: Final = QuotaCap(u64(26))
CALLER: Final = ReplyCap(u64(27))
CLOCK: Final = ClockCap(u64(28))
IRQ: Final = InterruptCap(u64(29))
MESSAGE: Final = Message(u64(1), u64(2), u64(3), u64(4))
WITH_CAP: Final = Message(u64(1), u64(2), u64(3), u64(4), Cap(u64(30)))
SEND: Final = Rights.SEND
W: Final = [u64(n) for n in range(100)]

N: Final = CallNumber
Attempt = Callable[[], object]

ROWS: Final[list[tuple[CallNumber, Attempt, tuple[int, ...], tuple[int, ...], object]]] = [
    (N.SEND, lambda: user.send(ENDPOINT, MESSAGE), (E, 1, 2, 3, 4, NULL), (0,), SendOutcome.DELIVERED),
    (N.SEND, lambda: user.send(ENDPOINT, WITH_CAP), (E, 1, 2, 3, 4, 30), (1,), SendOutcome.ENQUEUED),
    (N.RECV, lambda: user.recv(ENDPOINT), (E,), (0, 1, 2, 3, 4, NULL), MESSAGE),
    (N.RECV, lambda: user.recv(ENDPOINT), (E,), (0, 1, 2, 3, 4, 30), WITH_CAP),
    (N.RECV, lambda: user.recv(ENDPOINT), (E,), (1,), Pending()),
    (N.TASK_YIELD, user.task_yield, (), (), Status.OK),
    (N.TASK_EXIT, lambda: user.task_exit(W[9]), (9,), (), Status.OK),
    (N.CAP_COPY, lambda: user.cap_copy(ENDPOINT, SEND), (E, 0x10), (40,), EndpointCap(u64(40))),
    (N.CAP_DERIVE, lambda: user.cap_derive(TASK, Rights.CONTROL), (22, 0x1_0000, 0), (40,), TaskCap(u64(40))),
    (N.CAP_DERIVE, lambda: user.cap_derive(ENDPOINT, SEND, W[5]), (E, 0x10, 5), (40,), EndpointCap(u64(40))),
    (N.CAP_REVOKE, lambda: user.cap_revoke(MEMORY), (24,), (), Status.OK),
    (N.CAP_DROP, lambda: user.cap_drop(CALLER), (27,), (), Status.OK),
    (N.CAP_MOVE, lambda: user.cap_move(SPACE), (23, NULL), (40,), SpaceCap(u64(40))),
    (N.CAP_MOVE, lambda: user.cap_give(ENDPOINT, TASK), (E, 22), (40,), u64(40)),
    (
        N.CAP_QUERY,
        lambda: user.cap_query(MEMORY),
        (24,),
        (6, 0x600, 0, 2, 8, 0x1000, 3),
        CapInfo(CapKind.MEMORY, Rights.READ | Rights.WRITE, W[0], W[2], W[8], u64(0x1000), W[3]),
    ),
    (N.SEND_WAIT, lambda: user.send_wait(ENDPOINT, WITH_CAP), (E, 1, 2, 3, 4, 30), (), Status.OK),
    (
        N.WAIT,
        lambda: user.wait(ENDPOINT),
        (E,),
        (9, 1, 2, 3, 4, NULL, 27),
        Arrival(W[9], W[1], W[2], W[3], W[4], None, CALLER),
    ),
    (
        N.WAIT,
        lambda: user.wait(ENDPOINT),
        (E,),
        (9, 1, 2, 3, 4, 30, NULL),
        Arrival(W[9], W[1], W[2], W[3], W[4], Cap(u64(30)), None),
    ),
    (N.WAIT, lambda: user.wait_signals(NOTIFICATION), (21,), (NULL, 0, 6, 0, 0, NULL, NULL), u64(6)),
    (N.CALL, lambda: user.call(ENDPOINT, MESSAGE), (E, 1, 2, 3, 4, NULL), (0, 1, 2, 3, 4, 30), WITH_CAP),
    (N.REPLY, lambda: user.reply(CALLER, WITH_CAP), (27, 1, 2, 3, 4, 30), (), Status.OK),
    (
        N.REPLY_WAIT,
        lambda: user.reply_wait(CALLER, ENDPOINT, W[1], W[2], W[3], W[4]),
        (27, 1, 2, 3, 4, E),
        (0, 5, 0, 0, 0, NULL, NULL),
        Arrival(W[0], W[5], W[0], W[0], W[0], None, None),
    ),
    (N.CANCEL, lambda: user.cancel(ENDPOINT), (E,), (), Status.OK),
    (N.NOTIFY, lambda: user.notify(NOTIFICATION, W[6]), (21, 6), (), Status.OK),
    (N.POLL, lambda: user.poll(NOTIFICATION), (21,), (6,), u64(6)),
    (N.BIND, lambda: user.bind(ENDPOINT, NOTIFICATION), (E, 21), (), Status.OK),
    (N.BIND, lambda: user.bind(ENDPOINT, None), (E, NULL), (), Status.OK),
    (N.CREATE, lambda: user.create_endpoint(QUOTA), (25, 2, 0), (40,), EndpointCap(u64(40))),
    (N.CREATE, lambda: user.create_notification(QUOTA), (25, 3, 0), (40,), NotificationCap(u64(40))),
    (N.CREATE, lambda: user.create_task(QUOTA), (25, 4, 0), (40,), TaskCap(u64(40))),
    (N.CREATE, lambda: user.create_space(QUOTA), (25, 5, 0), (40,), SpaceCap(u64(40))),
    (N.CREATE, lambda: user.create_memory(QUOTA, W[8]), (25, 6, 8), (40,), MemoryCap(u64(40))),
    (N.CREATE, lambda: user.create_quota(QUOTA), (25, 7, 0), (40,), QuotaCap(u64(40))),
    (N.QUOTA_MOVE, lambda: user.quota_move(QUOTA, TARGET, CapKind.TASK, W[2]), (25, 26, 4, 2), (), Status.OK),
    (N.QUOTA_MOVE, lambda: user.quota_move_frames(QUOTA, TARGET, W[2]), (25, 26, 0, 2), (), Status.OK),
    (
        N.MEMORY_DERIVE,
        lambda: user.memory_derive(MEMORY, Rights.READ, W[3], W[2]),
        (24, 0x200, 3, 2),
        (40,),
        MemoryCap(u64(40)),
    ),
    (
        N.MAP,
        lambda: user.map_memory(SPACE, MEMORY, u64(0x1000), Access.READ_EXECUTE),
        (23, 24, 0x1000, 2),
        (),
        Status.OK,
    ),
    (N.UNMAP, lambda: user.unmap_memory(SPACE, MEMORY), (23, 24), (), Status.OK),
    (N.PROTECT, lambda: user.protect_memory(SPACE, MEMORY, Access.READ_WRITE), (23, 24, 1), (), Status.OK),
    (N.TASK_CONFIGURE, lambda: user.task_configure(TASK, SPACE, W[1], W[2], W[3]), (22, 23, 1, 2, 3), (), Status.OK),
    (N.TASK_SUPERVISE, lambda: user.task_supervise(TASK, ENDPOINT), (22, E), (), Status.OK),
    (N.TASK_SUPERVISE, lambda: user.task_supervise(TASK, None), (22, NULL), (), Status.OK),
    (N.TASK_PRIORITY, lambda: user.task_priority(TASK, W[3]), (22, 3), (), Status.OK),
    (N.TASK_RESUME, lambda: user.task_resume(TASK), (22,), (), Status.OK),
    (N.TASK_SUSPEND, lambda: user.task_suspend(TASK), (22,), (), Status.OK),
    (N.TASK_READ, lambda: user.task_read(TASK, user.SP), (22, 31), (1, 2, 3, 4, 5, 6, 7), Registers(*W[1:8])),
    (N.TASK_WRITE, lambda: user.task_write(TASK, user.PC, W[8]), (22, 32, 8), (), Status.OK),
    (N.TASK_END, lambda: user.task_end(TASK, W[8]), (22, 8), (), Status.OK),
    (
        N.TASK_STATE,
        lambda: user.task_state(TASK),
        (22,),
        (7, 1, 2, 3, 4),
        TaskCondition(TaskState.FAULTED, *W[1:5]),
    ),
    (N.CLOCK_READ, lambda: user.clock_read(CLOCK), (28,), (5,), u64(5)),
    (N.CLOCK_ARM, lambda: user.signal_at(CLOCK, W[9], NOTIFICATION, W[4]), (28, 9, 21, 4), (), Status.OK),
    (N.CLOCK_ARM, lambda: user.end_wait_at(CLOCK, W[9]), (28, 9, NULL, 0), (), Status.OK),
    (N.CLOCK_ARM, lambda: user.forget_deadline(CLOCK), (28, NEVER, NULL, 0), (), Status.OK),
    (N.INTERRUPT_BIND, lambda: user.interrupt_bind(IRQ, NOTIFICATION, W[4]), (29, 21, 4), (), Status.OK),
    (N.INTERRUPT_BIND, lambda: user.interrupt_unbind(IRQ), (29, NULL, 0), (), Status.OK),
    (N.INTERRUPT_ACK, lambda: user.interrupt_ack(IRQ), (29,), (), Status.OK),
]
"""Call, how it is made, its arguments, the payload of an Ok, and what the program gets."""

WITH_CONSOLE: Final = [
    *ROWS,
    (N.CONSOLE_WRITE, lambda: user.console_write(CONSOLE, W[0], W[0]), (20, 0, 0), (0,), u64(0)),
]
BY_NAME: Final = pytest.mark.parametrize("row", WITH_CONSOLE, ids=lambda row: str(row[0].name.lower()))


@BY_NAME
def test_a_call_has_its_registers_and_its_result(
    kernel: ScriptedKernel, row: tuple[CallNumber, Attempt, tuple[int, ...], tuple[int, ...], object]
) -> None:
    number, attempt, arguments, payload, result = row
    kernel.replies = [reply(0, *payload)]
    assert attempt() == result
    assert kernel.calls == [(number.value, *arguments, *[0] * (6 - len(arguments)))]


@BY_NAME
def test_a_call_uses_the_registers_of_the_table(
    row: tuple[CallNumber, Attempt, tuple[int, ...], tuple[int, ...], object],
) -> None:
    layout = CALLS[row[0].value - 1]
    assert len(row[2]) == len(layout.arguments)
    assert len(row[3]) <= len(layout.results)


@BY_NAME
def test_every_refusal_is_its_status(
    kernel: ScriptedKernel, row: tuple[CallNumber, Attempt, tuple[int, ...], tuple[int, ...], object]
) -> None:
    for status in list(Status)[1:]:
        kernel.replies = [reply(status.value)]
        assert row[1]() is status


def test_to_sleep_is_to_set_a_deadline_and_to_wait(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(0), reply(Status.TIMED_OUT.value)]
    assert user.sleep_until(CLOCK, W[9], NOTIFICATION) is Status.TIMED_OUT
    assert kernel.calls == [(N.CLOCK_ARM.value, 28, 9, NULL, 0, 0, 0), (N.WAIT.value, 21, 0, 0, 0, 0, 0)]


def test_who_may_set_no_deadline_does_not_wait(kernel: ScriptedKernel) -> None:
    kernel.replies = [reply(Status.INSUFFICIENT_RIGHTS.value)]
    assert user.sleep_until(CLOCK, W[9], NOTIFICATION) is Status.INSUFFICIENT_RIGHTS
    assert len(kernel.calls) == 1


def test_every_call_of_the_table_has_a_function() -> None:
    check_rows(__file__, "ROWS", [row[0] for row in WITH_CONSOLE], CallNumber)


def test_an_unknown_word_for_a_status_a_kind_or_a_state_stops_the_program(kernel: ScriptedKernel) -> None:
    with pytest.raises((Trap, AssertionError)):
        calls.decode_status(u64(0x999))
    for attempt in (lambda: user.cap_query(MEMORY), lambda: user.task_state(TASK)):
        kernel.replies = [reply(0, 99)]
        with pytest.raises((Trap, AssertionError)):
            attempt()


@pytest.mark.parametrize("kind", [*CapKind])
def test_every_kind_is_told(kernel: ScriptedKernel, kind: CapKind) -> None:
    kernel.replies = [reply(0, kind.value)]
    info = user.cap_query(MEMORY)
    assert isinstance(info, CapInfo)
    assert info.kind is kind


@pytest.mark.parametrize("state", [*TaskState])
def test_every_state_is_told(kernel: ScriptedKernel, state: TaskState) -> None:
    kernel.replies = [reply(0, state.value)]
    condition = user.task_state(TASK)
    assert isinstance(condition, TaskCondition)
    assert condition.state is state


def test_access_is_what_the_kernel_takes_as_flags() -> None:
    assert Access.READ.value == MappingFlags.NONE
    assert Access.READ_WRITE.value == MappingFlags.WRITE
    assert Access.READ_EXECUTE.value == MappingFlags.EXECUTE


def test_a_notice_tells_an_end_from_a_fault() -> None:
    def arrival(notice: Notice) -> Arrival:
        return Arrival(W[1], u64(notice.value), W[2], W[3], W[4], None, None)

    assert user.read_notice(arrival(Notice.EXITED)) == user.Exited(u64(2))
    assert user.read_notice(arrival(Notice.FAULTED)) == user.Faulted(W[2], W[3], W[4])
