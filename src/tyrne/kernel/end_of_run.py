"""The last lines of a run: whether all tasks have ended, or who waits for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.hal.board import B, Output
from tyrne.hal.timer import ticks_to_ns
from tyrne.kernel.abi import TaskState
from tyrne.kernel.log import log_decimal, log_line, log_name, log_text
from tyrne.lang import cold, irange

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@cold
def log_end(kernel: Kernel[B]) -> None:
    """Say how the run ended."""
    board = kernel.board
    waiting = False
    for i in irange(len(kernel.tasks.items)):
        task = kernel.tasks.items[i]
        if not kernel.tasks.occupied[i] or task.has_ended() or task.state is TaskState.READY:
            continue
        waiting = True
        board.trace_waiting(task.number)
        if not kernel.limit_reached:
            log_text(board, b"tyrne: deadlock: task ")
            log_name(board, task)
            log_wait(board, task.state)
    if not waiting and not kernel.limit_reached:
        log_line(board, b"tyrne: all tasks complete")
    log_text(board, b"tyrne: boot-to-end elapsed = ")
    log_decimal(board, ticks_to_ns(board.ticks() - kernel.started, board.frequency()))
    log_line(board, b" ns")


def log_wait(output: Output, state: TaskState) -> None:
    """What a task waits for: the rest of its line."""
    match state:
        case TaskState.SENDING: log_line(output, b" waits for a receiver")
        case TaskState.RECEIVING: log_line(output, b" waits for a message or signals")
        case TaskState.CALLING: log_line(output, b" waits for an answer")
        case TaskState.INACTIVE: log_line(output, b" was never started")
        case _: log_line(output, b" is suspended")
