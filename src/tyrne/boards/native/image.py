"""The root of the native library: the one kernel, and what the host calls."""

from __future__ import annotations

from typing import Final

from tyrne.boards.native.board import Native
from tyrne.boot.start import start_system
from tyrne.hal.aarch64.syndrome import cause_of, fault_address
from tyrne.hal.boot_info import BootInfo
from tyrne.hal.cause import Cause
from tyrne.hal.frame import TrapFrame, Vector
from tyrne.kernel.end_of_run import log_end
from tyrne.kernel.kernel import Kernel
from tyrne.kernel.task import Task
from tyrne.lang import export, option, saturating_sub, u32, u64

KERNEL: Final = Kernel(Native(), debug_console=option("debug_console", True))


@export
def attach(ram: u64, size: u64, host_ram: u64, host_journal: u64) -> None:
    """Before anything else: RAM's physical address and size, and where the host keeps it and the journal."""
    KERNEL.board.memory.attach(ram, size, host_ram)
    KERNEL.board.journal.memory = host_journal


@export
def boot(ram_start: u64, ram_end: u64, image_start: u64, image_end: u64, manifest: u64) -> Task | None:
    """Make the first system. Physical addresses, as in BootInfo; returns the first task to run."""
    return start_system(KERNEL, BootInfo(ram_start, ram_end, image_start, image_end, manifest))


@export
def trap(vector: u32, syndrome: u64, address: u64) -> Task | None:
    """A trap from EL0; the current task's frame is stored. Returns the task to run next."""
    match vector:
        case 0:
            task = KERNEL.trap(cause_of(Vector.SYNCHRONOUS, syndrome), syndrome, fault_address(syndrome, address))
            KERNEL.board.charge()
            return task
        case 1:
            return KERNEL.trap(Cause.INTERRUPT, syndrome, address)
    return KERNEL.trap(Cause.FAULT, syndrome, fault_address(syndrome, address))


@export
def handle_trap_from_kernel(frame: TrapFrame) -> None:
    """A system call from the kernel itself, which the host was asked to make: boot's check of the gate."""
    KERNEL.trap_from_kernel(frame)


@export
def stop() -> u64:
    """The run may take no more instructions from now on; how many were left of its limit."""
    limit_at, now = KERNEL.board.deadlines.limit_at, KERNEL.board.journal.instructions()
    KERNEL.board.arm_limit(u64(0))
    return u64(0) if limit_at is None else saturating_sub(limit_at, now)


@export
def draw_ticks(seed: u64) -> None:
    """Let ticks come between the steps of long work, as a seed draws them, a number below 2^63."""
    KERNEL.board.drawn_ticks.sow(seed)


@export
def waits() -> bool:
    """While nobody is ready: whether an interrupt is to come, or the run is over."""
    return KERNEL.waits()


@export
def is_timed() -> bool:
    """Whether the kernel waits for a time."""
    return KERNEL.board.deadlines.alarm_at is not None


@export
def end() -> None:
    """While the kernel waits: the run is over, since it waits for a device that does nothing any more."""
    log_end(KERNEL)


@export
def exit_status() -> u64:
    return KERNEL.exit_status()
