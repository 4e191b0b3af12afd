"""The fast path: calls without surprises, each in one go.

Each function here looks at everything first, in the order of the general path, and changes nothing while it looks. What
is not as it must be makes it return None, and the general path does the call, or refuses it. What it does comes to the
same, to the last field, as what the handlers in messages.py and signals.py do: tests compare the two from every state
that is explored. So nothing here queues the caller behind a receiver, ends anything, or gives back what was left over.

Between two traps the current task is the most urgent that is ready, so one that goes on needs no look at the queues.
A task that goes on in the place of the caller has the rest of its turn, as `Scheduler.switch` says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tyrne.abi import NULL_HANDLE, CallNumber, Notice, Rights, Status, TaskState, includes, pack_handle, unpack_handle
from tyrne.abi.calls import is_call_number
from tyrne.hal.board import B
from tyrne.hal.frame import Answer, Call
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, EndpointHandle, NotificationHandle, ReplyHandle
from tyrne.kernel.effects import receipt, signal_receipt
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.rendezvous import release
from tyrne.kernel.task import Fault, Offer, Task
from tyrne.lang import apart, hot, inline, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

CALL: Final = u64(CallNumber.CALL.value)
REPLY_WAIT: Final = u64(CallNumber.REPLY_WAIT.value)
TASK_YIELD: Final = u64(CallNumber.TASK_YIELD.value)
NOTIFY: Final = u64(CallNumber.NOTIFY.value)
POLL: Final = u64(CallNumber.POLL.value)


@inline
def fast_call(kernel: Kernel[B]) -> Task | None:
    """The current task has made a system call: who runs next, if one of the first tier does it; else None."""
    task = kernel.scheduler.core.current
    assert task is not None
    number = task.frame.number()
    if number == CALL:
        return call_waiting(kernel, task, task.frame.call())
    if number == REPLY_WAIT:
        return reply_and_wait(kernel, task, task.frame.call())
    if not is_call_number(number):
        return go_on(kernel, task, Status.BAD_SYSCALL_NUMBER, u64(0))
    return None


@apart
@hot
def fast_call_2(kernel: Kernel[B]) -> Task | None:
    """As `fast_call`, of the second tier. It is apart, so that what it keeps in registers costs the first nothing."""
    task = kernel.scheduler.core.current
    assert task is not None
    table = live_table(kernel, task)
    if table is None:
        return None
    call = task.frame.call()
    if call.number == CALL:
        if table.resolve(unpack_handle(call.a0)) is None:
            return go_on(kernel, task, Status.STALE_HANDLE, u64(0))
        return None if call.a5 == NULL_HANDLE else call_with_gift(kernel, task, table, call)
    if call.number == TASK_YIELD:
        return yield_turn(kernel, task)
    if call.number == NOTIFY:
        return notify_waiter(kernel, task, table, call)
    if call.number == POLL:
        return poll_notification(kernel, task, table, call)
    return None


@inline
def live_space(kernel: Kernel[B], task: Task) -> AddressSpace | None:
    """The address space of a task that has a context, if the space lives."""
    context = task.context
    return None if context is None else kernel.spaces.get(context.space.slot)


@inline
def live_table(kernel: Kernel[B], task: Task) -> CapTable | None:
    """The gate of the fast path: the table of a task that has a context whose address space lives."""
    context = task.context
    if context is None or kernel.spaces.get(context.space.slot) is None:
        return None
    return context.table


@inline
def go_on(kernel: Kernel[B], task: Task, status: Status, r1: u64) -> Task:
    """Complete the current task's call; it goes on."""
    call = task.frame.call()
    task.frame.answer(Answer(u64(status.value), r1))
    kernel.board.trace_call(task.number, call, task.frame)
    return task


@inline
def runs_at_once(kernel: Kernel[B], task: Task) -> bool:
    """Whether a task that the current one releases, and then waits, has the rest of its turn."""
    core = kernel.scheduler.core
    return core.most_urgent() >= task.priority and task.priority < core.reach


