"""Spec 8.5: dispatch. What each call checks, in order, and what it returns in x0 to x7; refusals change nothing."""

from __future__ import annotations

import pytest

from tyrne.abi import Rights, TaskState, pack_handle, unpack_handle
from tyrne.hal.aarch64.descriptors import page_descriptor
from tyrne.hal.pages import MappingFlags
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.capability import Capability, DebugConsole
from tyrne.kernel.deletion import cap_drop
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.page_table import Mapping, entry_of, translate
from tyrne.lang import u64
from tyrne.system.parts import CONSOLE_CAP, Cap
from tyrne.testing.board import PAGE, MemoryBoard
from tyrne.testing.kernels import ALL, BASE, NULL, booted, current, fill, insert, space_object, system_call, task_record
from tyrne.testing.state import kernel_state

SEND, RECV, YIELD, EXIT, WRITE = 1, 2, 3, 4, 5
CONSOLE, BOTH = 0, 1
"""Handle words of the task under test: the console, and endpoint 0 with SEND and RECV."""


def kernel_of_one(debug_console: bool = True, code: bytes = b"hello, world") -> Kernel[MemoryBoard]:
    endpoint = Cap(0, Rights.SEND | Rights.RECV)
    return booted(task_record("one", CONSOLE_CAP, endpoint, code=code), debug_console=debug_console)


def refused(kernel: Kernel[MemoryBoard], status: int, number: int, *arguments: int) -> None:
    """The call returns the status, zeros beside it, and changes nothing."""
    before = kernel_state(kernel)
    assert system_call(kernel, number, *arguments) == (status, 0, 0, 0, 0, 0, 0, 0)
    assert kernel_state(kernel) == before


def give(kernel: Kernel[MemoryBoard], rights: Rights = ALL, named: object = None) -> int:
    """A new capability of the current task, as a handle word."""
    return int(pack_handle(insert(current(kernel).capabilities, rights, named)))  # type: ignore[arg-type]


# --- numbers


@pytest.mark.parametrize("number", [0, 40, 41, 99, 0x3F, 0x100, 1 << 32 | 3, 1 << 63, NULL])
def test_spec_8_5_a_bad_number_is_refused_and_touches_nothing(number: int) -> None:
    refused(kernel_of_one(), 0x1, number, 0, BASE, 5)


def test_spec_8_5_a_release_kernel_has_no_console_write_even_with_the_capability() -> None:
    kernel = kernel_of_one(debug_console=False)
    refused(kernel, 0x1, WRITE, CONSOLE, BASE, 5)
    assert kernel.board.console == []


# --- send and recv


def test_spec_8_5_send_enqueues_and_recv_unpacks() -> None:
    kernel = kernel_of_one()
    assert system_call(kernel, SEND, BOTH, 11, 22, 33, NULL, NULL) == (0, 1, 0, 0, 0, 0, 0, 0)
    assert system_call(kernel, RECV, BOTH) == (0, 0, 11, 22, 33, NULL, NULL, 0)


def test_spec_8_5_recv_pending_zeroes_the_rest_and_send_then_delivers() -> None:
    kernel = kernel_of_one()
    assert system_call(kernel, RECV, BOTH, 9, 9, 9, 9, 9) == (0, 1, 0, 0, 0, 0, 0, 0)
    assert system_call(kernel, SEND, BOTH, 1, 2, 3, 4, NULL) == (0, 0, 0, 0, 0, 0, 0, 0)
    assert system_call(kernel, RECV, BOTH) == (0, 0, 1, 2, 3, 4, NULL, 0)


def test_spec_8_5_a_transfer_goes_in_by_x5_and_comes_out_by_x6() -> None:
    kernel = kernel_of_one()
    gift = give(kernel, Rights.TRANSFER, DebugConsole())
    assert system_call(kernel, SEND, BOTH, 1, 2, 3, 4, gift)[0] == 0
    refused(kernel, 0x102, WRITE, gift, BASE, 0)
    reply = system_call(kernel, RECV, BOTH)
    assert reply == (0, 0, 1, 2, 3, 4, reply[6], 0)
    assert reply[6] == gift + 0x1_0000  # the same slot in its next generation
    found = current(kernel).capabilities.resolve(unpack_handle(u64(reply[6])))
    assert found is not None and found.capability == Capability(Rights.TRANSFER, DebugConsole())


