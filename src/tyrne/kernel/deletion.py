"""How capabilities go, and what goes with them.

A capability that goes takes what it upheld along: the mapping of memory, the wait of who waits by it or for its answer,
the binding of a notification, the life of a task in an address space.
When the last capability over an object goes, its origin does too; the object is then destroyed by `reap`, at the end of
the trap. `reap` also gives back what ended tasks held. It loops until nothing is left, because what is given back may
hold other things; nothing here calls itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapHandle, CapKind, Rights, Status, TaskState, includes
from tyrne.hal.board import B
from tyrne.kernel.authority import caller_at
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, EndpointHandle, NotificationHandle, ReplyHandle
from tyrne.kernel.lifecycle import end_task
from tyrne.kernel.quota import FRAMES, pay_back
from tyrne.kernel.rendezvous import end_wait, lay_down, withdraw
from tyrne.kernel.task import Task
from tyrne.lang import cold, hot, irange, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def _delete_leaf(kernel: Kernel[B], slot: CapSlot) -> None:
    """Empty a slot without children, and undo what its capability upheld."""
    lay_down(kernel, slot)
    match slot.held().object:
        case AddressSpaceHandle() if not slot.is_origin:
            evict(kernel, slot)
        case ReplyHandle():
            end_wait(kernel, caller_at(kernel, slot), Status.ABORTED)
            return
        case NotificationHandle() if not slot.is_origin:
            cancel_waits(kernel, slot)
        case EndpointHandle(endpoint) if not slot.is_origin:
            cancel_waits(kernel, slot)
            if includes(slot.held().rights, Rights.RECV):
                endpoint.receiver_gone = True
                kernel.remains = True
    if slot.is_origin:
        slot.is_origin = False
        kernel.remains = True
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
    while slot.first_child is not None:
        child = at.first_child
        if child is not None:
            at = child
            if at.first_child is not None:
                cancel_call(kernel, at)
            continue
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
            withdraw(kernel, named, slot)


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
    """Give back what ended tasks held, and destroy the objects that nobody can name any more."""
    while kernel.remains:
        kernel.remains = False
        for i in irange(kernel.tasks.touched):
            if kernel.tasks.items[i].spent:
                _give_back(kernel, kernel.tasks.items[i])
        _reap_tasks(kernel)
        _reap_endpoints(kernel)
        _reap_notifications(kernel)
        _reap_spaces(kernel)
        _reap_regions(kernel)
        _reap_quotas(kernel)


@hot
def _give_back(kernel: Kernel[B], task: Task) -> None:
    """Delete all that an ended task held, with what was derived from it. Its supervisor is kept, for its notice."""
    task.spent = False
    task.context = None
    for i in irange(task.capabilities.touched):
        delete(kernel, task.capabilities.slots[i])
    delete(kernel, task.home)


def _reap_tasks(kernel: Kernel[B]) -> None:
    """A task that nobody can name any more ends, if it had not yet, with code 0 and without a notice."""
    for i in irange(kernel.tasks.touched):
        task = kernel.tasks.items[i]
        if not kernel.tasks.occupied[i] or task.origin.capability is not None:
            continue
        if not task.has_ended():
            end_task(kernel, task, TaskState.EXITED, u64(0))
            kernel.board.trace_end(task.number, u64(0))
        if task.spent:
            _give_back(kernel, task)
        if task.queue is not None:
            end_wait(kernel, task, Status.ABORTED)
        delete(kernel, task.supervisor)
        pay_back(task.payer, u64(CapKind.TASK.value), u64(1))
        kernel.tasks.free(kernel.tasks.id_at(i))


def _may_be_received(origin: CapSlot) -> bool:
    """Whether some capability over an endpoint has the right to receive: a walk of all that come from its origin."""
    at = origin
    while True:
        below = at.first_child
        while below is None:
            if at is origin:
                return False
            below = at.next_sibling
            if below is None:
                parent = at.parent
                assert parent is not None
                at = parent
        at = below
        held = at.held()
        if isinstance(held.object, EndpointHandle) and includes(held.rights, Rights.RECV):
            return True


def _reap_endpoints(kernel: Kernel[B]) -> None:
    """An endpoint from which nobody can receive any more goes as well, and with it all hope of those who would send."""
    for i in irange(kernel.endpoints.touched):
        endpoint = kernel.endpoints.items[i]
        if not kernel.endpoints.occupied[i]:
            continue
        if endpoint.receiver_gone and not _may_be_received(endpoint.origin):
            delete(kernel, endpoint.origin)
        endpoint.receiver_gone = False
        if endpoint.origin.capability is not None:
            continue
        assert endpoint.senders.head is None and endpoint.receivers.head is None, "a wait outlived its capability"
        delete(kernel, endpoint.parked)
        endpoint.empty()
        assert endpoint.bound is None, "a binding outlived its capability"
        pay_back(endpoint.payer, u64(CapKind.ENDPOINT.value), u64(1))
        kernel.endpoints.free(kernel.endpoints.id_at(i))


def _reap_notifications(kernel: Kernel[B]) -> None:
    """Bits that nobody has taken are lost."""
    for i in irange(kernel.notifications.touched):
        notification = kernel.notifications.items[i]
        if not kernel.notifications.occupied[i] or notification.origin.capability is not None:
            continue
        assert notification.waiters.head is None, "a wait outlived its capability"
        notification.consume()
        notification.unbind()
        pay_back(notification.payer, u64(CapKind.NOTIFICATION.value), u64(1))
        kernel.notifications.free(kernel.notifications.id_at(i))


def _reap_spaces(kernel: Kernel[B]) -> None:
    """A space goes with its tables and the pages that are its own. The TLB forgets it first."""
    for i in irange(kernel.spaces.touched):
        space = kernel.spaces.items[i]
        if not kernel.spaces.occupied[i] or space.origin.capability is not None:
            continue
        kernel.leave_space(space)
        kernel.board.invalidate_space(space.asid)
        pay_back(space.payer, FRAMES, space.release(kernel.board, kernel.frames))
        pay_back(space.payer, u64(CapKind.ADDRESS_SPACE.value), u64(1))
        kernel.spaces.free(kernel.spaces.id_at(i))


def _reap_regions(kernel: Kernel[B]) -> None:
    """The mappings of a region went with the capabilities that they were made by; now its frames do."""
    for i in irange(kernel.regions.touched):
        region = kernel.regions.items[i]
        if not kernel.regions.occupied[i] or region.origin.capability is not None:
            continue
        pay_back(region.payer, FRAMES, region.free_frames(kernel.frames))
        pay_back(region.payer, u64(CapKind.MEMORY.value), u64(1))
        kernel.regions.free(kernel.regions.id_at(i))


def _reap_quotas(kernel: Kernel[B]) -> None:
    """What was made at a quota's expense is gone before it; its claims go to the quota that it came from."""
    for i in irange(kernel.quotas.touched):
        quota = kernel.quotas.items[i]
        if not kernel.quotas.occupied[i] or quota.origin.capability is not None:
            continue
        for claim in irange(len(quota.claims)):
            pay_back(quota.payer, claim, quota.claims[claim])
            quota.claims[claim] = u64(0)
        pay_back(quota.payer, u64(CapKind.QUOTA.value), u64(1))
        kernel.quotas.free(kernel.quotas.id_at(i))
