"""Each status that calls 1 to 5 can return, from each of its causes, and that a refusal changes nothing."""

from __future__ import annotations

import pytest

from tyrne.abi import CallNumber, CapHandle, Rights, Status, TaskState, pack_handle, unpack_handle
from tyrne.kernel.capability import DebugConsole
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.task import Task
from tyrne.lang import u64
from tyrne.testing.kernels import BASE, NULL, booted, endpoint_object, insert, system_call, task_record
from tyrne.testing.state import kernel_state
from tyrne.testing.whole import destroy

SEND, RECV, YIELD, EXIT, WRITE = 1, 2, 3, 4, 5
EVERY_RIGHT = Rights.DUPLICATE | Rights.DERIVE | Rights.REVOKE | Rights.TRANSFER | Rights.SEND | Rights.RECV
SLOTS = 64
TEXT = b"allowed"
"""What stands at the start of the image."""


class Caller:
    """The kernel with one task of two pages, image and stack, that holds nothing; the test makes its calls."""

    def __init__(self, debug_console: bool = True) -> None:
        self.kernel = booted(task_record("caller", code=TEXT), debug_console=debug_console, slots=SLOTS)
        first = self.kernel.scheduler.core.current
        assert first is not None
        self.task: Task = first

    def endpoint(self, rights: Rights = EVERY_RIGHT, number: int = 0) -> int:
        """Put a capability over an endpoint into the task's table; its handle word."""
        return int(pack_handle(insert(self.task.capabilities, rights, endpoint_object(number, 0, self.kernel))))

    def console(self, rights: Rights = Rights.CONSOLE_WRITE) -> int:
        return int(pack_handle(insert(self.task.capabilities, rights, DebugConsole())))

    def call(self, number: int, *arguments: int) -> list[int]:
        """x0 to x7 after the call."""
        return list(system_call(self.kernel, number, *arguments))

    def send(self, endpoint: int, transfer: int = NULL) -> list[int]:
        return self.call(SEND, endpoint, 0xA, 0xB, 0xC, 0xD, transfer)

    def accepted(self, reply: list[int]) -> list[int]:
        assert reply[0] == Status.OK.value
        return reply[1:]

    def refused(self, status: Status, number: int, *arguments: int) -> None:
        """The call returns the status and no payload, and nothing but the caller's registers changes."""
        before = kernel_state(self.kernel)
        assert self.call(number, *arguments) == [status.value, 0, 0, 0, 0, 0, 0, 0]
        assert kernel_state(self.kernel) == before


@pytest.fixture
def caller() -> Caller:
    return Caller()


def named(word: int) -> CapHandle:
    return unpack_handle(u64(word))


def stale(caller: Caller) -> int:
    """The handle of a capability that was dropped, while its slot is in use again."""
    handle = caller.console()
    cap_drop(caller.kernel, caller.task.capabilities, named(handle))
    caller.endpoint()
    return handle


def derived(caller: Caller, word: int) -> None:
    """Make a child of a capability."""
    slot = caller.task.capabilities.resolve(named(word))
    assert slot is not None
    made = caller.task.capabilities.cap_derive(named(word), Rights.SEND, slot.held().object, u64(0))
    assert isinstance(made, CapHandle)


NAMES_NOTHING = pytest.mark.parametrize("word", [NULL, 63, 64, 0xFFFF, 1 << 16, 0xFFFF_FFFF_0000])


NEW = {
    "BAD_STATE",
    "QUOTA_EXCEEDED",
    "ABORTED",
    "ALREADY_MAPPED",
    "NOT_MAPPED",
    "MISALIGNED_ADDRESS",
    "OUT_OF_FRAMES",
    "INVALID_FLAGS",
    "BLOCK_MAPPED",
    "OUT_OF_RANGE",
    "BEING_REVOKED",
    "TIMED_OUT",
}
"""Statuses of calls that v1 does not have; no call of v1 returns one."""

# The table


