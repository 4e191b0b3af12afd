"""How capabilities go, and what goes with them.

A capability that goes takes what it upheld along: the mapping of memory, the wait of who waits by it or for its answer,
the binding of a notification, the life of a task in an address space.
When the last capability over an object goes, its origin does too, and the object comes onto the stack of what is to be
reaped. So does a task that ended, and an endpoint from which nobody can receive any more: with it goes all hope of
those who would send. What goes may hold other things, which come onto the stack in turn. All of this goes in steps, as
work.py says; nothing here calls itself, or looks at what does not go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapHandle, CapKind, Rights, Status, TaskState, includes
from tyrne.hal.board import B
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, EndpointHandle, NotificationHandle, ReplyHandle, life_of
from tyrne.kernel.ending import end_task, reap_later
from tyrne.kernel.life import Life
from tyrne.kernel.quota import FRAMES, Quota, pay_back
from tyrne.kernel.rendezvous import caller_at, end_wait, lay_down, report, withdraw
from tyrne.kernel.task import Offer, Task
from tyrne.kernel.work import Revocation
from tyrne.lang import irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def _delete_leaf(kernel: Kernel[B], slot: CapSlot) -> None:
    """Empty a slot without children, and undo what its capability upheld: of an origin, the life of its object."""
    held = slot.held()
    if slot.is_origin:
        life = life_of(held.object)
        assert life is not None
        reap_later(kernel, life)
        slot.is_origin = False
        slot.clear()
        return
    lay_down(kernel, slot)
    match held.object:
        case ReplyHandle():
            end_wait(kernel, caller_at(slot), Status.ABORTED)
            return
        case AddressSpaceHandle():
            evict(kernel, slot)
        case NotificationHandle():
            cancel_waits(kernel, slot)
        case EndpointHandle(endpoint):
            cancel_waits(kernel, slot)
            if includes(held.rights, Rights.RECV):
                endpoint.receivable -= 1
                if endpoint.receivable == 0:
                    reap_later(kernel, endpoint.life)
    slot.clear()


def owner_of(kernel: Kernel[B], slot: CapSlot) -> Task | None:
    """Who alone can wait by the capability in a slot, or live by it: the task that the slot belongs to.

    Of a slot in another object than a task nothing can be told by its owner.
    """
    table = slot.table
    return kernel.tasks.items[slot.index] if table is None else table.owner


def cancel_waits(kernel: Kernel[B], slot: CapSlot) -> None:
    """End the wait by a capability that goes."""
    task = owner_of(kernel, slot)
    if task is not None and task.through is slot:
        end_wait(kernel, task, Status.ABORTED)


def evict(kernel: Kernel[B], home: CapSlot) -> None:
    """A task whose capability to live in an address space goes has no context any more: its next instruction faults."""
    task = owner_of(kernel, home)
    if task is not None and task.home is home:
        task.context = None
        if task is kernel.scheduler.core.entered:
            kernel.activate(kernel.bootstrap_space())


def drop(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete a capability without children, and the origin of its object when it was the last."""
    parent = slot.parent
    _delete_leaf(kernel, slot)
    if parent is not None and parent.is_origin and parent.first_child is None:
        _delete_leaf(kernel, parent)


