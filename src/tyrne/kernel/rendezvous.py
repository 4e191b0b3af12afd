"""Where a message meets its receiver: what is handed over, who goes on, and how a wait ends without it.

Faults and exits are messages too, of a task to its supervisor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, Notice, Rights, Status, TaskState, includes, pack_handle, unpack_handle
from tyrne.hal.board import B
from tyrne.hal.frame import Answer
from tyrne.kernel.authority import endpoint_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, EndpointHandle, MemoryHandle, NotificationHandle, ReplyHandle
from tyrne.kernel.deadline import forget_deadline_by, forget_timeout
from tyrne.kernel.effects import receipt, signal_receipt
from tyrne.kernel.ending import call_off, end_by_fault
from tyrne.kernel.endpoint import Endpoint, Message
from tyrne.kernel.line import unbind_lines
from tyrne.kernel.mapping import unmap_placed
from tyrne.kernel.task import Fault, Offer, Task
from tyrne.lang import cold, hot, inline, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def caller_at(slot: CapSlot) -> Task:
    """Who waits for the answer that a reply capability gives."""
    named = slot.held().object
    assert isinstance(named, ReplyHandle) and named.at.life.lasts(named.life)
    return named.at


@hot
def release(kernel: Kernel[B], task: Task, answer: Answer) -> None:
    """Complete the call in which a task waits. Who releases it lets it run."""
    forget_timeout(kernel, task)
    complete(kernel, task, answer)


@inline
def complete(kernel: Kernel[B], task: Task, answer: Answer) -> None:
    """Complete the call of a task whose deadline does not depend on it."""
    call = task.frame.call()
    task.frame.answer(answer)
    task.forget_offer()
    kernel.board.trace_call(task.number, call, task.frame)


def end_wait(kernel: Kernel[B], task: Task, status: Status) -> None:
    """Let a task that waits, in a queue or for an answer, go on with a status. Nobody can answer it any more.

    One that waits for repair ends by its fault; the notice of an exit is told to nobody.
    """
    offer = task.offer
    call_off(kernel, task)
    if offer is Offer.FAULT:
        end_by_fault(kernel, task)
    elif offer is not Offer.EXIT:
        release(kernel, task, Answer(u64(status.value)))
        kernel.scheduler.make_ready(task)


def may_transfer(table: CapTable, word: u64) -> bool:
    """Whether a capability may travel, or none is to: it is there, and its holder may transfer it."""
    if word == NULL_HANDLE:
        return True
    capability = table.lookup(unpack_handle(word))
    return capability is not None and includes(capability.rights, Rights.TRANSFER)


def is_leaf(table: CapTable, word: u64) -> bool:
    """Whether nothing is derived from a capability, or none is named."""
    return word == NULL_HANDLE or isinstance(table.leaf(unpack_handle(word)), CapSlot)


def may_travel(table: CapTable, by: CapSlot, word: u64) -> bool:
    """Whether a capability may travel at once in a message that another capability allows, or none is to.

    Words that differ may name one slot, and the capability that allows the message is still needed when it arrives.
    """
    if not may_transfer(table, word) or not is_leaf(table, word):
        return False
    return word == NULL_HANDLE or table.resolve(unpack_handle(word)) is not by


def withdraw(named: EndpointHandle, slot: CapSlot) -> None:
    """Forget the receiver that `recv` has registered at an endpoint, if it was by this capability."""
    endpoint = named.at
    assert endpoint.life.lasts(named.life)
    if endpoint.asked_by is slot:
        endpoint.withdraw()


@cold
def disarm(kernel: Kernel[B], slot: CapSlot) -> None:
    """Undo what was set by a capability that goes or moves: a deadline, bindings of lines."""
    slot.armed = False
    forget_deadline_by(kernel, slot)
    unbind_lines(kernel, slot)


def lay_down(kernel: Kernel[B], slot: CapSlot) -> None:
    """Undo what its holder did by a capability that goes or moves: a mapping, a poll for messages, a binding, a
    deadline."""
    if slot.armed:
        disarm(kernel, slot)
    named = slot.held().object
    match named:
        case MemoryHandle():
            unmap_placed(kernel, slot)
        case EndpointHandle(endpoint):
            withdraw(named, slot)
            bound = endpoint.bound
            if bound is not None and bound.bound_at is slot:
                bound.unbind()
        case NotificationHandle(notification):
            if notification.bound_by is slot:
                notification.unbind()


@hot
def move_capability(kernel: Kernel[B], slot: CapSlot, target: CapSlot) -> None:
    """Let another slot take a capability. What its holder did by it does not come along."""
    lay_down(kernel, slot)
    if isinstance(slot.held().object, ReplyHandle):
        caller_at(slot).reply = target
    slot.move_to(target)


def move_into(kernel: Kernel[B], slot: CapSlot, table: CapTable) -> u64:
    """Move a capability to a table with room for it; the word that names it there."""
    taken = table.allocate()
    move_capability(kernel, slot, taken)
    return pack_handle(taken.handle())


def carry(kernel: Kernel[B], source: CapTable, word: u64, target: CapTable) -> u64:
    """Move the capability that a word names, as `move_into`; null when there is none."""
    if word == NULL_HANDLE:
        return NULL_HANDLE
    slot = source.leaf(unpack_handle(word))
    if isinstance(slot, Status):
        return NULL_HANDLE
    return move_into(kernel, slot, target)


def own_need(offer: Offer) -> u64:
    """How many slots a message takes in the table of its receiver by itself: one when it wants an answer."""
    return u64(1) if offer is Offer.CALL or offer is Offer.FAULT else u64(0)


def slots_needed(sender: Task) -> u64:
    """How many slots a sender's message takes with the capability that travels in it, if that is still there."""
    count = own_need(sender.offer)
    gift = sender.frame.call().a5
    if gift == NULL_HANDLE or sender.offer is Offer.FAULT or sender.offer is Offer.EXIT:
        return count
    return count + 1 if is_leaf(sender.capabilities, gift) else count