def test_every_status_of_v1_has_its_code_and_the_new_ones_have_others() -> None:
    codes = {status.name: status.value for status in Status}
    assert len(set(codes.values())) == len(codes)
    assert {name: code for name, code in codes.items() if name not in NEW} == {
        "OK": 0x0,
        "BAD_SYSCALL_NUMBER": 0x1,
        "BAD_ARGUMENT": 0x2,
        "FAULT_ADDRESS": 0x3,
        "CAPS_EXHAUSTED": 0x101,
        "INVALID_HANDLE": 0x102,
        "WIDENED_RIGHTS": 0x103,
        "INSUFFICIENT_RIGHTS": 0x104,
        "DERIVATION_TOO_DEEP": 0x105,
        "HAS_CHILDREN": 0x106,
        "WRONG_KIND": 0x107,
        "STALE_HANDLE": 0x201,
        "WRONG_OBJECT_KIND": 0x202,
        "MISSING_RIGHT": 0x203,
        "QUEUE_FULL": 0x204,
        "INVALID_TRANSFER_CAP": 0x205,
        "RECEIVER_TABLE_FULL": 0x206,
        "PENDING_AFTER_RESUME": 0x207,
    }


def test_the_state_that_refusals_are_compared_by_sees_a_message_and_a_capability(caller: Caller) -> None:
    endpoint = caller.endpoint()
    before = kernel_state(caller.kernel)
    caller.accepted(caller.send(endpoint))
    sent = kernel_state(caller.kernel)
    caller.endpoint(number=1)
    assert before != sent != kernel_state(caller.kernel)


# 0x0 Ok


def test_ok_of_send_and_recv_carries_the_message(caller: Caller) -> None:
    endpoint = caller.endpoint()
    assert caller.accepted(caller.send(endpoint)) == [1, 0, 0, 0, 0, 0, 0]
    assert caller.accepted(caller.call(RECV, endpoint)) == [0, 0xA, 0xB, 0xC, 0xD, NULL, 0]


def test_ok_of_recv_before_send_is_pending_then_delivered(caller: Caller) -> None:
    endpoint = caller.endpoint()
    assert caller.accepted(caller.call(RECV, endpoint)) == [1, 0, 0, 0, 0, 0, 0]
    assert caller.accepted(caller.send(endpoint)) == [0, 0, 0, 0, 0, 0, 0]
    assert caller.accepted(caller.call(RECV, endpoint)) == [0, 0xA, 0xB, 0xC, 0xD, NULL, 0]


def test_ok_of_a_transfer_names_the_capability_anew(caller: Caller) -> None:
    endpoint, token = caller.endpoint(), caller.endpoint(number=1)
    caller.accepted(caller.send(endpoint, token))
    arrived = caller.accepted(caller.call(RECV, endpoint))[5]
    assert arrived == token + (1 << 16)
    caller.accepted(caller.send(arrived))


def test_ok_of_task_yield_has_no_payload(caller: Caller) -> None:
    assert caller.accepted(caller.call(YIELD)) == [0] * 7


def test_ok_of_console_write_counts_the_bytes(caller: Caller) -> None:
    assert caller.accepted(caller.call(WRITE, caller.console(), BASE, len(TEXT))) == [len(TEXT), 0, 0, 0, 0, 0, 0]
    assert caller.kernel.board.written() == TEXT


def test_ok_of_an_empty_console_write_wherever_it_points(caller: Caller) -> None:
    assert caller.accepted(caller.call(WRITE, caller.console(), 0xFFFF_FFFF_4008_0000, 0)) == [0] * 7


def test_ok_of_a_handle_word_with_high_bits_which_are_ignored(caller: Caller) -> None:
    caller.accepted(caller.send(caller.endpoint() | 0xABCD << 48))


def test_task_exit_ends_the_task_with_its_code(caller: Caller) -> None:
    caller.call(EXIT, 7)
    assert (caller.task.state, caller.task.exit_code) == (TaskState.EXITED, 7)


# 0x1 BadSyscallNumber


@pytest.mark.parametrize("number", [0, 1 + len(CallNumber), 99, 1 << 32 | YIELD, 1 << 63 | EXIT, (1 << 64) - 1])
def test_bad_syscall_number(caller: Caller, number: int) -> None:
    caller.refused(Status.BAD_SYSCALL_NUMBER, number, caller.console(), BASE, 1)


def test_bad_syscall_number_of_console_write_in_a_release_kernel() -> None:
    caller = Caller(debug_console=False)
    caller.refused(Status.BAD_SYSCALL_NUMBER, WRITE, caller.console(), BASE, 1)


# 0x2 BadArgument


