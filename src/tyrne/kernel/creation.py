"""Making kernel objects at a quota's expense.

Each new object has an origin, a child of the quota capability that paid. So revoking that capability destroys all that
was made by it. Its life's `payer` is the quota itself, to which the claims return when the object goes.

`make_object` takes the claims and lets the object begin to live. What is particular to a kind is in `new_…`: each takes
a place in an arena, and frames, and names the object there, or says why there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapKind, Rights, Status, rights_over
from tyrne.hal.board import B
from tyrne.hal.frame import Call
from tyrne.hal.pages import BLOCK_PAGES
from tyrne.kernel.authority import authorise
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.capability import (
    AddressSpaceHandle,
    Capability,
    CapObject,
    EndpointHandle,
    MemoryHandle,
    NotificationHandle,
    QuotaHandle,
    TaskHandle,
    kind_of,
    life_of,
)
from tyrne.kernel.config import MAX_PIECES, PRIORITIES
from tyrne.kernel.effects import Effect, SyscallContext, done, handed, refuse
from tyrne.kernel.memory import can_be_made
from tyrne.kernel.quota import CLAIMS, FRAMES, Quota
from tyrne.lang import u8, u32, u64, wrapping_add

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def quota_at(slot: CapSlot) -> Quota:
    named = slot.held().object
    assert isinstance(named, QuotaHandle) and named.at.life.lasts(named.life)
    return named.at


def quota_of(table: CapTable, word: u64) -> Quota | Status:
    """A quota, for a holder who may spend it."""
    slot = authorise(table, word, CapKind.QUOTA, Rights.CREATE)
    return slot if isinstance(slot, Status) else quota_at(slot)


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

    A space takes its root table when it is made; a region all its pages, or the promise of them.
    """
    frames = u64(1) if kind is CapKind.ADDRESS_SPACE else pages if kind is CapKind.MEMORY else u64(0)
    if quota.claims[u64(kind.value)] < 1 or quota.claims[FRAMES] < frames:
        return Status.QUOTA_EXCEEDED
    named: CapObject | Status = Status.BAD_ARGUMENT
    match kind:
        case CapKind.ENDPOINT: named = new_endpoint(kernel)
        case CapKind.NOTIFICATION: named = new_notification(kernel)
        case CapKind.TASK: named = new_task(kernel)
        case CapKind.ADDRESS_SPACE: named = new_space(kernel)
        case CapKind.MEMORY: named = new_memory(kernel, pages)
        case CapKind.QUOTA: named = new_quota(kernel)
    if isinstance(named, Status):
        return named
    quota.take(u64(kind.value), u64(1))
    quota.take(FRAMES, frames)
    return begin_life(named, payer, quota)


def begin_life(named: CapObject, payer: CapSlot | None, quota: Quota | None) -> CapSlot:
    """An object that has its place begins to live; who paid for it, nobody for the quota of boot. Its origin."""
    life = life_of(named)
    assert life is not None
    kind = kind_of(named)
    life.kind = kind
    life.payer = quota
    life.origin.become_origin(Capability(rights_over(kind), named), payer)
    return life.origin


def new_endpoint(kernel: Kernel[B]) -> EndpointHandle | Status:
    endpoint = kernel.endpoints.allocate()
    return Status.QUOTA_EXCEEDED if endpoint is None else EndpointHandle(endpoint, endpoint.life.count)


def new_notification(kernel: Kernel[B]) -> NotificationHandle | Status:
    notification = kernel.notifications.allocate()
    return Status.QUOTA_EXCEEDED if notification is None else NotificationHandle(notification, notification.life.count)


def new_task(kernel: Kernel[B]) -> TaskHandle | Status:
    """A task as it has never been before: no name, no registers, the least urgent priority."""
    task = kernel.tasks.allocate()
    if task is None:
        return Status.QUOTA_EXCEEDED
    task.number = kernel.lives
    kernel.lives = wrapping_add(kernel.lives, u32(1))
    task.name[0] = u8(0)
    task.set_priority(u64(PRIORITIES - 1))
    task.used = u64(0)
    task.reach = u64(0)
    task.serves = False
    task.renew()
    task.capabilities.owner = task
    task.home.index = task.life.index
    task.supervisor.index = task.life.index
    return TaskHandle(task, task.life.count)


def new_space(kernel: Kernel[B]) -> AddressSpaceHandle | Status:
    if kernel.spaces.is_full():
        return Status.QUOTA_EXCEEDED
    root = kernel.frames.allocate(kernel.board)
    space = None if root is None else kernel.spaces.allocate()
    if root is None or space is None:
        return Status.OUT_OF_FRAMES
    kernel.board.table_zeroed()
    space.begin(root)
    return AddressSpaceHandle(space, space.life.count)


def new_memory(kernel: Kernel[B], pages: u64) -> MemoryHandle | Status:
    if kernel.regions.is_full():
        return Status.QUOTA_EXCEEDED
    frames = kernel.frames
    if frames.available() < pages or (pages > MAX_PIECES and not frames.has_blocks(pages // BLOCK_PAGES)):
        return Status.OUT_OF_FRAMES
    region = new_region(kernel, pages)
    region.at.take_room(frames)
    return region


def new_region(kernel: Kernel[B], pages: u64) -> MemoryHandle:
    """A region that lies nowhere yet; there is a place for it."""
    region = kernel.regions.allocate()
    assert region is not None
    region.begin(pages)
    return MemoryHandle(region, region.life.count, u32(0), u32(pages))


def new_quota(kernel: Kernel[B]) -> QuotaHandle | Status:
    quota = kernel.quotas.allocate()
    return Status.QUOTA_EXCEEDED if quota is None else QuotaHandle(quota, quota.life.count)


def create(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 quota, a1 kind, a2 pages for memory -> r1 handle, with all rights over the new object."""
    payer = authorise(caller.table, call.a0, CapKind.QUOTA, Rights.CREATE)
    if isinstance(payer, Status):
        return refuse(payer)
    kind = creatable(call.a1)
    if kind is None or (kind is CapKind.MEMORY and not can_be_made(call.a2)):
        return refuse(Status.BAD_ARGUMENT)
    refused = payer.child_refused()
    if refused is not None:
        return refuse(refused)
    if caller.table.is_full():
        return refuse(Status.CAPS_EXHAUSTED)
    origin = make_object(kernel, payer, quota_at(payer), kind, call.a2)
    if isinstance(origin, Status):
        return refuse(origin)
    return handed(caller.table.insert(origin.held(), origin))


def quota_move(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source, a1 target, a2 kind or 0 for frames, a3 amount."""
    source = quota_of(caller.table, call.a0)
    if isinstance(source, Status):
        return refuse(source)
    target = quota_of(caller.table, call.a1)
    if isinstance(target, Status):
        return refuse(target)
    if call.a2 >= CLAIMS:
        return refuse(Status.BAD_ARGUMENT)
    if source.claims[call.a2] < call.a3:
        return refuse(Status.QUOTA_EXCEEDED)
    source.take(call.a2, call.a3)
    target.claims[call.a2] += call.a3
    return done()
