"""The system calls about a task's own capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import NULL_HANDLE, SIGNAL_BADGE, CapKind, Rights, Status, includes, rights_from_word, unpack_handle
from tyrne.hal.board import B
from tyrne.hal.frame import Answer, Call
from tyrne.kernel.authority import task_of
from tyrne.kernel.capability import MemoryHandle, kind_of
from tyrne.kernel.deletion import cap_drop, cap_revoke
from tyrne.kernel.effects import Effect, Return, SyscallContext, done, handed, outcome, refuse
from tyrne.kernel.mapping import is_placed
from tyrne.kernel.rendezvous import move_into
from tyrne.lang import u64

if TYPE_CHECKING:
    from tyrne.kernel.kernel import Kernel


def copy(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source, a1 rights -> r1 handle."""
    return handed(caller.table.cap_copy(unpack_handle(call.a0), rights_from_word(call.a1)))


def derive(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source, a1 rights, a2 badge -> r1 handle. A badge once set is never changed."""
    slot = caller.table.resolve(unpack_handle(call.a0))
    if slot is None:
        return refuse(Status.INVALID_HANDLE)
    held = slot.held()
    badge = held.badge
    if call.a2 != 0:
        if kind_of(held.object) is not CapKind.ENDPOINT or badge != 0 or call.a2 == SIGNAL_BADGE:
            return refuse(Status.BAD_ARGUMENT)
        badge = call.a2
    return handed(caller.table.cap_derive(unpack_handle(call.a0), rights_from_word(call.a1), held.object, badge))


def revoke(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 source."""
    return outcome(cap_revoke(kernel, caller.table, unpack_handle(call.a0)))


def drop(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 handle."""
    return outcome(cap_drop(kernel, caller.table, unpack_handle(call.a0)))


def move(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 handle, a1 task, or null for the caller's own table -> r1 handle in the table that holds it now."""
    slot = caller.table.leaf(unpack_handle(call.a0))
    if isinstance(slot, Status):
        return refuse(slot)
    table = caller.table
    if call.a1 != NULL_HANDLE:
        if Rights.TRANSFER not in slot.held().rights:
            return refuse(Status.INSUFFICIENT_RIGHTS)
        task = task_of(caller.table, call.a1, Rights.CONFIGURE)
        if isinstance(task, Status):
            return refuse(task)
        if task.has_ended():
            return refuse(Status.BAD_STATE)
        table = task.capabilities
    if table.is_full():
        return refuse(Status.CAPS_EXHAUSTED)
    return done(move_into(kernel, slot, table))


def query(kernel: Kernel[B], caller: SyscallContext, call: Call) -> Effect:
    """a0 handle -> r1 kind, r2 rights, r3 badge, r4 depth; of memory r5 pages, r6 where they are mapped, or 0, and r7
    where they lie, for who may know it, else 0."""
    slot = caller.table.resolve(unpack_handle(call.a0))
    if slot is None:
        return refuse(Status.INVALID_HANDLE)
    held = slot.held()
    named = held.object
    placement = slot.placement
    pages = u64(0)
    place = u64(0)
    if isinstance(named, MemoryHandle):
        pages = u64(named.pages)
        if includes(held.rights, Rights.LOCATE):
            place = named.at.address(u64(named.first))
    address = placement.address if placement is not None and is_placed(slot) else u64(0)
    kind = u64(kind_of(named).value)
    rights, depth = u64(held.rights), u64(slot.depth)
    return Return(Answer(u64(Status.OK.value), kind, rights, held.badge, depth, pages, address, place))