def test_bad_argument_of_console_write_above_4096_bytes(caller: Caller) -> None:
    console = caller.console()
    caller.refused(Status.BAD_ARGUMENT, WRITE, console, BASE, 4097)
    assert caller.accepted(caller.call(WRITE, console, BASE, 4096))[0] == 4096


# 0x3 FaultAddress


@pytest.mark.parametrize(
    ("address", "length"),
    [
        (0, 1),
        (BASE - 1, 1),
        (BASE - 1, 2),
        (BASE + 0x2000, 1),
        (BASE + 0x1FFF, 2),
        (0xFFFF_FFFF_4008_0000, 1),
        ((1 << 64) - 1, 1),
        ((1 << 64) - 1, 2),
        (BASE, (1 << 64) - 1),
        (BASE, (1 << 64) - BASE),
        (1 << 48 | BASE, 1),
    ],
)
def test_fault_address_outside_the_window(caller: Caller, address: int, length: int) -> None:
    caller.refused(Status.FAULT_ADDRESS, WRITE, caller.console(), address, length)


# 0x102 InvalidHandle, 0x104 InsufficientRights, 0x107 WrongKind: console_write


@NAMES_NOTHING
def test_invalid_handle_of_console_write(caller: Caller, word: int) -> None:
    caller.console()
    caller.refused(Status.INVALID_HANDLE, WRITE, word, BASE, 1)


def test_invalid_handle_of_console_write_to_a_stale_handle(caller: Caller) -> None:
    caller.refused(Status.INVALID_HANDLE, WRITE, stale(caller), BASE, 1)


@pytest.mark.parametrize("number", [YIELD, EXIT])
def test_invalid_handle_of_a_call_without_context(caller: Caller, number: int) -> None:
    caller.task.context = None
    caller.refused(Status.INVALID_HANDLE, number)


def test_insufficient_rights_of_console_write(caller: Caller) -> None:
    caller.refused(Status.INSUFFICIENT_RIGHTS, WRITE, caller.console(EVERY_RIGHT), BASE, 1)


def test_insufficient_rights_before_the_buffer_is_looked_at(caller: Caller) -> None:
    caller.refused(Status.INSUFFICIENT_RIGHTS, WRITE, caller.console(Rights.NONE), 0, 1)


def test_wrong_kind_of_console_write_even_without_the_right(caller: Caller) -> None:
    caller.refused(Status.WRONG_KIND, WRITE, caller.endpoint(Rights.NONE), BASE, 1)


# 0x201 StaleHandle, 0x202 WrongObjectKind, 0x203 MissingRight, 0x204 QueueFull: send and recv


@NAMES_NOTHING
@pytest.mark.parametrize("number", [SEND, RECV])
def test_stale_handle(caller: Caller, number: int, word: int) -> None:
    caller.endpoint()
    caller.refused(Status.STALE_HANDLE, number, word, 0, 0, 0, 0, NULL)


@pytest.mark.parametrize("number", [SEND, RECV])
def test_stale_handle_of_a_freed_slot(caller: Caller, number: int) -> None:
    caller.refused(Status.STALE_HANDLE, number, stale(caller), 0, 0, 0, 0, NULL)


@pytest.mark.parametrize("number", [SEND, RECV])
def test_stale_handle_of_a_destroyed_endpoint(caller: Caller, number: int) -> None:
    origin = caller.kernel.endpoints.items[0].life.origin
    held = caller.task.capabilities.insert(origin.held(), origin)
    assert isinstance(held, CapHandle)
    endpoint = int(pack_handle(held))
    destroy(caller.kernel, origin)
    assert not caller.kernel.endpoints.occupied[0]
    caller.refused(Status.STALE_HANDLE, number, endpoint, 0, 0, 0, 0, NULL)


@pytest.mark.parametrize("number", [SEND, RECV])
def test_stale_handle_without_context(caller: Caller, number: int) -> None:
    endpoint = caller.endpoint()
    caller.task.context = None
    caller.refused(Status.STALE_HANDLE, number, endpoint, 0, 0, 0, 0, NULL)


@pytest.mark.parametrize("number", [SEND, RECV])
def test_wrong_object_kind_even_without_the_right(caller: Caller, number: int) -> None:
    caller.refused(Status.WRONG_OBJECT_KIND, number, caller.console(Rights.NONE), 0, 0, 0, 0, NULL)


