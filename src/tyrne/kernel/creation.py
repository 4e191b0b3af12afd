"""Making kernel objects at a quota's expense.

Each new object has an origin, a child of the quota capability that paid. So revoking that capability destroys all that
was made by it. The object's `payer` is the quota itself, to which the claims return when the object goes.

`make_object` takes the claims. The functions that it calls take a place in an arena, and frames; each gives the origin
of what it has made, or says why there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind, Rights, Status, TaskState, rights_over
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.hal.pages import PAGE_SIZE
from tyrne.kernel.authority import authorise, quota_at, quota_of
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    Capability,
    EndpointHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    TaskHandle,
)
from tyrne.kernel.config import MAX_DEPTH, MAX_PAGES, PRIORITIES
from tyrne.kernel.effects import Effect, SyscallContext, done, handed, refuse
from tyrne.kernel.memory import Region
from tyrne.kernel.quota import CLAIMS, FRAMES, Quota
from tyrne.lang import u8, u32, u64, wrapping_add

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def creatable(word: u64) -> CapKind | None:
    """The kind of object that a word names, if it can be made."""
    match word:
        case 2: return CapKind.ENDPOINT
        case 3: return CapKind.NOTIFICATION
        case 4: return CapKind.TASK
        case 5: return CapKind.ADDRESS_SPACE
        case 6: return CapKind.MEMORY
        case 7: return CapKind.QUOTA
    return None


def make_object(kernel: Kernel[B], payer: CapSlot, quota: Quota, kind: CapKind, pages: u64) -> CapSlot | Status:
    """A new object at the expense of the quota that a slot names: its origin, or why there is none.

    A space takes its root table when it is made, a region all its pages.
    """
    frames = u64(1) if kind is CapKind.ADDRESS_SPACE else pages if kind is CapKind.MEMORY else u64(0)
    if not quota.covers(kind, frames):
        return Status.QUOTA_EXCEEDED
    made: CapSlot | Status = Status.BAD_ARGUMENT
    match kind:
        case CapKind.ENDPOINT:
            made = make_endpoint(kernel, payer, quota)
        case CapKind.NOTIFICATION:
            made = make_notification(kernel, payer, quota)
        case CapKind.TASK:
            made = make_task(kernel, payer, quota)
        case CapKind.ADDRESS_SPACE:
            made = make_space(kernel, payer, quota)
        case CapKind.MEMORY:
            made = make_memory(kernel, payer, quota, pages)
        case CapKind.QUOTA:
            made = make_quota(kernel, payer, quota)
    if isinstance(made, CapSlot):
        quota.take(u64(kind.value), u64(1))
        quota.take(FRAMES, frames)
    return made


def make_endpoint(kernel: Kernel[B], payer: CapSlot, quota: Quota) -> CapSlot | Status:
    slot = kernel.endpoints.allocate()
    if slot is None:
        return Status.QUOTA_EXCEEDED
    endpoint = kernel.endpoints.items[slot.index]
    endpoint.payer = quota
    named = EndpointHandle(endpoint, endpoint.life.count)
    endpoint.origin.become_origin(Capability(rights_over(CapKind.ENDPOINT), named), payer)
    return endpoint.origin


def make_notification(kernel: Kernel[B], payer: CapSlot, quota: Quota) -> CapSlot | Status:
    slot = kernel.notifications.allocate()
    if slot is None:
        return Status.QUOTA_EXCEEDED
    notification = kernel.notifications.items[slot.index]
    notification.payer = quota
    named = NotificationHandle(notification, notification.life.count)
    notification.origin.become_origin(Capability(rights_over(CapKind.NOTIFICATION), named), payer)
    return notification.origin


def make_task(kernel: Kernel[B], payer: CapSlot, quota: Quota) -> CapSlot | Status:
    """A task as it has never been before: no name, no registers, the least urgent priority."""
    slot = kernel.tasks.allocate()
    if slot is None:
        return Status.QUOTA_EXCEEDED
    task = kernel.tasks.items[slot.index]
    task.number = kernel.lives
    kernel.lives = wrapping_add(kernel.lives, u32(1))
    task.name[0] = u8(0)
    task.state = TaskState.INACTIVE
    task.priority = u64(PRIORITIES - 1)
    task.used = u64(0)
    task.reach = u64(0)
    task.exit_code = u64(0)
    task.fault = None
    task.clear_registers()
    task.capabilities.owner = task
    task.home.index = slot.index
    task.supervisor.index = slot.index
    task.payer = quota
    named = TaskHandle(task, task.life.count)
    task.origin.become_origin(Capability(rights_over(CapKind.TASK), named), payer)
    return task.origin


def make_space(kernel: Kernel[B], payer: CapSlot, quota: Quota) -> CapSlot | Status:
    if kernel.spaces.is_full():
        return Status.QUOTA_EXCEEDED
    root = kernel.frames.allocate(kernel.board)
    slot = None if root is None else kernel.spaces.allocate()
    if root is None or slot is None:
        return Status.OUT_OF_FRAMES
    kernel.board.table_zeroed()
    space = kernel.spaces.items[slot.index]
    space.begin(root)
    space.payer = quota
    named = AddressSpaceHandle(space, space.life.count)
    space.origin.become_origin(Capability(rights_over(CapKind.ADDRESS_SPACE), named), payer)
    return space.origin


def make_memory(kernel: Kernel[B], payer: CapSlot, quota: Quota, pages: u64) -> CapSlot | Status:
    if kernel.regions.is_full():
        return Status.QUOTA_EXCEEDED
    start = kernel.frames.allocate_run(kernel.board, pages)
    if start is None:
        return Status.OUT_OF_FRAMES
    region = begin_region(kernel, payer, quota, start, pages)
    return region.origin


def begin_region(kernel: Kernel[B], payer: CapSlot, quota: Quota, start: u64, pages: u64) -> Region:
    """A region over physical pages; the caller has made sure that there is room and that they are nobody else's."""
    slot = kernel.regions.allocate()
    assert slot is not None and start + pages * PAGE_SIZE <= kernel.board.page_format.physical_limit
    region = kernel.regions.items[slot.index]
    region.start = start
    region.pages = pages
    region.device = not kernel.frames.extent.contains(start)
    region.payer = quota
    named = MemoryHandle(region, region.life.count, u32(0), u32(pages))
    region.origin.become_origin(Capability(rights_over(CapKind.MEMORY), named), payer)
    return region


