"""How tasks stop and end. What an ended task held is given back at the end of the trap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import TaskState
from tyrne.hal.board import B
from tyrne.hal.text import log_decimal, log_line, log_name, log_text
from tyrne.kernel.authority import endpoint_at
from tyrne.kernel.fault import end_by_fault
from tyrne.kernel.rendezvous import submit
from tyrne.kernel.task import Fault, Offer, Task
from tyrne.lang import cold, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def call_off(kernel: Kernel[B], task: Task) -> None:
    """Take a task out of whatever it is in: the CPU, a queue, or the hands of who would answer it."""
    queue = task.queue
    answer = task.reply
    if task.state is TaskState.READY:
        kernel.scheduler.withdraw(task)
    elif queue is not None:
        queue.remove(task)
    if answer is not None:
        answer.recycle()
    task.forget_offer()


def end_task(kernel: Kernel[B], task: Task, state: TaskState, code: u64) -> None:
    """The task runs no more."""
    call_off(kernel, task)
    task.become(state)
    task.exit_code = code
    task.spent = True
    kernel.ending.push(task.life)


@cold
def exit_task(kernel: Kernel[B], task: Task, code: u64) -> None:
    """The task ends itself; its supervisor is told."""
    board = kernel.board
    log_text(board, b"tyrne: userspace task exited (")
    log_name(board, task.name, task.number)
    log_text(board, b", code ")
    log_decimal(board, code)
    log_line(board, b")")
    end_task(kernel, task, TaskState.EXITED, code)
    if task.supervisor.capability is not None:
        receiver = report(kernel, task, Offer.EXIT)
        if receiver is not None:
            kernel.scheduler.make_ready(receiver)


def report(kernel: Kernel[B], task: Task, offer: Offer) -> Task | None:
    """Send a notice to a task's supervisor; who has received it is returned released."""
    return submit(kernel, task, endpoint_at(task.supervisor), task.supervisor, offer)


def fault_task(kernel: Kernel[B], task: Task, what: u64, address: u64) -> None:
    """The current task has faulted: its supervisor decides what becomes of it; without one it ends."""
    task.fault = Fault(what, address, task.frame.pc)
    if task.supervisor.capability is None:
        kernel.scheduler.withdraw(task)
        end_by_fault(kernel, task)
    else:
        kernel.scheduler.switch(report(kernel, task, Offer.FAULT))
