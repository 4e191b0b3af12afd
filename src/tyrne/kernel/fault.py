"""The end of a task by a fault that nobody repairs, and its report in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import TaskState
from tyrne.hal.aarch64.syndrome import AbortCause, FaultKind, abort_cause, fault_kind
from tyrne.hal.board import B, Output
from tyrne.kernel.log import log_hex, log_line, log_name, log_text
from tyrne.kernel.task import Fault, Task
from tyrne.lang import cold, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@cold
def end_by_fault(kernel: Kernel[B], task: Task) -> None:
    """End a task that does not run and is in no queue, for the fault that it holds."""
    fault = task.fault
    assert fault is not None
    kernel.board.trace_fault(task.number, fault.syndrome, fault.address, fault.pc, task.frame.x[30])
    log_fault(kernel.board, task, fault)
    task.state = TaskState.FAULTED
    task.forget_offer()
    task.spent = True
    kernel.remains = True


def log_fault(output: Output, task: Task, fault: Fault) -> None:
    """One line: who, what, why, and the three registers that say so."""
    log_text(output, b"tyrne: task ")
    log_name(output, task)
    log_text(output, b" faulted: ")
    log_kind(output, fault.syndrome)
    log_text(output, b" (esr=")
    log_hex(output, fault.syndrome)
    log_text(output, b", far=")
    log_hex(output, fault.address)
    log_text(output, b", pc=")
    log_hex(output, fault.pc)
    log_line(output, b")")


def log_kind(output: Output, syndrome: u64) -> None:
    """What the task did, in words."""
    match fault_kind(syndrome):
        case FaultKind.UNDEFINED_INSTRUCTION: log_text(output, b"undefined instruction")
        case FaultKind.TRAPPED_INSTRUCTION: log_text(output, b"trapped instruction")
        case FaultKind.INSTRUCTION_ABORT:
            log_text(output, b"instruction abort, ")
            log_cause(output, syndrome)
        case FaultKind.DATA_ABORT_READ:
            log_text(output, b"data abort on read, ")
            log_cause(output, syndrome)
        case FaultKind.DATA_ABORT_WRITE:
            log_text(output, b"data abort on write, ")
            log_cause(output, syndrome)
        case FaultKind.PC_ALIGNMENT: log_text(output, b"misaligned PC")
        case FaultKind.SP_ALIGNMENT: log_text(output, b"misaligned SP")
        case FaultKind.BREAKPOINT: log_text(output, b"breakpoint or debug exception")
        case FaultKind.SYSTEM_ERROR: log_text(output, b"system error")
        case FaultKind.UNKNOWN: log_text(output, b"unknown exception class")


def log_cause(output: Output, syndrome: u64) -> None:
    """Why an access was refused, in a word or two."""
    match abort_cause(syndrome):
        case AbortCause.TRANSLATION: log_text(output, b"translation")
        case AbortCause.ACCESS_FLAG: log_text(output, b"access flag")
        case AbortCause.PERMISSION: log_text(output, b"permission")
        case AbortCause.ALIGNMENT: log_text(output, b"alignment")
        case AbortCause.OTHER: log_text(output, b"other cause")