def take(kernel: Kernel[B], sender: Task, table: CapTable) -> Answer:
    """Hand a sender's message, and what comes with it, to the holder of a table that has room. The sender stays."""
    through = sender.through
    assert through is not None
    call = sender.frame.call()
    message = Message(call.a1, call.a2, call.a3, call.a4)
    arrived = NULL_HANDLE
    fault = sender.fault
    if sender.offer is Offer.EXIT:
        message = Message(u64(Notice.EXITED.value), sender.exit_code)
    elif sender.offer is Offer.FAULT and fault is not None:
        message = Message(u64(Notice.FAULTED.value), fault.what, fault.address, fault.pc)
    else:
        arrived = carry(kernel, sender.capabilities, call.a5, table)
    reply = NULL_HANDLE
    if sender.offer is Offer.CALL or sender.offer is Offer.FAULT:
        slot = table.allocate()
        named = ReplyHandle(sender, sender.life.count)
        slot.hold(Capability(Rights.TRANSFER, named), through.depth + 1)
        sender.reply = slot
        sender.become(TaskState.CALLING)
        reply = pack_handle(slot.handle())
    return receipt(through.held().badge, message, arrived, reply)


def receiver_with_room(endpoint: Endpoint, needed: u64) -> Task | None:
    """The first task that waits to receive and has so many free slots."""
    task = endpoint.receivers.head
    while task is not None and not task.capabilities.has_room(needed):
        task = task.next
    return task


def lacks_room(endpoint: Endpoint, offer: Offer, word: u64) -> bool:
    """Whether some who wait have room for a message, and none has any for the capability that is to travel with it.

    What a sender adds is at its own risk: it is the sender who learns that, not the receiver.
    """
    if word == NULL_HANDLE or receiver_with_room(endpoint, own_need(offer) + 1) is not None:
        return False
    return receiver_with_room(endpoint, own_need(offer)) is not None


