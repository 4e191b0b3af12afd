"""The system calls about notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, CapKind, Rights, Status, TaskState, unpack_handle
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.kernel.authority import authorise, endpoint_at, message_status, notification_at, notification_of
from tyrne.kernel.deadline import forget_timeout
from tyrne.kernel.effects import Block, Effect, Return, SyscallContext, done, refuse, signal_receipt
from tyrne.kernel.notification import Notification
from tyrne.kernel.rendezvous import release
from tyrne.lang import hot, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@hot
def signal(kernel: Kernel[B], notification: Notification, bits: u64) -> None:
    """Signal bits. All that there are now go to the first who waits: here, or else at the endpoint that is bound."""
    notification.set(bits)
    if notification.word == 0:
        return
    task = notification.waiters.pop()
    bound = notification.bound
    if task is None and bound is not None:
        task = bound.receivers.pop()
    if task is not None:
        release(kernel, task, signal_receipt(notification.consume()))
        kernel.scheduler.make_ready(task)


def is_heard(notification: Notification) -> bool:
    """Whether somebody waits for its bits: here, or at the endpoint that is bound."""
    bound = notification.bound
    return notification.waiters.head is not None or (bound is not None and bound.receivers.head is not None)


def notify(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 notification, a1 bits. One waiter is woken and gets the bits; with none they are kept."""
    notification = notification_of(caller.table, call.a0, Rights.NOTIFY)
    if isinstance(notification, Status):
        return refuse(notification)
    signal(kernel, notification, call.a1)
    return done()


def poll(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 notification -> r1 bits."""
    notification = notification_of(caller.table, call.a0, Rights.WAIT)
    if isinstance(notification, Status):
        return refuse(notification)
    return done(notification.consume())


def wait_for_signals(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 notification -> as `wait`."""
    notification = notification_of(caller.table, call.a0, Rights.WAIT)
    if isinstance(notification, Status):
        return refuse(notification)
    task = kernel.scheduler.core.current
    assert task is not None
    if notification.word != 0:
        forget_timeout(kernel, task)
        return Return(signal_receipt(notification.consume()))
    task.through = caller.table.resolve(unpack_handle(call.a0))
    task.become(TaskState.RECEIVING)
    notification.waiters.push(task)
    return Block(None)


def bind(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint, a1 notification, or null to undo it. Each is bound to one other at most, while both capabilities
    stay where they are."""
    at = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.RECV)
    if isinstance(at, Status):
        return refuse(message_status(at))
    endpoint = endpoint_at(at)
    bound = endpoint.bound
    if call.a1 == NULL_HANDLE:
        if bound is not None:
            bound.unbind()
        return done()
    by = authorise(caller.table, call.a1, CapKind.NOTIFICATION, Rights.WAIT)
    if isinstance(by, Status):
        return refuse(message_status(by))
    notification = notification_at(by)
    if bound is not None or notification.bound is not None:
        return refuse(Status.BAD_STATE)
    notification.bind(endpoint, at, by)
    signal(kernel, notification, u64(0))  # what was signalled before
    return done()