def test_spec_8_5_errors_of_messages_are_in_the_0x200_block() -> None:
    kernel = kernel_of_one()
    deaf, mute = give(kernel, Rights.SEND), give(kernel, Rights.RECV)
    refused(kernel, 0x201, SEND, 77, 0, 0, 0, 0, NULL)
    refused(kernel, 0x201, RECV, 77)
    refused(kernel, 0x202, SEND, CONSOLE, 0, 0, 0, 0, NULL)
    refused(kernel, 0x202, RECV, CONSOLE)
    refused(kernel, 0x203, SEND, mute, 0, 0, 0, 0, NULL)
    refused(kernel, 0x203, RECV, deaf)
    refused(kernel, 0x205, SEND, BOTH, 0, 0, 0, 0, 77)
    refused(kernel, 0x205, SEND, BOTH, 0, 0, 0, 0, CONSOLE)
    assert system_call(kernel, SEND, BOTH, 0, 0, 0, 0, NULL)[0] == 0
    refused(kernel, 0x204, SEND, BOTH, 0, 0, 0, 0, NULL)


def test_spec_8_5_receiver_table_full_leaves_the_message_for_a_retry() -> None:
    kernel = kernel_of_one()
    gift = give(kernel)
    assert system_call(kernel, SEND, BOTH, 5, 6, 7, 8, gift)[0] == 0
    fill(current(kernel).capabilities)
    refused(kernel, 0x206, RECV, BOTH)
    assert cap_drop(kernel, current(kernel).capabilities, unpack_handle(u64(5))) is None
    assert system_call(kernel, RECV, BOTH)[:6] == (0, 0, 5, 6, 7, 8)


def test_spec_8_3_the_null_handle_is_no_handle_and_its_top_bits_do_not_matter_otherwise() -> None:
    kernel = kernel_of_one()
    refused(kernel, 0x102, WRITE, NULL, BASE, 0)
    refused(kernel, 0x201, RECV, NULL)
    refused(kernel, 0x205, SEND, BOTH, 0, 0, 0, 0, NULL - 1)
    assert system_call(kernel, WRITE, 0xABCD << 48 | CONSOLE, BASE, 5)[:2] == (0, 5)


# --- task_yield and task_exit


def test_spec_8_5_yield_alone_resumes_with_status_0() -> None:
    kernel = kernel_of_one()
    task = current(kernel)
    assert system_call(kernel, YIELD, 1, 2, 3, 4, 5, 6) == (0,) * 8
    assert current(kernel) is task


def test_spec_8_5_yield_lets_the_others_run_in_turn() -> None:
    kernel = booted(task_record("a"), task_record("b"), task_record("c"))
    order = []
    for _ in range(6):
        order.append(int(current(kernel).number))
        assert system_call(kernel, YIELD) == (0,) * 8
    assert order == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("code", [0, 1, 0x102, NULL])
def test_spec_8_5_exit_terminates_with_its_code(code: int) -> None:
    kernel = kernel_of_one()
    task = current(kernel)
    system_call(kernel, EXIT, code)
    assert (task.state, task.exit_code) == (TaskState.EXITED, code)
    assert kernel.scheduler.core.current is None
    assert kernel.board.traces[-1][0] == "exit"


# --- console_write: capability, window, limit, pages


def test_spec_8_5_console_write_checks_the_capability_first() -> None:
    kernel = kernel_of_one()
    silent = give(kernel, ALL & ~Rights.CONSOLE_WRITE, DebugConsole())
    outside = (BASE - 1, NULL)
    refused(kernel, 0x102, WRITE, 66, *outside)
    refused(kernel, 0x107, WRITE, BOTH, *outside)
    refused(kernel, 0x107, WRITE, give(kernel, Rights.NONE, space_object(0, 0, kernel)), *outside)
    refused(kernel, 0x104, WRITE, silent, *outside)
    refused(kernel, 0x3, WRITE, CONSOLE, *outside)


@pytest.mark.parametrize("length", [1, 5, 12, 255, 256, 257, 512, 4095, 4096])
def test_spec_8_5_console_write_emits_exactly_the_buffer(length: int) -> None:
    code = bytes(i * 7 % 256 for i in range(PAGE))
    kernel = kernel_of_one(code=code)
    assert system_call(kernel, WRITE, CONSOLE, BASE, length) == (0, length, 0, 0, 0, 0, 0, 0)
    assert kernel.board.console == [(0, byte) for byte in code[:length]]


