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
from tyrne.kernel.authority import live_space, notification_of
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import Capability, EndpointHandle, ReplyHandle
from tyrne.kernel.deadline import NOT_AT_ONCE
from tyrne.kernel.effects import receipt
from tyrne.kernel.endpoint import Endpoint, EndpointState, Message
from tyrne.kernel.rendezvous import complete, move_capability
from tyrne.kernel.signals import signal
from tyrne.kernel.task import Fault, Offer, Task
from tyrne.lang import apart, hot, inline, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel

CALL: Final = u64(CallNumber.CALL.value)
REPLY_WAIT: Final = u64(CallNumber.REPLY_WAIT.value)


@inline
def fast_call(kernel: Kernel[B], task: Task) -> Task | None:
    """The current task has made a system call: who runs next, if the first tier does it; else None."""
    number = task.frame.number()
    if number == CALL:
        return call_waiting(kernel, task, task.frame.call())
    if number == REPLY_WAIT:
        return reply_and_wait(kernel, task, task.frame.call())
    return None if is_call_number(number) else go_on(kernel, task, Status.BAD_SYSCALL_NUMBER, u64(0))


@apart
@hot
def fast_call_2(kernel: Kernel[B], task: Task) -> Task | None:
    """As `fast_call`, of the second tier. It is apart, so that what it keeps in registers costs the first nothing.

    None also when the call has been made, and nobody is left to run: then no task is the current one.
    """
    table = live_table(task)
    if table is None:
        return None
    call = task.frame.call()
    if call.number == CALL:
        return call_with_gift(kernel, task, table, call)
    if call.number == CallNumber.TASK_YIELD.value:
        go_on(kernel, task, Status.OK, u64(0))
        if kernel.scheduler.core.ready[task.priority].head is None:
            return task
        kernel.scheduler.give_way(task)
        return kernel.leave()
    if call.number == CallNumber.NOTIFY.value:
        notified = notification_of(table, call.a0, Rights.NOTIFY)
        if isinstance(notified, Status):
            return None
        signal(kernel, notified, call.a1)
        go_on(kernel, task, Status.OK, u64(0))
        kernel.scheduler.preempt()
        return kernel.leave()
    if call.number == CallNumber.POLL.value:
        polled = notification_of(table, call.a0, Rights.WAIT)
        return None if isinstance(polled, Status) else go_on(kernel, task, Status.OK, polled.consume())
    return None


@apart
@hot
def fast_fault(kernel: Kernel[B], task: Task, what: u64, address: u64) -> Task | None:
    """A fault of a task whose supervisor waits, who runs next; None, and nothing changed, of any other."""
    through = task.supervisor
    if through.capability is None:
        return None
    fault = Fault(what, address, task.frame.pc)
    message = Message(u64(Notice.FAULTED.value), what, address, fault.pc)
    supervisor = hand_over(kernel, task, through, Rights.NONE, Offer.FAULT, message, None)
    if supervisor is not None:
        task.fault = fault
    return supervisor


@inline
def live_table(task: Task) -> CapTable | None:
    """The gate of the fast path: the table of a task that has a context whose address space lives."""
    context = task.context
    return None if context is None or live_space(task) is None else context.table


@inline
def endpoint_for(through: CapSlot, right: Rights) -> Endpoint | None:
    """The endpoint that a capability with a right over it names."""
    held = through.held()
    named = held.object
    if not isinstance(named, EndpointHandle) or not includes(held.rights, right):
        return None
    return named.at if named.at.life.lasts(named.life) else None


@inline
def runs_at_once(kernel: Kernel[B], task: Task) -> bool:
    """Whether a task that the current one releases, and then waits, has the rest of its turn."""
    core = kernel.scheduler.core
    return core.most_urgent() >= task.urgency and task.urgency < core.reach


@inline
def go_on(kernel: Kernel[B], task: Task, status: Status, r1: u64) -> Task:
    """Complete the current task's call; it goes on."""
    call = task.frame.call()
    task.frame.answer(Answer(u64(status.value), r1))
    kernel.board.trace_call(task.number, call, task.frame)
    return task


