"""The last lines of a run: whether all tasks have ended, or who waits for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind, TaskState
from tyrne.hal.board import B, Output, Standing
from tyrne.hal.text import log_decimal, log_line, log_name, log_text
from tyrne.hal.timer import ticks_to_ns
from tyrne.kernel.capability import life_of
from tyrne.kernel.task import Task
from tyrne.lang import cold, irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@cold
def log_end(kernel: Kernel[B]) -> None:
    """Say how the run ended."""
    board = kernel.board
    stuck = kernel.anybody_left() and not kernel.limit_reached
    for i in irange(len(kernel.tasks.items)):
        task = kernel.tasks.items[i]
        if not kernel.tasks.occupied[i] or task.has_ended():
            continue
        board.trace_standing(task.number, standing_of(kernel, task))
        if stuck:
            log_text(board, b"tyrne: deadlock: task ")
            log_name(board, task.name, task.number)
            log_wait(board, task.state)
    if not stuck and not kernel.limit_reached:
        log_line(board, b"tyrne: all tasks complete")
    log_text(board, b"tyrne: boot-to-end elapsed = ")
    log_decimal(board, ticks_to_ns(board.ticks() - kernel.started, board.frequency()))
    log_line(board, b" ns")


def standing_of(kernel: Kernel[B], task: Task) -> Standing:
    """Where a task is that has not ended, and what it waits for: whoever holds the capability that answers it, or the
    object at which it stands in a queue."""
    state, pc = u64(task.state.value), task.frame.pc
    table = None if task.reply is None else task.reply.table
    holder = None if table is None else table.owner
    if holder is not None:
        return Standing(state, pc, u64(CapKind.TASK.value), u64(holder.number))
    through = task.through
    if task.queue is not None and through is not None:
        life = life_of(through.held().object)
        assert life is not None and life.kind is not None
        return Standing(state, pc, u64(life.kind.value), u64(life.index), life.generation())
    return Standing(state, pc)


def log_wait(output: Output, state: TaskState) -> None:
    """What a task waits for: the rest of its line."""
    match state:
        case TaskState.SENDING: log_line(output, b" waits for a receiver")
        case TaskState.RECEIVING: log_line(output, b" waits for a message or signals")
        case TaskState.CALLING: log_line(output, b" waits for an answer")
        case TaskState.INACTIVE: log_line(output, b" was never started")
        case _: log_line(output, b" is suspended")
