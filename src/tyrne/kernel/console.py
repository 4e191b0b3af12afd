"""The debug console's one system call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind, Rights, Status
from tyrne.hal.board import B, Board
from tyrne.hal.frame import Call
from tyrne.hal.pages import PAGE_SIZE
from tyrne.kernel.authority import authorise
from tyrne.kernel.config import CONSOLE_WRITE_LIMIT
from tyrne.kernel.effects import Effect, SyscallContext, done, refuse
from tyrne.kernel.user_memory import probe, user_byte_address
from tyrne.lang import cold, irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@cold
def console_write(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 console, a1 buffer, a2 length -> r1 bytes written: all of them, or none and an error."""
    slot = authorise(caller.table, call.a0, CapKind.DEBUG_CONSOLE, Rights.CONSOLE_WRITE)
    if isinstance(slot, Status):
        return refuse(slot)
    if not caller.window.validate(call.a1, call.a2):
        return refuse(Status.FAULT_ADDRESS)
    if call.a2 > CONSOLE_WRITE_LIMIT:
        return refuse(Status.BAD_ARGUMENT)
    if not probe(kernel.board, caller.space, call.a1, call.a2, False):
        return refuse(Status.FAULT_ADDRESS)
    write_console(kernel.board, caller, call.a1, call.a2)
    return done(call.a2)


def write_console(board: Board, caller: SyscallContext, pointer: u64, length: u64) -> None:
    """Emit a range that was probed, translating once per page."""
    written = u64(0)
    while written < length:
        address = user_byte_address(board, caller.space, pointer + written)
        chunk = min(length - written, PAGE_SIZE - address % PAGE_SIZE)
        for i in irange(chunk):
            board.put_console(caller.task, board.read8(address + i))
        written += chunk
