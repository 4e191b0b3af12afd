"""The system calls about messages. `send` and `recv` never wait; the others do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, CapKind, Rights, SendOutcome, Status, TaskState, unpack_handle
from tyrne.hal.board import B
from tyrne.hal.frame import Answer, Call
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.authority import authorise, endpoint_at, message_status
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import NotificationHandle
from tyrne.kernel.deadline import forget_timeout
from tyrne.kernel.effects import Block, Effect, Return, SyscallContext, done, receipt, refuse
from tyrne.kernel.endpoint import EndpointState, Message
from tyrne.kernel.rendezvous import (
    caller_at,
    carry,
    collect,
    first_receiver,
    is_leaf,
    lacks_room,
    may_transfer,
    may_travel,
    move_capability,
    release,
    submit,
)
from tyrne.kernel.signals import wait_for_signals
from tyrne.kernel.task import Offer, Task
from tyrne.lang import u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def send(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint, a1 to a4 message, a5 capability to transfer or null -> r1 outcome."""
    slot = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.SEND)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    if not may_transfer(caller.table, call.a5):
        return refuse(Status.INVALID_TRANSFER_CAP)
    endpoint = endpoint_at(slot)
    asked = endpoint.asked_by is not None
    if endpoint.holds_message() or (endpoint.senders.head is not None and not asked):
        return refuse(Status.QUEUE_FULL)
    if not is_leaf(caller.table, call.a5):
        return refuse(Status.INVALID_TRANSFER_CAP)
    if lacks_room(endpoint, Offer.MESSAGE, call.a5):
        return refuse(Status.RECEIVER_TABLE_FULL)
    badge = slot.held().badge
    message = Message(call.a1, call.a2, call.a3, call.a4)
    receiver = first_receiver(kernel, endpoint, u64(0) if call.a5 == NULL_HANDLE else u64(1))
    if receiver is not None:
        arrived = carry(kernel, caller.table, call.a5, receiver.capabilities)
        release(kernel, receiver, receipt(badge, message, arrived, NULL_HANDLE))
        kernel.scheduler.make_ready(receiver)
        return done(u64(SendOutcome.DELIVERED.value))
    if call.a5 != NULL_HANDLE:
        carried = caller.table.leaf(unpack_handle(call.a5))
        assert isinstance(carried, CapSlot)
        move_capability(kernel, carried, endpoint.parked)
        asked = endpoint.asked_by is not None  # not any more if that is what travels
    endpoint.message = message
    endpoint.badge = badge
    endpoint.state = EndpointState.RECV_COMPLETE if asked else EndpointState.SEND_PENDING
    endpoint.asked_by = None
    return done(u64(SendOutcome.DELIVERED.value if asked else SendOutcome.ENQUEUED.value))


def recv(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint -> r1 received (0) or pending (1), r2 to r5 message, r6 capability or null.

    It has no register for a badge or a reply capability, so it takes what `send` parked and what waits to be sent,
    and leaves to `wait` whatever else stands in the queue.
    """
    slot = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.RECV)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    endpoint = endpoint_at(slot)
    found = collect(kernel, endpoint, caller.table, True)
    if isinstance(found, Status):
        return refuse(found)
    if found is not None:
        return Return(Answer(found.status, u64(0), found.r2, found.r3, found.r4, found.r5, found.r6))
    endpoint.state = EndpointState.RECV_WAITING
    endpoint.asked_by = slot
    return done(u64(1))


def cancel(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint. Withdraw the registered receiver, if there is one; a message in flight stays."""
    slot = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.RECV)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    endpoint = endpoint_at(slot)
    if endpoint.asked_by is not None:
        endpoint.withdraw()
    return done()


