"""How tasks stop by themselves: by their exit, or by a fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import TaskState
from tyrne.hal.board import B
from tyrne.hal.text import log_decimal, log_line, log_name, log_text
from tyrne.kernel.authority import endpoint_at
from tyrne.kernel.ending import end_by_fault, end_task
from tyrne.kernel.rendezvous import submit
from tyrne.kernel.task import Fault, Offer, Task
from tyrne.lang import cold, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


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


def report(kernel: Kernel[B], task: Task, offer: Offer) -> Task | None:
    """Send a notice to a task's supervisor; who has received it is returned released."""
    return submit(kernel, task, endpoint_at(task.supervisor), task.supervisor, offer)


def fault_task(kernel: Kernel[B], task: Task, what: u64, address: u64) -> None:
    """The current task has faulted: its supervisor decides what becomes of it; without one it ends."""
    task.fault = Fault(what, address, task.frame.pc)
    if task.supervisor.capability is None:
        end_by_fault(kernel, task)
    else:
        kernel.scheduler.switch(report(kernel, task, Offer.FAULT))