def delete_one(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete a capability that is derived from one and from which nothing is; without such, that one itself."""
    leaf = slot
    while leaf.first_child is not None:
        leaf = leaf.first_child
    drop(kernel, leaf)


def delete(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete the capability in a slot from which nothing can be derived, if it holds one."""
    if slot.capability is not None:
        drop(kernel, slot)


def end_life(kernel: Kernel[B], task: Task) -> None:
    """A life of a task is over, and another may begin: the answers that it owed and its polls for messages go.

    What the task holds is no part of a life, nor is what that upholds: mappings, bindings.
    """
    for i in irange(task.capabilities.touched):
        slot = task.capabilities.slots[i]
        capability = slot.capability
        named = None if capability is None else capability.object
        if isinstance(named, ReplyHandle):
            drop(kernel, slot)
        elif isinstance(named, EndpointHandle):
            withdraw(named, slot)


def cap_revoke(kernel: Kernel[B], table: CapTable, source: CapHandle) -> Status | None:
    """Delete every capability derived from the source, in all tables and in flight; the source stays."""
    slot = table.source(source, Rights.REVOKE, Rights.NONE)
    if isinstance(slot, Status):
        return slot
    if slot.first_child is not None:
        slot.revoked = True
        kernel.scheduler.owe(Revocation(slot))
    return None


def cap_drop(kernel: Kernel[B], table: CapTable, handle: CapHandle) -> Status | None:
    """Give a capability up. No right is needed for it, but nothing may be derived from it."""
    slot = table.leaf(handle)
    if isinstance(slot, Status):
        return slot
    drop(kernel, slot)
    return None


def reap_some(kernel: Kernel[B], life: Life) -> None:
    """One step for the top of the stack of what is to be reaped. What goes with it comes on top of it."""
    if _give_back(kernel, life):
        return
    kernel.ending.pop(life)
    if life.origin.capability is None:
        _destroy(kernel, life)


def _give_back(kernel: Kernel[B], life: Life) -> bool:
    """Do one step of what comes before an object is nobody's; false when there is none left.

    An ended task gives back what it held; an endpoint from which nobody can receive goes; a space frees its tables, a
    region its pages.
    """
    match life.kind:
        case CapKind.TASK:
            return _give_back_task(kernel, kernel.tasks.items[life.index])
        case CapKind.ENDPOINT:
            if life.origin.capability is None or kernel.endpoints.items[life.index].receivable != 0:
                return False
            life.origin.revoked = True
            delete_one(kernel, life.origin)
            return True
        case CapKind.ADDRESS_SPACE:
            space = kernel.spaces.items[life.index]
            if space.root == 0:
                return False
            if space.released == 0:
                assert kernel.scheduler.core.active is not space, "somebody lives there"
                kernel.board.invalidate_space(space.asid)
            pay_back(life.payer, FRAMES, space.release_some(kernel.board, kernel.frames))
            return True
        case CapKind.MEMORY:
            region = kernel.regions.items[life.index]
            if region.held == 0:
                return False
            pay_back(life.payer, FRAMES, region.give_some_back(kernel.frames))
            return True
    return False


def _give_back_task(kernel: Kernel[B], task: Task) -> bool:
    """A task that nobody can name any more ends, if it had not yet, with code 0 and without a notice.

    First those go on who wait for the ended task; then what it held goes, with what was derived from it. When all has
    gone, its supervisor is told of its exit.
    """
    if task.life.origin.capability is None and not task.has_ended():
        end_task(kernel, task, TaskState.EXITED, u64(0))
        kernel.board.trace_end(task.number, u64(0))
    if task.state is not TaskState.ENDING:
        return False
    if task.spent:
        task.spent = False
        end_life(kernel, task)
        for i in irange(task.capabilities.touched):
            slot = task.capabilities.slots[i]
            slot.revoked = slot.capability is not None
        return True
    for i in irange(task.capabilities.touched):
        slot = task.capabilities.slots[i]
        if slot.capability is not None:
            delete_one(kernel, slot)
            return True
    if task.home.capability is not None:
        drop(kernel, task.home)
        return True
    if task is kernel.scheduler.core.current or task.queue is not None:
        kernel.scheduler.withdraw(task)
    told = task.offer is Offer.EXIT and task.supervisor.capability is not None
    task.forget_offer()
    task.become(task.outcome)
    task.work = None
    if told:
        receiver = report(kernel, task, Offer.EXIT)
        if receiver is not None:
            kernel.scheduler.make_ready(receiver)
    return False


def _destroy(kernel: Kernel[B], life: Life) -> None:
    """End a life: what was the object's own goes, the claims return, and the place is free for another."""
    kind = life.kind
    assert kind is not None
    index = life.index
    match kind:
        case CapKind.TASK:
            delete(kernel, kernel.tasks.items[index].supervisor)  # and its notice, which waits by it
            kernel.tasks.free(index)
        case CapKind.ENDPOINT:
            endpoint = kernel.endpoints.items[index]
            assert endpoint.senders.head is None and endpoint.receivers.head is None, "a wait outlived its capability"
            assert endpoint.bound is None, "a binding outlived its capability"
            delete(kernel, endpoint.parked)  # what travels in a message that nobody has taken is lost with it
            endpoint.empty()
            kernel.endpoints.free(index)
        case CapKind.NOTIFICATION:
            notification = kernel.notifications.items[index]
            assert notification.waiters.head is None, "a wait outlived its capability"
            assert notification.bound is None, "a binding outlived its capability"
            notification.consume()
            kernel.notifications.free(index)
        case CapKind.ADDRESS_SPACE:
            kernel.spaces.free(index)
        case CapKind.MEMORY:
            pay_back(life.payer, FRAMES, kernel.regions.items[index].break_promise(kernel.frames))
            kernel.regions.free(index)
        case CapKind.QUOTA:  # always: nothing else is made
            _empty_quota(kernel, kernel.quotas.items[index])
            kernel.quotas.free(index)
    pay_back(life.payer, u64(kind.value), u64(1))


def _empty_quota(kernel: Kernel[B], quota: Quota) -> None:
    """What it has left returns to who paid for it, and so will what it has paid for: all of that is to be reaped."""
    payer = quota.life.payer
    for claim in irange(len(quota.claims)):
        pay_back(payer, claim, quota.claims[claim])
        quota.claims[claim] = u64(0)
    life = kernel.ending.top
    while life is not None:
        if life.payer is quota:
            life.payer = payer
        life = life.next