@pytest.mark.parametrize(("number", "missing"), [(SEND, Rights.SEND), (RECV, Rights.RECV)])
def test_missing_right(caller: Caller, number: int, missing: Rights) -> None:
    caller.refused(Status.MISSING_RIGHT, number, caller.endpoint(EVERY_RIGHT ^ missing), 0, 0, 0, 0, NULL)


@pytest.mark.parametrize(("number", "missing"), [(SEND, Rights.SEND), (RECV, Rights.RECV)])
def test_missing_right_before_the_endpoint_is_found_destroyed(caller: Caller, number: int, missing: Rights) -> None:
    endpoint = caller.endpoint(EVERY_RIGHT ^ missing)
    destroy(caller.kernel, caller.kernel.endpoints.items[0].life.origin)
    assert not caller.kernel.endpoints.occupied[0]
    caller.refused(Status.MISSING_RIGHT, number, endpoint, 0, 0, 0, 0, NULL)


def test_queue_full_of_send_to_a_pending_message(caller: Caller) -> None:
    endpoint = caller.endpoint()
    caller.accepted(caller.send(endpoint))
    caller.refused(Status.QUEUE_FULL, SEND, endpoint, 1, 2, 3, 4, NULL)


def test_queue_full_of_send_to_a_delivered_message(caller: Caller) -> None:
    endpoint = caller.endpoint()
    caller.accepted(caller.call(RECV, endpoint))
    caller.accepted(caller.send(endpoint))
    caller.refused(Status.QUEUE_FULL, SEND, endpoint, 1, 2, 3, 4, NULL)


def test_queue_full_of_send_keeps_the_capability(caller: Caller) -> None:
    endpoint, token = caller.endpoint(), caller.endpoint(number=1)
    caller.accepted(caller.send(endpoint))
    caller.refused(Status.QUEUE_FULL, SEND, endpoint, 1, 2, 3, 4, token)


def test_a_second_poll_is_pending_again_where_v1_refused_it(caller: Caller) -> None:
    """v1 defect: QUEUE_FULL for whoever polls twice. It is no error to ask again."""
    endpoint = caller.endpoint()
    assert caller.accepted(caller.call(RECV, endpoint))[0] == 1
    assert caller.accepted(caller.call(RECV, endpoint)) == [1, 0, 0, 0, 0, 0, 0]
    assert caller.accepted(caller.send(endpoint)) == [0, 0, 0, 0, 0, 0, 0]


# 0x205 InvalidTransferCap


@pytest.mark.parametrize("word", [63, 64, 0xFFFF, 1 << 16])
def test_invalid_transfer_cap_of_a_handle_that_names_nothing(caller: Caller, word: int) -> None:
    caller.refused(Status.INVALID_TRANSFER_CAP, SEND, caller.endpoint(), 0, 0, 0, 0, word)


def test_invalid_transfer_cap_without_the_right_to_transfer(caller: Caller) -> None:
    token = caller.endpoint(EVERY_RIGHT ^ Rights.TRANSFER, number=1)
    caller.refused(Status.INVALID_TRANSFER_CAP, SEND, caller.endpoint(), 0, 0, 0, 0, token)


def test_invalid_transfer_cap_of_a_capability_with_children(caller: Caller) -> None:
    token = caller.endpoint(number=1)
    derived(caller, token)
    caller.refused(Status.INVALID_TRANSFER_CAP, SEND, caller.endpoint(), 0, 0, 0, 0, token)


def test_invalid_transfer_cap_keeps_the_waiting_receiver(caller: Caller) -> None:
    endpoint = caller.endpoint()
    caller.accepted(caller.call(RECV, endpoint))
    caller.refused(Status.INVALID_TRANSFER_CAP, SEND, endpoint, 0, 0, 0, 0, 63)
    assert caller.accepted(caller.send(endpoint))[0] == 0


# 0x206 ReceiverTableFull


def test_receiver_table_full_keeps_the_message_for_a_retry(caller: Caller) -> None:
    endpoint, token = caller.endpoint(), caller.endpoint(number=1)
    caller.accepted(caller.send(endpoint, token))
    others = [caller.console() for _ in range(63)]
    caller.refused(Status.RECEIVER_TABLE_FULL, RECV, endpoint)
    assert cap_drop(caller.kernel, caller.task.capabilities, named(others[-1])) is None
    assert caller.accepted(caller.call(RECV, endpoint))[:2] == [0, 0xA]