def test_spec_8_5_console_write_crosses_pages() -> None:
    code = bytes(i * 5 % 251 for i in range(2 * PAGE))
    kernel = kernel_of_one(code=code)
    assert system_call(kernel, WRITE, CONSOLE, BASE + 100, PAGE)[:2] == (0, PAGE)
    assert kernel.board.written() == code[100 : 100 + PAGE]


@pytest.mark.parametrize("pointer", [BASE, 0, BASE - 1, 1 << 48, NULL])
def test_spec_8_5_console_write_of_no_bytes_succeeds_anywhere_but_needs_the_capability(pointer: int) -> None:
    kernel = kernel_of_one()
    assert system_call(kernel, WRITE, CONSOLE, pointer, 0) == (0,) * 8
    refused(kernel, 0x102, WRITE, 9, pointer, 0)
    assert kernel.board.console == []


@pytest.mark.promise("The range must lie in the task's window without wrapping round")
@pytest.mark.parametrize(
    ("pointer", "length"),
    [
        (BASE - 1, 1),
        (BASE - 1, 2),
        (BASE + 2 * PAGE, 1),
        (BASE + 2 * PAGE - 1, 2),
        (0, 1),
        (BASE, NULL),
        (NULL, 1),
        (NULL, NULL),
        (2**64 - PAGE, PAGE),
        (1 << 48, 1),
        (0xFFFF_FFFF_4008_0000, 4),
        (0x4008_0000, 4),
        (0x0900_0000, 1),
    ],
)
def test_spec_8_5_console_write_outside_the_window_is_fault_address(pointer: int, length: int) -> None:
    refused(kernel_of_one(), 0x3, WRITE, CONSOLE, pointer, length)


def test_spec_8_5_console_write_takes_4096_bytes_and_the_limit_comes_after_the_window() -> None:
    kernel = kernel_of_one(code=bytes(2 * PAGE))
    refused(kernel, 0x2, WRITE, CONSOLE, BASE, 4097)
    refused(kernel, 0x2, WRITE, CONSOLE, BASE, 3 * PAGE)
    refused(kernel, 0x3, WRITE, CONSOLE, BASE, 3 * PAGE + 1)
    assert system_call(kernel, WRITE, CONSOLE, BASE + 2 * PAGE, 4096)[:2] == (0, 4096)


def change_page(kernel: Kernel[MemoryBoard], address: int, flags: MappingFlags | None) -> None:
    """Give a page other flags behind the kernel's back, or none."""
    space: AddressSpace = kernel.context().space
    found = translate(kernel.board, space.root, u64(address))
    entry = entry_of(kernel.board, space.root, u64(address), u64(3))
    assert isinstance(found, Mapping) and isinstance(entry, u64)
    kernel.board.write64(entry, u64(0) if flags is None else page_descriptor(found.frame, flags))


F = MappingFlags


@pytest.mark.promise("then each page of it must be RAM that is mapped for EL0 in the task's own tables")
@pytest.mark.parametrize(
    "flags", [None, F.WRITE, F.NONE, F.USER | F.DEVICE, F.USER | F.WRITE | F.DEVICE], ids=str
)
@pytest.mark.parametrize("page", [0, 1])
def test_spec_8_5_console_write_of_a_page_that_is_not_the_users_ram_emits_no_prefix(
    flags: MappingFlags | None, page: int
) -> None:
    kernel = kernel_of_one(code=bytes(2 * PAGE))
    change_page(kernel, BASE + page * PAGE, flags)
    refused(kernel, 0x3, WRITE, CONSOLE, BASE + PAGE - 8, 16)


def test_spec_8_5_every_register_but_x0_to_x7_comes_back_as_it_was_trapped() -> None:
    kernel = kernel_of_one()
    frame = current(kernel).frame
    for register in range(8, 31):
        frame.x[register] = u64(0x1000 + register)
    frame.sp, frame.pc, frame.pstate = u64(BASE + 2 * PAGE - 16), u64(BASE + 4), u64(0x6000_0000)
    for number in (WRITE, SEND, RECV, YIELD, 0):
        system_call(kernel, number, 0, BASE, 4)
        assert [int(frame.x[register]) for register in range(9, 31)] == [0x1000 + r for r in range(9, 31)]
        assert (frame.sp, frame.pc, frame.pstate) == (BASE + 2 * PAGE - 16, BASE + 4, 0x6000_0000)
