"""Interrupts of a device: each signals bits, once for each acknowledgement.

A driver binds its interrupt, and then again and again waits, sees to the device until it is quiet, acknowledges.
"""

from __future__ import annotations

from tyrne.abi import NULL_HANDLE, CallNumber, Status
from tyrne.lang import u64
from tyrne.user.calls import request, status_of
from tyrne.user.handles import InterruptCap, NotificationCap


def interrupt_bind(interrupt: InterruptCap, notification: NotificationCap, bits: u64) -> Status:
    """From now on the interrupt signals bits; the first may come at once. Who heard it before does no more."""
    return status_of(request(CallNumber.INTERRUPT_BIND, interrupt.word, notification.word, bits))


def interrupt_unbind(interrupt: InterruptCap) -> Status:
    """Nobody hears the interrupt any more."""
    return status_of(request(CallNumber.INTERRUPT_BIND, interrupt.word, NULL_HANDLE, u64(0)))


def interrupt_ack(interrupt: InterruptCap) -> Status:
    """Let the next one come: at once, if the device still wants to be heard."""
    return status_of(request(CallNumber.INTERRUPT_ACK, interrupt.word))