def send_wait(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint, a1 to a4 message, a5 capability to transfer or null. Wait until it is received."""
    return offer_message(kernel, caller, call, Offer.MESSAGE)


def call_endpoint(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint, a1 to a4 message, a5 capability or null -> r2 to r5 answer, r6 capability. Wait for the answer."""
    return offer_message(kernel, caller, call, Offer.CALL)


def offer_message(kernel: Kernel[B], caller: SyscallContext, call: Call, offer: Offer) -> Effect:
    """Hand the message to a receiver that waits, or wait for one. A caller that wants an answer waits in any case."""
    slot = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.SEND)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    if not may_travel(caller.table, slot, call.a5):
        return refuse(Status.INVALID_TRANSFER_CAP)
    endpoint = endpoint_at(slot)
    if lacks_room(endpoint, offer, call.a5):
        return refuse(Status.RECEIVER_TABLE_FULL)
    task = kernel.scheduler.core.current
    assert task is not None
    receiver = submit(kernel, task, endpoint, slot, offer)
    if receiver is None or offer is Offer.CALL:
        return Block(receiver)
    forget_timeout(kernel, task)
    kernel.scheduler.make_ready(receiver)
    return done()


def wait(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 endpoint or notification -> r1 badge, r2 to r5 message, r6 capability or null, r7 reply capability or null."""
    named = caller.table.resolve(unpack_handle(call.a0))
    if named is not None and isinstance(named.held().object, NotificationHandle):
        return wait_for_signals(kernel, caller, call)
    slot = authorise(caller.table, call.a0, CapKind.ENDPOINT, Rights.RECV)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    return wait_at(kernel, caller, slot, None)


def wait_at(kernel: Kernel[B], caller: SyscallContext, slot: CapSlot, partner: Task | None) -> Effect:
    """Take what is there, or wait for it. The partner has been released and not yet been made ready."""
    endpoint = endpoint_at(slot)
    found = collect(kernel, endpoint, caller.table, False)
    task = kernel.scheduler.core.current
    assert task is not None
    if found is None:
        task.through = slot
        task.become(TaskState.RECEIVING)
        endpoint.receivers.push(task)
        return Block(partner)
    if partner is not None:
        kernel.scheduler.make_ready(partner)
    if isinstance(found, Status):
        return refuse(found)
    forget_timeout(kernel, task)
    return Return(found)


def reply(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 reply capability, a1 to a4 message, a5 capability to transfer or null."""
    slot = authorise(caller.table, call.a0, CapKind.REPLY, Rights.NONE)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    if not may_travel(caller.table, slot, call.a5):
        return refuse(Status.INVALID_TRANSFER_CAP)
    client = caller_at(slot)
    if call.a5 != NULL_HANDLE and client.awaits_repair():
        return refuse(Status.INVALID_TRANSFER_CAP)
    if call.a5 != NULL_HANDLE and client.capabilities.is_full():
        return refuse(Status.RECEIVER_TABLE_FULL)
    arrived = carry(kernel, caller.table, call.a5, client.capabilities)
    answer(kernel, slot, client, call, arrived)
    kernel.scheduler.make_ready(client)
    return done()


def answer(kernel: Kernel[B], slot: CapSlot, client: Task, call: Call, arrived: u64) -> None:
    """Use up a reply capability. Who waits for a repair goes on where it faulted; its registers are its own."""
    slot.recycle()
    if client.awaits_repair():
        client.forget_offer()
        client.fault = None
    else:
        message = Message(call.a1, call.a2, call.a3, call.a4)
        release(kernel, client, receipt(u64(0), message, arrived, NULL_HANDLE))


def reply_wait(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 reply capability, a1 to a4 message, a5 endpoint -> as `wait`. Both are checked before the answer is given.

    The slot of the reply capability is room for what comes, but for one in its last generation.
    """
    slot = authorise(caller.table, call.a0, CapKind.REPLY, Rights.NONE)
    if isinstance(slot, Status):
        return refuse(message_status(slot))
    endpoint_slot = authorise(caller.table, call.a5, CapKind.ENDPOINT, Rights.RECV)
    if isinstance(endpoint_slot, Status):
        return refuse(message_status(endpoint_slot))
    if slot.generation == LAST_GENERATION and caller.table.is_full():
        return refuse(Status.RECEIVER_TABLE_FULL)
    client = caller_at(slot)
    answer(kernel, slot, client, call, NULL_HANDLE)
    return wait_at(kernel, caller, endpoint_slot, client)
