"""Why calls are refused, in the names of the description, on every status that says something about a capability."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber as C
from tyrne.abi import CapKind as K
from tyrne.abi import Rights, Status
from tyrne.hosted.happened import CallEvent
from tyrne.system.names import Names
from tyrne.system.refusal_words import refusal_words
from tyrne.system.task_view import COMMON, FirstCap, TaskView

NULL = (1 << 64) - 1
NAMES = Names(("client", "server"), ("table",), ("bell",), ("shared",))
TASK = TaskView(
    1,
    COMMON,
    (),
    (
        FirstCap(K.DEBUG_CONSOLE, 0, Rights.CONSOLE_WRITE, 0),
        FirstCap(K.ENDPOINT, 0, Rights.RECV, 0),
        FirstCap(K.NOTIFICATION, 0, Rights.WAIT, 0),
        FirstCap(K.MEMORY, 0, Rights.READ, 0),
        FirstCap(K.TASK, 1, Rights.INSPECT, 0),
        FirstCap(K.ADDRESS_SPACE, 0, Rights.MAP, 0),
        FirstCap(K.QUOTA, 0, Rights.NONE, 0),
        FirstCap(K.ENDPOINT, 0, Rights.SEND | Rights.RECV, 0),
        FirstCap(K.CLOCK, 0, Rights.READ, 0),
        FirstCap(K.CLOCK, 0, Rights.ARM, 0),
    ),
)
S = Status
ENDS = "the quota is used up; write larger numbers in quota = { … } of the task that has it"
DEEP = 'endpoint "table" is derived through too many others; derive from one nearer to the first'
WANTED = "0x0 is the console with CONSOLE_WRITE, where an endpoint or notification is wanted"
NOTIFY = '0x2 is notification "bell" with WAIT, and lacks NOTIFY'
BELL = '0x1 is endpoint "table" with RECV, where a notification is wanted'
DESERTED = (
    '0x7 was endpoint "table" with SEND|RECV, and is gone: dropped, moved or revoked, '
    "or nobody could receive there any more"
)
CASES = [
    (C.CALL, (1, 0, 0, 0, 0, NULL), S.MISSING_RIGHT, '0x1 is endpoint "table" with RECV, and lacks SEND'),
    (C.WAIT, (0,), S.WRONG_OBJECT_KIND, WANTED),
    (C.NOTIFY, (2, 1), S.MISSING_RIGHT, '0x2 is notification "bell" with WAIT, and lacks NOTIFY'),
    (C.CONSOLE_WRITE, (1, 0, 0), S.WRONG_KIND, '0x1 is endpoint "table" with RECV, where a console is wanted'),
    (C.CONSOLE_WRITE, (12,), S.INVALID_HANDLE, "no capability stands at 0xc; its description gives it 10, from 0x0 on"),
    (C.CONSOLE_WRITE, (0, 0, 9), S.FAULT_ADDRESS, "the bytes are not all in the task's own memory"),
    (C.NOTIFY, (2, 1), S.STALE_HANDLE, '0x2 was notification "bell" with WAIT, and is gone: dropped, moved or revoked'),
    (C.CALL, (7, 0, 0, 0, 0, NULL), S.STALE_HANDLE, DESERTED),
    (C.SEND, (7, 0, 0, 0, 0, 3), S.INVALID_TRANSFER_CAP, '0x3 is memory "shared" with READ, and lacks TRANSFER'),
    (C.SEND, (7, 0, 0, 0, 0, NULL), S.QUEUE_FULL, 'a message that nobody has taken is at endpoint "table"'),
    (C.SEND, (0x10007, 0, 0, 0, 0, NULL), S.QUEUE_FULL, "a message that nobody has taken is at 0x10007"),
    (C.CAP_DERIVE, (3, 1, 0), S.INSUFFICIENT_RIGHTS, '0x3 is memory "shared" with READ, and lacks DERIVE'),
    (C.TASK_END, (4, 0), S.INSUFFICIENT_RIGHTS, '0x4 is task "server" with INSPECT, and lacks CONTROL'),
    (C.MAP, (5, 3, 0, 0), S.WRONG_KIND, None),
    (C.MAP, (3, 5, 0, 0), S.WRONG_KIND, '0x3 is memory "shared" with READ, where an address space is wanted'),
    (C.TASK_CONFIGURE, (4, 5), S.INSUFFICIENT_RIGHTS, '0x4 is task "server" with INSPECT, and lacks CONFIGURE'),
    (C.CREATE, (6, 2, 0), S.INSUFFICIENT_RIGHTS, "0x6 is the task's quota with no rights, and lacks CREATE"),
    (C.CREATE, (6, 2, 0), S.QUOTA_EXCEEDED, ENDS),
    (C.CAP_DERIVE, (1, 1, 0), S.DERIVATION_TOO_DEEP, DEEP),
    (C.CLOCK_ARM, (8, 9, 2, 1), S.INSUFFICIENT_RIGHTS, "0x8 is the clock with READ, and lacks ARM"),
    (C.CLOCK_ARM, (9, 9, 2, 1), S.MISSING_RIGHT, NOTIFY),
    (C.CLOCK_ARM, (9, 9, 1, 1), S.WRONG_OBJECT_KIND, BELL),
    (C.CLOCK_READ, (0,), S.WRONG_KIND, "0x0 is the console with CONSOLE_WRITE, where a clock is wanted"),
    (C.WAIT, (2,), S.TIMED_OUT, None),
    (C.TASK_YIELD, (), S.BAD_STATE, None),
    (C.CALL, (7, 0, 0, 0, 0, NULL), S.OK, None),
]


@pytest.mark.parametrize(("number", "arguments", "status", "words"), CASES)
def test_a_refusal_names_the_capability_and_what_it_lacks(
    number: C, arguments: tuple[int, ...], status: Status, words: str | None
) -> None:
    event = CallEvent(0, number.value, (*arguments, *[0] * 6)[:6], (status.value, *[0] * 7))
    assert refusal_words(event, TASK, NAMES) == words


def test_of_a_number_that_no_call_has_only_that_is_said() -> None:
    assert refusal_words(CallEvent(0, 99, (0,) * 6, (Status.BAD_SYSCALL_NUMBER.value, *[0] * 7)), TASK, NAMES) == (
        "this kernel has no such call"
    )
    assert refusal_words(CallEvent(0, C.TASK_EXIT.value, (0,) * 6, None), TASK, NAMES) is None