@inline
def enter(kernel: Kernel[B], task: Task, following: Task, space: AddressSpace) -> Task:
    """The current task waits; let the CPU hold another one, with its turn."""
    core = kernel.scheduler.core
    following.become(TaskState.READY)
    core.current = following
    kernel.board.switch_thread(task.thread, following.thread)
    kernel.activate(space)
    core.entered = following
    return following


@inline
def call_waiting(kernel: Kernel[B], task: Task, call: Call) -> Task | None:
    """`call` without a capability, to a receiver that waits."""
    table = live_table(task)
    through = None if table is None else table.resolve(unpack_handle(call.a0))
    if through is None or call.a5 != NULL_HANDLE or task.urgency == NOT_AT_ONCE:
        return None
    message = Message(call.a1, call.a2, call.a3, call.a4)
    return hand_over(kernel, task, through, Rights.SEND, Offer.CALL, message, None)


@inline
def call_with_gift(kernel: Kernel[B], task: Task, table: CapTable, call: Call) -> Task | None:
    """`call` with a capability, to a receiver that waits; or by a handle that names nothing."""
    through = table.resolve(unpack_handle(call.a0))
    if through is None:
        return go_on(kernel, task, Status.STALE_HANDLE, u64(0))
    gift = table.leaf(unpack_handle(call.a5))
    if isinstance(gift, Status) or gift is through or not includes(gift.held().rights, Rights.TRANSFER):
        return None
    if task.urgency == NOT_AT_ONCE:
        return None
    message = Message(call.a1, call.a2, call.a3, call.a4)
    return hand_over(kernel, task, through, Rights.SEND, Offer.CALL, message, gift)


@inline
def hand_over(
    kernel: Kernel[B], task: Task, through: CapSlot, right: Rights, offer: Offer, message: Message, gift: CapSlot | None
) -> Task | None:
    """Give a message that wants an answer to the first receiver, if it has room and runs at once."""
    endpoint = endpoint_for(through, right)
    receiver = None if endpoint is None else endpoint.receivers.head
    if endpoint is None or receiver is None:
        return None
    taken = receiver.capabilities.first_free
    slot = taken if gift is None or taken is None else taken.next_sibling
    space = live_space(receiver)
    if taken is None or slot is None or space is None or not runs_at_once(kernel, receiver):
        return None
    # Nothing is refused any more.
    endpoint.receivers.pop()
    receiver.capabilities.first_free = slot.next_sibling
    slot.next_sibling = None
    arrived = NULL_HANDLE
    if gift is not None:
        move_capability(kernel, gift, taken)
        arrived = pack_handle(taken.handle())
    slot.hold(Capability(Rights.TRANSFER, ReplyHandle(task, task.life.count)), through.depth + 1)
    task.offer = offer
    task.through = through
    task.reply = slot
    task.become(TaskState.CALLING)
    complete(kernel, receiver, receipt(through.held().badge, message, arrived, pack_handle(slot.handle())))
    return enter(kernel, task, receiver, space)


@inline
def reply_and_wait(kernel: Kernel[B], task: Task, call: Call) -> Task | None:
    """`reply_wait` when nothing is there to be received. Also to a task that waits for a repair."""
    table = live_table(task)
    slot = None if table is None else table.resolve(unpack_handle(call.a0))
    through = None if table is None else table.resolve(unpack_handle(call.a5))
    if slot is None or through is None or task.urgency == NOT_AT_ONCE:
        return None
    answered = slot.held().object
    if not isinstance(answered, ReplyHandle) or slot.generation == LAST_GENERATION:
        return None
    endpoint = endpoint_for(through, Rights.RECV)
    client = answered.at
    if endpoint is None or not client.life.lasts(answered.life):
        return None
    bound = endpoint.bound
    if bound is not None and bound.word != 0:
        return None
    if endpoint.state is not EndpointState.IDLE or endpoint.senders.head is not None:
        return None
    space = live_space(client)
    if space is None or not runs_at_once(kernel, client):
        return None
    # Nothing is refused any more.
    slot.recycle()
    task.through = through
    task.become(TaskState.RECEIVING)
    endpoint.receivers.push(task)
    if client.awaits_repair():
        client.fault = None
        client.forget_offer()
    else:
        message = Message(call.a1, call.a2, call.a3, call.a4)
        complete(kernel, client, receipt(u64(0), message, NULL_HANDLE, NULL_HANDLE))
    return enter(kernel, task, client, space)