@inline
def enter(kernel: Kernel[B], task: Task, following: Task, space: AddressSpace) -> Task:
    """The current task waits; let the CPU hold another one, with its turn."""
    core = kernel.scheduler.core
    following.state = TaskState.READY
    core.current = following
    kernel.board.switch_thread(task.thread, following.thread)
    kernel.board.activate(space.root, space.asid)
    core.active = space
    core.entered = following
    return following


@inline
def endpoint_for(kernel: Kernel[B], through: CapSlot, right: Rights) -> Endpoint | None:
    """The endpoint that a capability with a right over it names."""
    held = through.held()
    named = held.object
    if not isinstance(named, EndpointHandle) or not includes(held.rights, right):
        return None
    return kernel.endpoints.get(named.slot)


@inline
def call_waiting(kernel: Kernel[B], task: Task, call: Call) -> Task | None:
    """`call` without a capability, to a receiver that waits and has a free slot."""
    table = live_table(kernel, task)
    if table is None:
        return None
    through = table.resolve(unpack_handle(call.a0))
    if through is None or call.a5 != NULL_HANDLE:
        return None
    endpoint = endpoint_for(kernel, through, Rights.SEND)
    if endpoint is None:
        return None
    receiver = endpoint.receivers.head
    if receiver is None:
        return None
    slot = receiver.capabilities.first_free
    space = live_space(kernel, receiver)
    if slot is None or space is None or not runs_at_once(kernel, receiver):
        return None
    # Nothing is refused any more.
    endpoint.receivers.pop()
    receiver.capabilities.first_free = slot.next_sibling
    slot.next_sibling = None
    message = Message(call.a1, call.a2, call.a3, call.a4)
    ask(kernel, task, through, Offer.CALL, receiver, slot, message, NULL_HANDLE)
    return enter(kernel, task, receiver, space)


@inline
def ask(
    kernel: Kernel[B],
    task: Task,
    through: CapSlot,
    offer: Offer,
    receiver: Task,
    slot: CapSlot,
    message: Message,
    arrived: u64,
) -> None:
    """Release a receiver with a message that wants an answer, and the capability to give it in a slot of its table."""
    slot.hold(Capability(Rights.TRANSFER, ReplyHandle(kernel.tasks.id_at(u64(task.slot)))), through.depth + 1)
    task.offer = offer
    task.through = through
    task.reply = slot
    task.state = TaskState.CALLING
    release(kernel, receiver, receipt(through.held().badge, message, arrived, pack_handle(slot.handle())))


@inline
def reply_and_wait(kernel: Kernel[B], task: Task, call: Call) -> Task | None:
    """`reply_wait` when nothing is there to be received. Also to a task that waits for a repair."""
    table = live_table(kernel, task)
    if table is None:
        return None
    slot = table.resolve(unpack_handle(call.a0))
    through = table.resolve(unpack_handle(call.a5))
    if slot is None or through is None:
        return None
    answered = slot.held().object
    if not isinstance(answered, ReplyHandle) or slot.generation == LAST_GENERATION:
        return None
    endpoint = endpoint_for(kernel, through, Rights.RECV)
    client = kernel.tasks.get(answered.slot)
    if endpoint is None or client is None:
        return None
    bound = endpoint.bound
    if bound is not None and bound.word != 0:
        return None
    if endpoint.state is not EndpointState.IDLE or endpoint.senders.head is not None:
        return None
    space = live_space(kernel, client)
    if space is None or not runs_at_once(kernel, client):
        return None
    # Nothing is refused any more.
    slot.recycle()
    task.through = through
    task.state = TaskState.RECEIVING
    endpoint.receivers.push(task)
    if client.awaits_repair():
        client.fault = None
        client.forget_offer()
    else:
        message = Message(call.a1, call.a2, call.a3, call.a4)
        release(kernel, client, receipt(u64(0), message, NULL_HANDLE, NULL_HANDLE))
    return enter(kernel, task, client, space)


@inline
def movable(table: CapTable, through: CapSlot, word: u64) -> CapSlot | None:
    """The slot of a capability that may travel in a message, and takes nothing but itself along."""
    slot = table.resolve(unpack_handle(word))
    if slot is None or slot is through or slot.first_child is not None:
        return None
    if slot.binding is not None or slot.placement is not None:
        return None
    held = slot.held()
    if isinstance(held.object, ReplyHandle):
        return None
    if isinstance(held.object, EndpointHandle):
        return None
    return slot if includes(held.rights, Rights.TRANSFER) else None


