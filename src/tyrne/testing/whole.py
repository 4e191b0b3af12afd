"""Long work in one go, for kernels in which no task runs."""

from __future__ import annotations

from typing import Any

from tyrne.abi import CapHandle, Status
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.cap_table import CapTable
from tyrne.kernel.deletion import cap_revoke, delete_one, reap_some
from tyrne.kernel.kernel import Kernel


def reap_all(kernel: Kernel[Any]) -> None:
    """Reap until nothing is left to be reaped. No task has that to do any more."""
    while (life := kernel.ending.top) is not None:
        reap_some(kernel, life)
    for task in kernel.tasks.items:
        task.work = None


def destroy(kernel: Kernel[Any], origin: CapSlot) -> None:
    """Delete every capability over an object, and the object."""
    while origin.capability is not None:
        delete_one(kernel, origin)
    reap_all(kernel)


def revoke_whole(kernel: Kernel[Any], table: CapTable, source: CapHandle) -> Status | None:
    """Delete all that is derived from a capability, and what goes with it; or why not."""
    refused = cap_revoke(kernel, table, source)
    slot = table.resolve(source)
    if refused is None and slot is not None:
        while slot.first_child is not None:
            delete_one(kernel, slot)
        slot.revoked = False
        reap_all(kernel)
    return refused
