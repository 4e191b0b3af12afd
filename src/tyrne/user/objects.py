"""Making kernel objects at a quota's expense, and sharing quotas out.

What is made lives as long as a capability names it; then its claim returns to the quota. Revoking the quota's
capability destroys everything that was made with it.
"""

from __future__ import annotations

from tyrne.abi import CallNumber, CapKind, Status
from tyrne.lang import u64
from tyrne.lang.machine import Reply
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import EndpointCap, MemoryCap, NotificationCap, QuotaCap, SpaceCap, TaskCap


def create_endpoint(quota: QuotaCap) -> EndpointCap | Status:
    """An endpoint without messages."""
    reply = _create(quota, CapKind.ENDPOINT, u64(0))
    return EndpointCap(reply.x1) if is_ok(reply) else status_of(reply)


def create_notification(quota: QuotaCap) -> NotificationCap | Status:
    """A notification without signals."""
    reply = _create(quota, CapKind.NOTIFICATION, u64(0))
    return NotificationCap(reply.x1) if is_ok(reply) else status_of(reply)


def create_task(quota: QuotaCap) -> TaskCap | Status:
    """A task that does not run: it has no capabilities, no address space and nowhere to start."""
    reply = _create(quota, CapKind.TASK, u64(0))
    return TaskCap(reply.x1) if is_ok(reply) else status_of(reply)


def create_space(quota: QuotaCap) -> SpaceCap | Status:
    """An address space with nothing in it. The frames of its tables are paid by the same quota as they are needed."""
    reply = _create(quota, CapKind.ADDRESS_SPACE, u64(0))
    return SpaceCap(reply.x1) if is_ok(reply) else status_of(reply)


def create_memory(quota: QuotaCap, pages: u64) -> MemoryCap | Status:
    """A region of up to 512 pages, or of a multiple of 512, all zero."""
    reply = _create(quota, CapKind.MEMORY, pages)
    return MemoryCap(reply.x1) if is_ok(reply) else status_of(reply)


def create_quota(quota: QuotaCap) -> QuotaCap | Status:
    """A quota that allows nothing yet: `quota_move` fills it."""
    reply = _create(quota, CapKind.QUOTA, u64(0))
    return QuotaCap(reply.x1) if is_ok(reply) else status_of(reply)


def quota_move(source: QuotaCap, target: QuotaCap, kind: CapKind, amount: u64) -> Status:
    """Move the claim on so many objects of a kind from one quota to another."""
    return status_of(request(CallNumber.QUOTA_MOVE, source.word, target.word, u64(kind.value), amount))


def quota_move_frames(source: QuotaCap, target: QuotaCap, frames: u64) -> Status:
    """Move the claim on so many frames of 4096 bytes."""
    return status_of(request(CallNumber.QUOTA_MOVE, source.word, target.word, u64(0), frames))


def _create(quota: QuotaCap, kind: CapKind, pages: u64) -> Reply:
    return request(CallNumber.CREATE, quota.word, u64(kind.value), pages)