@inline
def call_with_gift(kernel: Kernel[B], task: Task, table: CapTable, call: Call) -> Task | None:
    """`call` with a capability, to a receiver that waits and has two free slots."""
    through = table.resolve(unpack_handle(call.a0))
    if through is None:
        return None
    gift = movable(table, through, call.a5)
    endpoint = endpoint_for(kernel, through, Rights.SEND)
    if gift is None or endpoint is None:
        return None
    receiver = endpoint.receivers.head
    if receiver is None:
        return None
    taken = receiver.capabilities.first_free
    slot = None if taken is None else taken.next_sibling
    space = live_space(kernel, receiver)
    if taken is None or slot is None or space is None or not runs_at_once(kernel, receiver):
        return None
    # Nothing is refused any more.
    endpoint.receivers.pop()
    receiver.capabilities.first_free = slot.next_sibling
    taken.next_sibling = None
    slot.next_sibling = None
    gift.move_to(taken)
    message = Message(call.a1, call.a2, call.a3, call.a4)
    ask(kernel, task, through, Offer.CALL, receiver, slot, message, pack_handle(taken.handle()))
    return enter(kernel, task, receiver, space)


@inline
def yield_turn(kernel: Kernel[B], task: Task) -> Task | None:
    """`task_yield`; the caller's context lives."""
    go_on(kernel, task, Status.OK, u64(0))
    kernel.scheduler.rotate(task)
    return kernel.leave()


@inline
def poll_notification(kernel: Kernel[B], task: Task, table: CapTable, call: Call) -> Task | None:
    """`poll`."""
    slot = table.resolve(unpack_handle(call.a0))
    held = None if slot is None else slot.held()
    named = None if held is None else held.object
    if held is None or not isinstance(named, NotificationHandle) or not includes(held.rights, Rights.WAIT):
        return None
    notification = kernel.notifications.get(named.slot)
    return None if notification is None else go_on(kernel, task, Status.OK, notification.consume())


@inline
def notify_waiter(kernel: Kernel[B], task: Task, table: CapTable, call: Call) -> Task | None:
    """`notify` of a notification that somebody waits for, or that is bound to nothing."""
    slot = table.resolve(unpack_handle(call.a0))
    held = None if slot is None else slot.held()
    named = None if held is None else held.object
    if held is None or not isinstance(named, NotificationHandle) or not includes(held.rights, Rights.NOTIFY):
        return None
    notification = kernel.notifications.get(named.slot)
    if notification is None:
        return None
    waiter = notification.waiters.head
    if waiter is None and notification.bound is not None:
        return None
    # Nothing is refused any more.
    notification.set(call.a1)
    if waiter is None or notification.word == 0:
        return go_on(kernel, task, Status.OK, u64(0))
    notification.waiters.pop()
    release(kernel, waiter, signal_receipt(notification.consume()))
    kernel.scheduler.make_ready(waiter)
    go_on(kernel, task, Status.OK, u64(0))
    kernel.scheduler.preempt()
    return kernel.leave()


@apart
@hot
def fast_fault(kernel: Kernel[B], task: Task, what: u64, address: u64) -> Task | None:
    """A fault of a task whose supervisor waits and has a free slot."""
    through = task.supervisor
    if through.capability is None:
        return None
    endpoint = endpoint_for(kernel, through, Rights.NONE)
    receiver = None if endpoint is None else endpoint.receivers.head
    if endpoint is None or receiver is None:
        return None
    slot = receiver.capabilities.first_free
    space = live_space(kernel, receiver)
    if slot is None or space is None or not runs_at_once(kernel, receiver):
        return None
    # Nothing is refused any more.
    pc = task.frame.pc
    task.fault = Fault(what, address, pc)
    endpoint.receivers.pop()
    receiver.capabilities.first_free = slot.next_sibling
    slot.next_sibling = None
    message = Message(u64(Notice.FAULTED.value), what, address, pc)
    ask(kernel, task, through, Offer.FAULT, receiver, slot, message, NULL_HANDLE)
    return enter(kernel, task, receiver, space)
