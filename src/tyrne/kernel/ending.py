"""How a task ends: at once it can do nothing any more. What it held is given back in steps, as work.py says.

Who ended it gives that back; one that ends itself stays on the CPU for it, at its own priority.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import TaskState
from tyrne.hal.board import B
from tyrne.hal.text import log_decimal, log_line, log_name, log_text
from tyrne.kernel.deadline import set_deadline
from tyrne.kernel.life import Life
from tyrne.kernel.task import Offer, Task
from tyrne.kernel.work import Reaping
from tyrne.lang import cold, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def reap_later(kernel: Kernel[B], life: Life) -> None:
    """Put an object onto the stack of what is to be reaped, by who made the trap."""
    kernel.ending.push(life)
    kernel.scheduler.owe(Reaping())


def call_off(kernel: Kernel[B], task: Task) -> None:
    """Take a task out of whatever it is in: the CPU, a queue, or the hands of who would answer it."""
    if task.state is TaskState.READY:
        kernel.scheduler.withdraw(task)
    elif task.queue is not None:
        task.queue.remove(task)
    if task.reply is not None:
        task.reply.recycle()
    task.forget_offer()


def end_task(kernel: Kernel[B], task: Task, outcome: TaskState, code: u64) -> None:
    """The task runs no more. What it was in the middle of is forgotten."""
    if task is not kernel.scheduler.core.current:
        call_off(kernel, task)
    task.become(TaskState.ENDING)
    task.outcome = outcome
    task.exit_code = code
    task.spent = True
    if task.deadline is not None:
        set_deadline(kernel, task, None)
    task.context = None
    task.work = None
    reap_later(kernel, task.life)


@cold
def exit_task(kernel: Kernel[B], task: Task, code: u64) -> None:
    """The current task ends itself; when it has given back what it held, its supervisor is told."""
    board = kernel.board
    log_text(board, b"tyrne: userspace task exited (")
    log_name(board, task.name, task.number)
    log_text(board, b", code ")
    log_decimal(board, code)
    log_line(board, b")")
    end_task(kernel, task, TaskState.EXITED, code)
    task.offer = Offer.EXIT


@cold
def end_by_fault(kernel: Kernel[B], task: Task) -> None:
    """End a task for the fault that it holds, which nobody repairs."""
    board = kernel.board
    fault = task.fault
    assert fault is not None
    board.trace_fault(task.number, fault.what, fault.address, fault.pc, task.frame.link())
    log_text(board, b"tyrne: task ")
    log_name(board, task.name, task.number)
    log_text(board, b" faulted: ")
    board.log_fault(fault.what, fault.address, fault.pc)
    log_line(board, b"")
    end_task(kernel, task, TaskState.FAULTED, task.exit_code)
