"""The system calls. Each handler has one shape: (kernel, caller, call) -> Effect.

A handler checks in the order of the interface's specification, then commits; it never blocks and never switches.
The dispatcher's caller applies the effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from tyrne.hal.board import Board
from tyrne.hal.descriptors import PAGE_SIZE
from tyrne.hal.frame import Call
from tyrne.kernel.abi import (
    CallNumber,
    CapError,
    IpcError,
    Rights,
    Status,
    decode_call_number,
    includes,
    pack_optional_handle,
    status_of,
    unpack_handle,
    unpack_optional_handle,
)
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import DebugConsole
from tyrne.kernel.endpoint import Message
from tyrne.kernel.messages import Pending, Received, ipc_recv, ipc_send
from tyrne.kernel.user_memory import UserWindow, probe, user_byte_address
from tyrne.lang import irange, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

B = TypeVar("B", bound=Board)

CONSOLE_WRITE_LIMIT: Final = u64(4096)
"""The most bytes that one console_write takes, so that no call keeps the kernel for long."""


@dataclass(frozen=True)
class SyscallContext:
    """Who calls, as one snapshot: table, window and address space of the running task, or none of the three.

    Without a current task the table is the empty one and the window is empty; the address space is never used.
    """

    table: CapTable
    window: UserWindow
    space: AddressSpace
    task: u32
    """The caller's number, for the console and traces."""
    has_current_task: bool


@dataclass(frozen=True)
class Resume:
    """The caller goes on with x0 to x7 rewritten."""

    status: u64
    x1: u64 = u64(0)
    x2: u64 = u64(0)
    x3: u64 = u64(0)
    x4: u64 = u64(0)
    x5: u64 = u64(0)
    x6: u64 = u64(0)


@dataclass(frozen=True)
class Reschedule:
    """The caller goes behind the other ready tasks and gets status Ok when its turn comes."""


@dataclass(frozen=True)
class Terminate:
    """The caller ends with a code."""

    code: u64


Effect = Resume | Reschedule | Terminate


def refuse(error: CapError | IpcError) -> Effect:
    return Resume(status_of(error))


def refuse_with(status: Status) -> Effect:
    return Resume(u64(status.value))


def dispatch(kernel: Kernel[B], call: Call) -> Effect:
    """Decode the number, take the caller's context, and run the handler; any register values end in an effect."""
    number = decode_call_number(call.number, kernel.debug_console)
    if number is None:
        return refuse_with(Status.BAD_SYSCALL_NUMBER)
    caller = kernel.context()
    match number:
        case CallNumber.SEND:
            return send(kernel, caller, call)
        case CallNumber.RECV:
            return recv(kernel, caller, call)
        case CallNumber.TASK_YIELD:
            return task_yield(kernel, caller, call)
        case CallNumber.TASK_EXIT:
            return task_exit(kernel, caller, call)
        case CallNumber.CONSOLE_WRITE:
            return console_write(kernel, caller, call)


def send(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """x0 endpoint, x1 label, x2 to x4 words, x5 capability to transfer or null -> x1 outcome."""
    message = Message(call.x1, call.x2, call.x3, call.x4)
    transfer = unpack_optional_handle(call.x5)
    outcome = ipc_send(kernel.endpoints, caller.table, unpack_handle(call.x0), message, transfer)
    if isinstance(outcome, IpcError):
        return refuse(outcome)
    return Resume(u64(Status.OK.value), u64(outcome.value))


def recv(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """x0 endpoint -> x1 received (0) or pending (1), x2 label, x3 to x5 words, x6 capability or null."""
    outcome = ipc_recv(kernel.endpoints, caller.table, unpack_handle(call.x0))
    match outcome:
        case IpcError():
            return refuse(outcome)
        case Pending():
            return Resume(u64(Status.OK.value), u64(outcome.value))
        case Received(message, handle):
            arrived = pack_optional_handle(handle)
            return Resume(
                u64(Status.OK.value), u64(0), message.label, message.word0, message.word1, message.word2, arrived
            )


def task_yield(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """Let the other ready tasks run."""
    if not caller.has_current_task:
        return refuse(CapError.INVALID_HANDLE)
    return Reschedule()


def task_exit(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """x0 code; does not return."""
    if not caller.has_current_task:
        return refuse(CapError.INVALID_HANDLE)
    return Terminate(call.x0)


def console_write(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """x0 console, x1 buffer, x2 length -> x1 bytes written: all of them, or none and an error."""
    capability = caller.table.lookup(unpack_handle(call.x0))
    if capability is None:
        return refuse(CapError.INVALID_HANDLE)
    if not isinstance(capability.object, DebugConsole):
        return refuse(CapError.WRONG_KIND)
    if not includes(capability.rights, Rights.CONSOLE_WRITE):
        return refuse(CapError.INSUFFICIENT_RIGHTS)
    pointer = call.x1
    length = call.x2
    if not caller.window.validate(pointer, length):
        return refuse_with(Status.FAULT_ADDRESS)
    if length > CONSOLE_WRITE_LIMIT:
        return refuse_with(Status.BAD_ARGUMENT)
    if not probe(kernel.board, caller.space, pointer, length, False):
        return refuse_with(Status.FAULT_ADDRESS)
    write_console(kernel.board, caller, pointer, length)
    return Resume(u64(Status.OK.value), length)


def write_console(board: Board, caller: SyscallContext, pointer: u64, length: u64) -> None:
    """Emit a range that was probed, translating once per page."""
    done = u64(0)
    while done < length:
        address = user_byte_address(board, caller.space, pointer + done)
        to_page_end = PAGE_SIZE - address % PAGE_SIZE
        rest = length - done
        chunk = rest if rest < to_page_end else to_page_end
        for i in irange(chunk):
            board.put_console(caller.task, board.read8(address + i))
        done += chunk
