"""Traps by the general path alone, to compare with what the fast path does."""

from __future__ import annotations

from typing import Any

from tyrne.hal.cause import Cause
from tyrne.kernel.fast_path import fast_call, fast_call_2, fast_fault
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.rendezvous import fault_task
from tyrne.kernel.task import Task
from tyrne.lang import u64


def general_trap(kernel: Kernel[Any], cause: Cause, what: u64, address: u64) -> Task | None:
    """As `Kernel.trap`, but without the fast path."""
    task = kernel.scheduler.core.current
    if task is not None and cause is Cause.CALL:
        return kernel.general_call(task)
    if task is not None and cause is Cause.FAULT:
        fault_task(kernel, task, what, address)
        return kernel.leave()
    return kernel.trap(cause, what, address)


def fast_trap(kernel: Kernel[Any], cause: Cause, what: u64, address: u64) -> bool:
    """By the fast path alone: false when it does not do it, and then nothing may have happened."""
    task = kernel.scheduler.core.current
    if cause is Cause.INTERRUPT:
        return False
    assert task is not None
    if cause is Cause.CALL:
        following = fast_call(kernel, task)
        if following is None:
            following = fast_call_2(kernel, task)
        return following is not None or kernel.scheduler.core.current is None
    return cause is Cause.FAULT and fast_fault(kernel, task, what, address) is not None
