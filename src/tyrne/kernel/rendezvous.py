"""Where a message meets its receiver: what is handed over, who goes on, and how a wait ends without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.hal.board import B
from tyrne.kernel.abi import NULL_HANDLE, Notice, Rights, Status, TaskState, includes, pack_handle, unpack_handle
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, MemoryHandle, ReplyHandle
from tyrne.kernel.effects import Resume, call_in, receipt, signal_receipt, write_reply
from tyrne.kernel.endpoint import Endpoint, Message
from tyrne.kernel.fault import end_by_fault
from tyrne.kernel.mapping import unmap_placed
from tyrne.kernel.task import Offer, Task
from tyrne.lang import cold, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def release(kernel: Kernel[B], task: Task, reply: Resume) -> None:
    """Complete the call in which a task waits. Its caller lets it run."""
    call = call_in(task.frame)
    write_reply(task.frame, reply)
    task.forget_offer()
    kernel.board.trace_call(task.number, call, task.frame)


@cold
def abort(kernel: Kernel[B], task: Task) -> None:
    """End the wait of a task that can no longer get what it waits for. Nobody holds its reply capability any more."""
    queue = task.queue
    if queue is not None:
        queue.remove(task)
    match task.offer:
        case Offer.FAULT:
            end_by_fault(kernel, task)
        case Offer.EXIT:
            task.forget_offer()
        case _:
            release(kernel, task, Resume(u64(Status.ABORTED.value)))
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


def move_capability(kernel: Kernel[B], slot: CapSlot, target: CapSlot) -> None:
    """Let another slot take a capability. What its holder did by it, a mapping or a binding, does not come along."""
    binding = slot.binding
    if binding is not None:
        binding.unbind()
    named = slot.held().object
    if isinstance(named, MemoryHandle):
        unmap_placed(kernel, slot)
    elif isinstance(named, ReplyHandle):
        client = kernel.tasks.get(named.slot)
        if client is not None:  # always: a reply capability goes before its caller does
            client.reply = target
    slot.move_to(target)


def carry(kernel: Kernel[B], source: CapTable, word: u64, target: CapTable) -> u64:
    """Move a capability to a table with room for it; the word that names it there, null when there is none."""
    if word == NULL_HANDLE:
        return NULL_HANDLE
    slot = source.leaf(unpack_handle(word))
    if isinstance(slot, Status):
        return NULL_HANDLE
    taken = target.allocate()
    move_capability(kernel, slot, taken)
    return pack_handle(taken.handle())


def slots_needed(sender: Task) -> u64:
    """How many slots a sender's message takes in the table of its receiver."""
    count = u64(0)
    if sender.offer is Offer.CALL or sender.offer is Offer.FAULT:
        count = u64(1)
    if (sender.offer is Offer.MESSAGE or sender.offer is Offer.CALL) and sender.frame.x[5] != NULL_HANDLE:
        count += 1
    return count


def take(kernel: Kernel[B], sender: Task, table: CapTable) -> Resume:
    """Hand a sender's message, and what comes with it, to the holder of a table that has room. The sender stays."""
    through = sender.through
    assert through is not None
    x = sender.frame.x
    message = Message(x[1], x[2], x[3], x[4])
    arrived = NULL_HANDLE
    fault = sender.fault
    if sender.offer is Offer.EXIT:
        message = Message(u64(Notice.EXITED.value), sender.exit_code)
    elif sender.offer is Offer.FAULT and fault is not None:
        message = Message(u64(Notice.FAULTED.value), fault.syndrome, fault.address, fault.pc)
    else:
        arrived = carry(kernel, sender.capabilities, x[5], table)
    reply = NULL_HANDLE
    if sender.offer is Offer.CALL or sender.offer is Offer.FAULT:
        slot = table.allocate()
        named = ReplyHandle(kernel.tasks.id_at(u64(sender.slot)))
        slot.fill(Capability(Rights.TRANSFER, named), through, through.depth + 1)
        sender.reply = slot
        sender.state = TaskState.CALLING
        reply = pack_handle(slot.handle())
    return receipt(through.held().badge, message, arrived, reply)


def first_receiver(kernel: Kernel[B], endpoint: Endpoint, needed: u64) -> Task | None:
    """Take the first receiver that has room out of its queue. Those before it learn that they have none."""
    receiver = endpoint.receivers.pop()
    while receiver is not None and not receiver.capabilities.has_room(needed):
        release(kernel, receiver, Resume(u64(Status.RECEIVER_TABLE_FULL.value)))
        kernel.scheduler.make_ready(receiver)
        receiver = endpoint.receivers.pop()
    return receiver


def submit(kernel: Kernel[B], sender: Task, endpoint: Endpoint, through: CapSlot, offer: Offer) -> Task | None:
    """Give what a task offers to a receiver that waits, which is returned released; or queue the task without one."""
    sender.offer = offer
    sender.through = through
    receiver = first_receiver(kernel, endpoint, slots_needed(sender))
    if receiver is None:
        if offer is not Offer.EXIT:
            sender.state = TaskState.SENDING
        endpoint.senders.push(sender)
        return None
    release(kernel, receiver, take(kernel, sender, receiver.capabilities))
    if offer is Offer.MESSAGE or offer is Offer.EXIT:
        sender.forget_offer()
    return receiver


def collect(kernel: Kernel[B], endpoint: Endpoint, table: CapTable) -> Resume | Status | None:
    """What is there for a receiver: signals first, then the parked message, then the first sender that waits."""
    bound = endpoint.bound
    if bound is not None and bound.word != 0:
        return signal_receipt(bound.consume())
    if endpoint.holds_message():
        return collect_parked(kernel, endpoint, table)
    return collect_sent(kernel, endpoint, table)


def collect_sent(kernel: Kernel[B], endpoint: Endpoint, table: CapTable) -> Resume | Status | None:
    """What the first sender that waits has to say."""
    sender = endpoint.senders.head
    if sender is None:
        return None
    if not table.has_room(slots_needed(sender)):
        return Status.RECEIVER_TABLE_FULL
    endpoint.senders.remove(sender)
    found = take(kernel, sender, table)
    if sender.offer is Offer.MESSAGE:
        release(kernel, sender, Resume(u64(Status.OK.value)))
        kernel.scheduler.make_ready(sender)
    elif sender.offer is Offer.EXIT:
        sender.forget_offer()
    return found


def collect_parked(kernel: Kernel[B], endpoint: Endpoint, table: CapTable) -> Resume | Status:
    """The message that `send` left."""
    arrived = NULL_HANDLE
    if endpoint.parked.capability is not None:
        if table.is_full():
            return Status.RECEIVER_TABLE_FULL
        slot = table.allocate()
        move_capability(kernel, endpoint.parked, slot)
        arrived = pack_handle(slot.handle())
    found = receipt(endpoint.badge, endpoint.message, arrived, NULL_HANDLE)
    endpoint.empty()
    return found


def next_need(endpoint: Endpoint) -> u64:
    """How many slots the next thing to collect takes."""
    bound = endpoint.bound
    if bound is not None and bound.word != 0:
        return u64(0)
    if endpoint.holds_message():
        return u64(0) if endpoint.parked.capability is None else u64(1)
    sender = endpoint.senders.head
    return u64(0) if sender is None else slots_needed(sender)
