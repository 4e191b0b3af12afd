"""From a handle word to the object that it names, for a holder of a right over it.

`…_of` checks a word, and says why not. `…_at` follows a slot that was checked before: its object lives, because no
capability outlives its object.
"""

from __future__ import annotations

from tyrne.abi import CapKind, Rights, Status, includes, unpack_handle
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import AddressSpaceHandle, EndpointHandle, NotificationHandle, TaskHandle, kind_of
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.notification import Notification
from tyrne.kernel.task import Task
from tyrne.lang import hot, inline, u64


@inline
def authorise_here(table: CapTable, word: u64, kind: CapKind, right: Rights) -> CapSlot | Status:
    """The slot that a word names: occupied, of the kind, and with the right, in this order."""
    slot = table.resolve(unpack_handle(word))
    if slot is None:
        return Status.INVALID_HANDLE
    capability = slot.held()
    if kind_of(capability.object) is not kind:
        return Status.WRONG_KIND
    return slot if includes(capability.rights, right) else Status.INSUFFICIENT_RIGHTS


@hot
def authorise(table: CapTable, word: u64, kind: CapKind, right: Rights) -> CapSlot | Status:
    """The same, where a call more does not matter."""
    return authorise_here(table, word, kind, right)


def message_status(refusal: Status) -> Status:
    """The same refusal as calls about messages name it."""
    match refusal:
        case Status.INVALID_HANDLE: return Status.STALE_HANDLE
        case Status.WRONG_KIND: return Status.WRONG_OBJECT_KIND
        case Status.INSUFFICIENT_RIGHTS: return Status.MISSING_RIGHT
    return refusal


def endpoint_at(slot: CapSlot) -> Endpoint:
    """The endpoint that a slot's capability names."""
    named = slot.held().object
    assert isinstance(named, EndpointHandle) and named.at.life.lasts(named.life)
    return named.at


def notification_at(slot: CapSlot) -> Notification:
    named = slot.held().object
    assert isinstance(named, NotificationHandle) and named.at.life.lasts(named.life)
    return named.at


@hot
def notification_of(table: CapTable, word: u64, right: Rights) -> Notification | Status:
    slot = authorise_here(table, word, CapKind.NOTIFICATION, right)
    return message_status(slot) if isinstance(slot, Status) else notification_at(slot)


@hot
def task_of(table: CapTable, word: u64, right: Rights) -> Task | Status:
    slot = authorise(table, word, CapKind.TASK, right)
    if isinstance(slot, Status):
        return slot
    named = slot.held().object
    assert isinstance(named, TaskHandle) and named.at.life.lasts(named.life)
    return named.at


def space_at(slot: CapSlot) -> AddressSpace:
    named = slot.held().object
    assert isinstance(named, AddressSpaceHandle) and named.at.life.lasts(named.life)
    return named.at


def living_space(named: AddressSpaceHandle) -> AddressSpace | None:
    """The space that was named when something was mapped or bound there, if it still lives."""
    return named.at if named.at.life.lasts(named.life) else None


@inline
def live_space(task: Task) -> AddressSpace | None:
    """The address space of a task that has a context, if the space lives."""
    context = task.context
    return None if context is None else living_space(context.space)
