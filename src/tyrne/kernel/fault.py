"""The end of a task by a fault that nobody repairs, and its report in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import TaskState
from tyrne.hal.board import B
from tyrne.hal.text import log_line, log_name, log_text
from tyrne.kernel.task import Task
from tyrne.lang import cold

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@cold
def end_by_fault(kernel: Kernel[B], task: Task) -> None:
    """End a task that does not run and is in no queue, for the fault that it holds."""
    board = kernel.board
    fault = task.fault
    assert fault is not None
    board.trace_fault(task.number, fault.what, fault.address, fault.pc, task.frame.link())
    log_text(board, b"tyrne: task ")
    log_name(board, task.name, task.number)
    log_text(board, b" faulted: ")
    board.log_fault(fault.what, fault.address, fault.pc)
    log_line(board, b"")
    task.become(TaskState.FAULTED)
    task.forget_offer()
    task.spent = True
    kernel.ending.push(task.life)