def first_receiver(kernel: Kernel[B], endpoint: Endpoint, needed: u64) -> Task | None:
    """Take the first receiver that has room out of its queue. If none has, all learn it."""
    receiver = receiver_with_room(endpoint, needed)
    if receiver is not None:
        endpoint.receivers.remove(receiver)
        return receiver
    while endpoint.receivers.head is not None:
        end_wait(kernel, endpoint.receivers.head, Status.RECEIVER_TABLE_FULL)
    return None


def submit(kernel: Kernel[B], sender: Task, endpoint: Endpoint, through: CapSlot, offer: Offer) -> Task | None:
    """Give what a task offers to a receiver that waits, which is returned released; or queue the task without one."""
    sender.offer = offer
    sender.through = through
    receiver = first_receiver(kernel, endpoint, slots_needed(sender))
    if receiver is None:
        if offer is not Offer.EXIT:
            sender.become(TaskState.SENDING)
        endpoint.senders.push(sender)
        return None
    release(kernel, receiver, take(kernel, sender, receiver.capabilities))
    if offer is Offer.MESSAGE or offer is Offer.EXIT:
        sender.forget_offer()
    return receiver


def report(kernel: Kernel[B], task: Task, offer: Offer) -> Task | None:
    """Send a notice to a task's supervisor; who has received it is returned released."""
    return submit(kernel, task, endpoint_at(task.supervisor), task.supervisor, offer)


def fault_task(kernel: Kernel[B], task: Task, what: u64, address: u64) -> None:
    """The current task has faulted: its supervisor decides what becomes of it; without one it ends."""
    task.fault = Fault(what, address, task.frame.pc)
    if task.supervisor.capability is None:
        end_by_fault(kernel, task)
    else:
        kernel.scheduler.switch(report(kernel, task, Offer.FAULT))


def collect(kernel: Kernel[B], endpoint: Endpoint, table: CapTable, polls: bool) -> Answer | Status | None:
    """What is there for a receiver: signals first, then the parked message, then the first sender that waits.

    One that polls takes neither signals nor what has more to say than a message. A parked message whose capability
    finds no room stands aside, so that it stops nobody; the receiver is told when nothing else is there for it.
    """
    bound = endpoint.bound
    if not polls and bound is not None and bound.word != 0:
        return signal_receipt(bound.consume())
    if endpoint.holds_message() and (endpoint.parked.capability is None or not table.is_full()):
        arrived = NULL_HANDLE if endpoint.parked.capability is None else move_into(kernel, endpoint.parked, table)
        found = receipt(endpoint.badge, endpoint.message, arrived, NULL_HANDLE)
        endpoint.empty()
        return found
    return collect_sent(kernel, endpoint, table, polls)


def first_to_take(endpoint: Endpoint, table: CapTable, polls: bool) -> Task | Status | None:
    """The first sender for whom a receiver has room; or why it must be told that it has none.

    It is told for what a message needs by itself, and for a parked message that stands aside; never for what a sender
    adds.
    """
    sender = endpoint.senders.head
    while sender is not None:
        if sender.offer is Offer.MESSAGE or not polls:
            if table.has_room(slots_needed(sender)):
                return sender
            if not table.has_room(own_need(sender.offer)):
                return Status.RECEIVER_TABLE_FULL
        sender = sender.next
    return Status.RECEIVER_TABLE_FULL if endpoint.holds_message() else None


def collect_sent(kernel: Kernel[B], endpoint: Endpoint, table: CapTable, polls: bool) -> Answer | Status | None:
    """What a sender that waits has to say. Those before it whose capability finds no room are refused, and keep it."""
    sender = first_to_take(endpoint, table, polls)
    if isinstance(sender, Status):
        return sender
    at = endpoint.senders.head
    while at is not None and at is not sender:
        following = at.next
        if at.offer is Offer.MESSAGE or not polls:
            end_wait(kernel, at, Status.RECEIVER_TABLE_FULL)
        at = following
    if sender is None:
        return None
    endpoint.senders.remove(sender)
    found = take(kernel, sender, table)
    if sender.offer is Offer.MESSAGE:
        end_wait(kernel, sender, Status.OK)
    elif sender.offer is Offer.EXIT:
        sender.forget_offer()
    return found
