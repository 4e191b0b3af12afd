"""The system calls about time, and what happens when a time comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.hal.timer import deadline as counter_after
from tyrne.hal.timer import ticks_to_ns
from tyrne.kernel.authority import authorise, authorise_here, message_status, notification_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.deadline import Deadline, exchange, next_due, set_alarm, set_deadline
from tyrne.kernel.effects import Effect, SyscallContext, done, refuse
from tyrne.kernel.rendezvous import end_wait
from tyrne.kernel.signals import signal
from tyrne.lang import hot, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

NEVER: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
"""The time at which nothing happens."""


@hot
def read(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 clock -> r1 nanoseconds since boot."""
    slot = authorise_here(caller.table, call.a0, CapKind.CLOCK, Rights.READ)
    if isinstance(slot, Status):
        return refuse(slot)
    return done(ticks_to_ns(kernel.board.ticks() - kernel.started, kernel.board.frequency()))


@hot
def arm(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 clock, a1 nanoseconds since boot, or all ones, a2 notification, or null, a3 bits. Never early: rounded up."""
    by = authorise(caller.table, call.a0, CapKind.CLOCK, Rights.ARM)
    if isinstance(by, Status):
        return refuse(by)
    signals: CapSlot | None = None
    if call.a2 != NULL_HANDLE:
        named = authorise(caller.table, call.a2, CapKind.NOTIFICATION, Rights.NOTIFY)
        if isinstance(named, Status):
            return refuse(message_status(named))
        named.armed = True
        signals = named
    task = kernel.scheduler.core.current
    assert task is not None
    if call.a1 == NEVER:
        set_deadline(kernel, task, None)
    else:
        by.armed = True
        at = counter_after(kernel.started, call.a1, kernel.board.frequency())
        set_deadline(kernel, task, Deadline(at, by, signals, call.a3))
    return done()


def ring(kernel: Kernel[B]) -> None:
    """An alarm: what is due happens, the earliest first."""
    now = kernel.board.ticks()
    while True:
        task = next_due(kernel)
        deadline = None if task is None else task.deadline
        if task is None or deadline is None or deadline.at > now:
            break
        exchange(task, None)
        if deadline.signals is None:
            end_wait(kernel, task, Status.TIMED_OUT)
        else:
            signal(kernel, notification_at(deadline.signals), deadline.bits)
    set_alarm(kernel)
