"""The root of the metal image: the one kernel, and what assembly calls."""

from __future__ import annotations

from typing import Final, NoReturn

from tyrne.boards.qemu_virt.board import QemuVirt
from tyrne.boards.qemu_virt.panic import report
from tyrne.boot.start import start_system
from tyrne.hal.aarch64.syndrome import SUPERVISOR_CALL_0, cause_of, fault_address
from tyrne.hal.cause import Cause
from tyrne.hal.frame import TrapFrame, Vector
from tyrne.kernel.fast_path import fast_call
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import apart, export, extern, hot, option, u32, u64

KERNEL: Final = Kernel(
    QemuVirt(traced=option("traced", False), counted=option("counted", False), silent=option("silent", False)),
    debug_console=option("debug_console", True),
)


@export
def prepare_translation() -> u64:
    """With the MMU off: all but switching it on; returns the value of SCTLR_EL1 for that."""
    return KERNEL.board.prepare_translation()


@export
def boot() -> Task | None:
    """At the high address, for the first time: make the first system. Returns the first task to run."""
    return start_system(KERNEL, KERNEL.board.start())


@extern
def resume(task: Task | None) -> NoReturn:
    """Let a task go on at EL0; without one, rest until there is one, or stop the machine."""
    raise NotImplementedError


@export
@hot
def trap(syndrome: u64) -> Task:
    """A synchronous exception from EL0; the current task's frame is stored. Returns the task to run next."""
    KERNEL.board.trace_trap()
    if syndrome == SUPERVISOR_CALL_0:
        task = KERNEL.scheduler.core.current
        assert task is not None
        following = fast_call(KERNEL, task)
        return other_call(task) if following is None else following
    return other_trap(syndrome)


@apart
@hot
def other_call(task: Task) -> Task:
    """A system call that the first tier of the fast path leaves; the task to run next, if there is one."""
    following = KERNEL.other_call(task)
    if following is None:
        resume(None)
    return following


@apart
@hot
def other_trap(syndrome: u64) -> Task:
    """A synchronous exception that is no `svc #0`; the task to run next, if there is one."""
    address = fault_address(syndrome, KERNEL.board.fault_address())
    following = KERNEL.trap(cause_of(Vector.SYNCHRONOUS, syndrome), syndrome, address)
    if following is None:
        resume(None)
    return following


@export
def trap_irq(syndrome: u64) -> Task | None:
    return KERNEL.trap(Cause.INTERRUPT, syndrome, u64(0))


@export
def trap_fiq(syndrome: u64) -> Task | None:
    return KERNEL.trap(Cause.FAULT, syndrome, fault_address(syndrome, KERNEL.board.fault_address()))


@export
def trap_from_kernel(frame: TrapFrame) -> None:
    """SVC at EL1: boot's check of the gate."""
    KERNEL.trap_from_kernel(frame)


@export
def rest() -> Task | None:
    """Nobody is ready: rest until somebody is, who runs next. When the run is over, stop the machine."""
    following: Task | None = None
    while following is None and KERNEL.waits():
        KERNEL.board.wait_for_interrupt()
        following = KERNEL.trap(Cause.INTERRUPT, u64(0), u64(0))
    if following is None:
        KERNEL.board.stop(KERNEL.exit_status())
    return following


@export
def report_trap(vector: u32, frame: TrapFrame, syndrome: u64, address: u64) -> None:
    """On the emergency stack: an exception that must not be taken. Returns when a report was already under way."""
    report(KERNEL.board, vector, frame, syndrome, address)
