"""How capabilities go, and what goes with them.

A capability that goes takes what it upheld along: the mapping of memory, the wait of who waits by it or for its answer,
the binding of a notification, the life of a task in an address space.
When the last capability over an object goes, its origin does too, and the object comes into the list of what is to be
reaped. So does a task that ended, and an endpoint from which nobody can receive any more: with it goes all hope of
those who would send. `reap` takes from the list at the end of the trap, until nothing is left: what goes may hold other
things, which come into the list in turn. Nothing here calls itself, or looks at what does not go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapHandle, CapKind, Rights, Status, TaskState, includes
from tyrne.hal.board import B
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.authority import caller_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, EndpointHandle, NotificationHandle, ReplyHandle, life_of
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.life import Life
from tyrne.kernel.lifecycle import end_task
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import FRAMES, Quota, pay_back
from tyrne.kernel.rendezvous import end_wait, lay_down, withdraw
from tyrne.kernel.task import Task
from tyrne.lang import cold, irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def _delete_leaf(kernel: Kernel[B], slot: CapSlot) -> None:
    """Empty a slot without children, and undo what its capability upheld: of an origin, the life of its object."""
    held = slot.held()
    if slot.is_origin:
        life = life_of(held.object)
        assert life is not None
        kernel.ending.push(life)
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
                    kernel.ending.push(endpoint.life)
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


def cancel_call(kernel: Kernel[B], slot: CapSlot) -> None:
    """End the wait for an answer to a call by a capability that goes when all that is derived from it has gone."""
    task = owner_of(kernel, slot)
    if task is not None and task.through is slot and task.reply is not None:
        end_wait(kernel, task, Status.ABORTED)


def evict(kernel: Kernel[B], home: CapSlot) -> None:
    """A task whose capability to live in an address space goes has no context any more: its next instruction faults."""
    task = owner_of(kernel, home)
    if task is None or task.home is not home:
        return
    task.context = None
    active = kernel.scheduler.core.active
    if task is kernel.scheduler.core.entered and active is not None:
        kernel.leave_space(active)


def drop(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete a capability without children, and the origin of its object when it was the last."""
    parent = slot.parent
    _delete_leaf(kernel, slot)
    if parent is not None and parent.is_origin and parent.first_child is None:
        _delete_leaf(kernel, parent)


def delete_descendants(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete everything derived from a capability, wherever it is: leaf by leaf, each slot once."""
    at = slot
    while True:
        child = at.first_child
        if child is not None:
            at = child
            if at.first_child is not None:
                cancel_call(kernel, at)
        elif at is slot:
            return
        else:
            parent = at.parent
            assert parent is not None
            _delete_leaf(kernel, at)
            at = parent


def delete(kernel: Kernel[B], slot: CapSlot) -> None:
    """Delete a capability, if the slot holds one, with everything derived from it."""
    if slot.capability is not None:
        delete_descendants(kernel, slot)
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
    delete_descendants(kernel, slot)
    return None


def cap_drop(kernel: Kernel[B], table: CapTable, handle: CapHandle) -> Status | None:
    """Give a capability up. No right is needed for it, but nothing may be derived from it."""
    slot = table.leaf(handle)
    if isinstance(slot, Status):
        return slot
    drop(kernel, slot)
    return None


@cold
def reap(kernel: Kernel[B]) -> None:
    """Reap what is in the list, in its order, until nothing is left."""
    life = kernel.ending.head
    while life is not None:
        _reap_one(kernel, life)
        kernel.ending.pop(life)
        life = kernel.ending.head


def _reap_one(kernel: Kernel[B], life: Life) -> None:
    """Give back what an ended task held; end an endpoint from which nobody can receive; destroy what nobody can name.

    The object stays in the list meanwhile, so that nothing puts it there again.
    """
    if life.kind is CapKind.TASK:
        _settle_task(kernel, kernel.tasks.items[life.index])
    elif life.kind is CapKind.ENDPOINT and kernel.endpoints.items[life.index].receivable == 0:
        delete(kernel, life.origin)
    if life.origin.capability is None:
        _destroy(kernel, life)


def _destroy(kernel: Kernel[B], life: Life) -> None:
    """End a life: what was the object's own goes, the claims return, and the place is free for another."""
    kind = life.kind
    assert kind is not None
    index = u64(life.index)
    frames = u64(0)
    match kind:
        case CapKind.TASK:
            _empty_task(kernel, kernel.tasks.items[index])
            kernel.tasks.free(kernel.tasks.id_at(index))
        case CapKind.ENDPOINT:
            _empty_endpoint(kernel, kernel.endpoints.items[index])
            kernel.endpoints.free(kernel.endpoints.id_at(index))
        case CapKind.NOTIFICATION:
            _empty_notification(kernel.notifications.items[index])
            kernel.notifications.free(kernel.notifications.id_at(index))
        case CapKind.ADDRESS_SPACE:
            frames = _empty_space(kernel, kernel.spaces.items[index])
            kernel.spaces.free(kernel.spaces.id_at(index))
        case CapKind.MEMORY:
            frames = kernel.regions.items[index].free_frames(kernel.frames)
            kernel.regions.free(kernel.regions.id_at(index))
        case CapKind.QUOTA:  # always: nothing else is made
            _empty_quota(kernel.quotas.items[index])
            kernel.quotas.free(kernel.quotas.id_at(index))
    pay_back(life.payer, FRAMES, frames)
    pay_back(life.payer, u64(kind.value), u64(1))


def _settle_task(kernel: Kernel[B], task: Task) -> None:
    """A task that nobody can name any more ends, if it had not yet, with code 0 and without a notice.

    What an ended task held is deleted, with what was derived from it. Its supervisor is kept, for its notice.
    """
    if task.life.origin.capability is None and not task.has_ended():
        end_task(kernel, task, TaskState.EXITED, u64(0))
        kernel.board.trace_end(task.number, u64(0))
    if task.spent:
        task.spent = False
        task.context = None
        for i in irange(task.capabilities.touched):
            delete(kernel, task.capabilities.slots[i])
        delete(kernel, task.home)


def _empty_task(kernel: Kernel[B], task: Task) -> None:
    """Its notice waits by its supervisor, and goes with it."""
    delete(kernel, task.supervisor)


def _empty_endpoint(kernel: Kernel[B], endpoint: Endpoint) -> None:
    """A parked message is lost, with what travels in it."""
    assert endpoint.senders.head is None and endpoint.receivers.head is None, "a wait outlived its capability"
    delete(kernel, endpoint.parked)
    endpoint.empty()
    assert endpoint.bound is None, "a binding outlived its capability"


def _empty_notification(notification: Notification) -> None:
    """Bits that nobody has taken are lost."""
    assert notification.waiters.head is None, "a wait outlived its capability"
    assert notification.bound is None, "a binding outlived its capability"
    notification.consume()


def _empty_space(kernel: Kernel[B], space: AddressSpace) -> u64:
    """Its tables and the pages that are its own go; how many they were. The TLB forgets it first."""
    kernel.leave_space(space)
    kernel.board.invalidate_space(space.asid)
    return space.release(kernel.board, kernel.frames)


def _empty_quota(quota: Quota) -> None:
    """What was made at its expense returns its claims to whoever paid for it, and so does what it has left."""
    for claim in irange(len(quota.claims)):
        pay_back(quota.life.payer, claim, quota.claims[claim])
        quota.claims[claim] = u64(0)
