"""From a handle word to the object that it names, for a holder of a right over it.

`…_of` checks a word, and says why not. `…_at` follows a slot that was checked before: its object is there, because no
capability outlives its object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind, Rights, Status, includes, unpack_handle
from tyrne.hal.board import B
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    EndpointHandle,
    NotificationHandle,
    QuotaHandle,
    ReplyHandle,
    TaskHandle,
    kind_of,
)
from tyrne.kernel.endpoint import Endpoint
from tyrne.kernel.notification import Notification
from tyrne.kernel.quota import Quota
from tyrne.kernel.task import Task
from tyrne.lang import hot, u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


@hot
def authorise(table: CapTable, word: u64, kind: CapKind, right: Rights) -> CapSlot | Status:
    """The slot that a word names: occupied, of the kind, and with the right, in this order."""
    slot = table.resolve(unpack_handle(word))
    if slot is None:
        return Status.INVALID_HANDLE
    capability = slot.held()
    if kind_of(capability.object) is not kind:
        return Status.WRONG_KIND
    return slot if includes(capability.rights, right) else Status.INSUFFICIENT_RIGHTS


def message_status(refusal: Status) -> Status:
    """The same refusal as calls about messages name it."""
    match refusal:
        case Status.INVALID_HANDLE: return Status.STALE_HANDLE
        case Status.WRONG_KIND: return Status.WRONG_OBJECT_KIND
        case Status.INSUFFICIENT_RIGHTS: return Status.MISSING_RIGHT
    return refusal


def endpoint_at(kernel: Kernel[B], slot: CapSlot) -> Endpoint:
    """The endpoint that a slot's capability names."""
    named = slot.held().object
    endpoint = kernel.endpoints.get(named.slot) if isinstance(named, EndpointHandle) else None
    assert endpoint is not None
    return endpoint


@hot
def endpoint_of(kernel: Kernel[B], table: CapTable, word: u64, right: Rights) -> Endpoint | Status:
    slot = authorise(table, word, CapKind.ENDPOINT, right)
    return message_status(slot) if isinstance(slot, Status) else endpoint_at(kernel, slot)


def notification_at(kernel: Kernel[B], slot: CapSlot) -> Notification:
    named = slot.held().object
    notification = kernel.notifications.get(named.slot) if isinstance(named, NotificationHandle) else None
    assert notification is not None
    return notification


@hot
def notification_of(kernel: Kernel[B], table: CapTable, word: u64, right: Rights) -> Notification | Status:
    slot = authorise(table, word, CapKind.NOTIFICATION, right)
    return message_status(slot) if isinstance(slot, Status) else notification_at(kernel, slot)


def caller_at(kernel: Kernel[B], slot: CapSlot) -> Task:
    """Who waits for the answer that a reply capability gives."""
    named = slot.held().object
    task = kernel.tasks.get(named.slot) if isinstance(named, ReplyHandle) else None
    assert task is not None
    return task


@hot
def task_of(kernel: Kernel[B], table: CapTable, word: u64, right: Rights) -> Task | Status:
    slot = authorise(table, word, CapKind.TASK, right)
    if isinstance(slot, Status):
        return slot
    named = slot.held().object
    task = kernel.tasks.get(named.slot) if isinstance(named, TaskHandle) else None
    assert task is not None
    return task


def space_at(kernel: Kernel[B], slot: CapSlot) -> AddressSpace:
    named = slot.held().object
    space = kernel.spaces.get(named.slot) if isinstance(named, AddressSpaceHandle) else None
    assert space is not None
    return space


def quota_at(kernel: Kernel[B], slot: CapSlot) -> Quota:
    named = slot.held().object
    quota = kernel.quotas.get(named.slot) if isinstance(named, QuotaHandle) else None
    assert quota is not None
    return quota


@hot
def quota_of(kernel: Kernel[B], table: CapTable, word: u64) -> Quota | Status:
    """A quota, for a holder who may spend it."""
    slot = authorise(table, word, CapKind.QUOTA, Rights.CREATE)
    return slot if isinstance(slot, Status) else quota_at(kernel, slot)
