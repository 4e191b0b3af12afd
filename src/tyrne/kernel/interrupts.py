"""The system calls about interrupts, and what happens when one comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.kernel.authority import authorise, authorise_here, message_status, notification_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import InterruptHandle
from tyrne.kernel.effects import Effect, SyscallContext, done, refuse
from tyrne.kernel.line import Line, LineBinding, close_line, open_line
from tyrne.kernel.signals import is_heard, signal
from tyrne.lang import hot, irange, u32

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def line_at(slot: CapSlot) -> Line:
    named = slot.held().object
    assert isinstance(named, InterruptHandle)
    return named.at


def bind(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 interrupt, a1 notification, or null for nobody, a2 bits. Who was bound before hears it no more."""
    by = authorise(caller.table, call.a0, CapKind.INTERRUPT, Rights.BIND)
    if isinstance(by, Status):
        return refuse(by)
    line = line_at(by)
    if call.a1 == NULL_HANDLE:
        close_line(kernel, line)
        return done()
    signals = authorise(caller.table, call.a1, CapKind.NOTIFICATION, Rights.NOTIFY)
    if isinstance(signals, Status):
        return refuse(message_status(signals))
    by.armed = True
    signals.armed = True
    line.bound = LineBinding(by, signals, call.a2)
    open_line(kernel, line)
    return done()


@hot
def acknowledge(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 interrupt. What is raised still, or again, is delivered at once."""
    slot = authorise_here(caller.table, call.a0, CapKind.INTERRUPT, Rights.ACK)
    if isinstance(slot, Status):
        return refuse(slot)
    line = line_at(slot)
    if line.bound is None:
        return refuse(Status.BAD_STATE)
    open_line(kernel, line)
    return done()


def deliver(kernel: Kernel[B], raised: u32) -> None:
    """A device has raised a line, which the board has masked: its bits are signalled. One that nobody has open came
    from its device as it was masked, and is nothing."""
    for i in irange(kernel.named_lines):
        line = kernel.lines[i]
        bound = line.bound
        if line.number == raised and line.open and bound is not None:
            line.open = False
            signal(kernel, notification_at(bound.signals), bound.bits)


def is_awaited(kernel: Kernel[B]) -> bool:
    """Whether a line is open whose bits somebody waits for: at its notification, or at an endpoint bound to that."""
    for i in irange(kernel.named_lines):
        line = kernel.lines[i]
        bound = line.bound
        if line.open and bound is not None and is_heard(notification_at(bound.signals)):
            return True
    return False