def make_quota(kernel: Kernel[B], payer: CapSlot, quota: Quota) -> CapSlot | Status:
    slot = kernel.quotas.allocate()
    if slot is None:
        return Status.QUOTA_EXCEEDED
    made = kernel.quotas.items[slot.index]
    made.payer = quota
    made.origin.become_origin(Capability(rights_over(CapKind.QUOTA), QuotaHandle(made, made.life.count)), payer)
    return made.origin


def create(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 quota, a1 kind, a2 pages for memory -> r1 handle, with all rights over the new object."""
    payer = authorise(caller.table, call.a0, CapKind.QUOTA, Rights.CREATE)
    if isinstance(payer, Status):
        return refuse(payer)
    kind = creatable(call.a1)
    if kind is None or (kind is CapKind.MEMORY and not 1 <= call.a2 <= MAX_PAGES):
        return refuse(Status.BAD_ARGUMENT)
    if payer.depth >= MAX_DEPTH:
        return refuse(Status.DERIVATION_TOO_DEEP)
    if caller.table.is_full():
        return refuse(Status.CAPS_EXHAUSTED)
    origin = make_object(kernel, payer, quota_at(kernel, payer), kind, call.a2)
    if isinstance(origin, Status):
        return refuse(origin)
    return handed(caller.table.insert(origin.held(), origin))


def quota_move(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source, a1 target, a2 kind or 0 for frames, a3 amount."""
    source = quota_of(kernel, caller.table, call.a0)
    if isinstance(source, Status):
        return refuse(source)
    target = quota_of(kernel, caller.table, call.a1)
    if isinstance(target, Status):
        return refuse(target)
    if call.a2 >= CLAIMS:
        return refuse(Status.BAD_ARGUMENT)
    if source.claims[call.a2] < call.a3:
        return refuse(Status.QUOTA_EXCEEDED)
    source.take(call.a2, call.a3)
    target.claims[call.a2] += call.a3
    return done()
