"""Capability slots, and the derivation tree that links them.

One tree runs through all tables and through what is in flight between them: a slot's links are references, so a
capability that moves keeps its parent, its depth and its place among its siblings, and revocation finds it.
A reply capability is in no tree: it is found through its client, who waits by the capability that it called through.

Each object holds a slot too, its origin: the parent of all capabilities that name the object and were not derived
from another, and itself a child of the quota capability that paid for the object. When an origin has no children
left, nobody can name the object any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tyrne.abi import CapHandle, Rights, Status, includes
from tyrne.kernel.arena import LAST_GENERATION
from tyrne.kernel.capability import AddressSpaceHandle, Capability, EndpointHandle
from tyrne.kernel.config import MAX_DEPTH
from tyrne.lang import u8, u16, u32, u64

if TYPE_CHECKING:
    from tyrne.kernel.cap_table import CapTable


@dataclass(frozen=True)
class Placement:
    """Where the pages of a memory capability are mapped."""

    space: AddressSpaceHandle
    address: u64


class CapSlot:
    """Room for one capability: in a table, or (with `table` None) in an object.

    `index` is its place in its table; of a slot in a task, the place of that task in the arena.

    The children of a slot form a list: `first_child`, then `next_sibling`. Free slots of a table form another, by
    `next_sibling` alone.
    """

    def __init__(self) -> None:
        self.capability: Capability | None = None
        self.generation: u32 = u32(0)
        self.index: u16 = u16(0)
        self.depth: u8 = u8(0)
        self.is_origin: bool = False
        self.revoked: bool = False
        """Whether what is derived from it is being deleted: nothing may be added there."""
        self.armed: bool = False
        """Whether a deadline may have been set by its capability, or a line bound by it."""
        self.placement: Placement | None = None
        self.table: CapTable | None = None
        self.parent: CapSlot | None = None
        self.first_child: CapSlot | None = None
        self.next_sibling: CapSlot | None = None
        self.previous_sibling: CapSlot | None = None

    def handle(self) -> CapHandle:
        return CapHandle(self.index, self.generation)

    def held(self) -> Capability:
        """The capability of a slot that is occupied."""
        capability = self.capability
        assert capability is not None
        return capability

    def is_being_revoked(self) -> bool:
        """Whether its capability is being revoked, or one that it is derived from."""
        at: CapSlot | None = self
        while at is not None and not at.revoked:
            at = at.parent
        return at is not None

    def child_refused(self) -> Status | None:
        """Why nothing may be derived from its capability, if nothing may."""
        if self.depth >= MAX_DEPTH:
            return Status.DERIVATION_TOO_DEEP
        return Status.BEING_REVOKED if self.is_being_revoked() else None

    def fill(self, capability: Capability, parent: CapSlot | None, depth: u8) -> None:
        """Hold a capability as the first child of a parent, or without one as a root."""
        self.hold(capability, depth)
        named = capability.object
        if isinstance(named, EndpointHandle) and not self.is_origin and includes(capability.rights, Rights.RECV):
            named.at.receivable += 1
        if parent is not None:
            first = parent.first_child
            self.parent = parent
            self.next_sibling = first
            if first is not None:
                first.previous_sibling = self
            parent.first_child = self

    def hold(self, capability: Capability, depth: u8) -> None:
        """Hold a capability as a root."""
        self.capability = capability
        self.depth = depth

    def become_origin(self, capability: Capability, payer: CapSlot | None) -> None:
        """Stand for a new object, paid for by the holder of a quota capability; by nobody for what boot makes."""
        self.is_origin = True
        self.fill(capability, payer, u8(0) if payer is None else payer.depth + 1)

    def _unlink(self) -> None:
        before = self.previous_sibling
        after = self.next_sibling
        parent = self.parent
        if before is not None:
            before.next_sibling = after
        elif parent is not None:
            parent.first_child = after
        if after is not None:
            after.previous_sibling = before
        self.parent = None
        self.next_sibling = None
        self.previous_sibling = None

    def move_to(self, target: CapSlot) -> None:
        """Let an empty slot take this one's capability and its place in the tree. Nothing hangs on it."""
        assert self.first_child is None and target.capability is None
        assert self.placement is None
        after = self.next_sibling
        target.capability = self.capability
        target.depth = self.depth
        target.parent = self.parent
        target.previous_sibling = self
        target.next_sibling = after
        if after is not None:
            after.previous_sibling = target
        self.next_sibling = target
        self._unlink()
        self.recycle()

    def clear(self) -> None:
        """Drop the capability and leave the tree. This slot has no children."""
        assert self.first_child is None
        self.revoked = False
        self._unlink()
        self.recycle()

    def recycle(self) -> None:
        """Drop the capability of a slot that is in no tree. The slot is its table's to fill again, in its next
        generation; after the last it is retired."""
        self.capability = None
        table = self.table
        if table is None or self.generation == LAST_GENERATION:
            return
        self.generation += 1
        self.next_sibling = table.first_free
        table.first_free = self
