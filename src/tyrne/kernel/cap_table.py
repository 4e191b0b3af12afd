"""Capability tables: a task's whole authority. Every operation checks first and changes nothing when it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tyrne.abi import CapHandle, Rights, Status, includes
from tyrne.kernel.cap_slot import CapSlot
from tyrne.kernel.capability import Capability, CapObject
from tyrne.kernel.config import TABLE_SLOTS
from tyrne.lang import Array, u8, u16, u64

if TYPE_CHECKING:
    from tyrne.kernel.task import Task


class CapTable:
    """Slots for capabilities, named by index and generation. The slot freed last is the first to be used again."""

    def __init__(self, capacity: int = TABLE_SLOTS) -> None:
        self.owner: Task | None = None
        """Whose authority it is; nobody's for the kernel's own."""
        self.first_free: CapSlot | None = None
        self.touched: u16 = u16(0)
        """Slots from here on have never been used."""
        self.slots: Array[CapSlot] = Array.of(capacity, lambda _: CapSlot())

    def seal(self) -> None:
        """Leave no room, for ever: an empty table stays empty."""
        self.touched = u16(len(self.slots))

    def has_room(self, count: u64) -> bool:
        """Whether so many more capabilities find a slot."""
        room = u64(len(self.slots)) - u64(self.touched)
        slot = self.first_free
        while room < count and slot is not None:
            room += 1
            slot = slot.next_sibling
        return room >= count

    def is_full(self) -> bool:
        return self.first_free is None and self.touched == len(self.slots)

    def allocate(self) -> CapSlot:
        """Take a slot from the free ones, to be filled at once; the caller has checked that there is one."""
        slot = self.first_free
        if slot is not None:
            self.first_free = slot.next_sibling
            slot.next_sibling = None
            return slot
        fresh = self.slots[self.touched]
        fresh.index = self.touched
        fresh.table = self
        self.touched += 1
        return fresh

    def resolve(self, handle: CapHandle) -> CapSlot | None:
        """The occupied slot that a handle names; None when the handle is out of range or stale."""
        if handle.index >= len(self.slots):
            return None
        slot = self.slots[handle.index]
        if slot.generation != handle.generation or slot.capability is None:
            return None
        return slot

    def lookup(self, handle: CapHandle) -> Capability | None:
        """The capability that a handle names."""
        slot = self.resolve(handle)
        return None if slot is None else slot.capability

    def insert(self, capability: Capability, parent: CapSlot | None) -> CapHandle | Status:
        """Hold a capability as a child of an object's origin, or as a root. Only what makes objects may call this."""
        return self._put(capability, parent, u8(0) if parent is None else parent.depth)

    def _put(self, capability: Capability, parent: CapSlot | None, depth: u8) -> CapHandle | Status:
        """The handle of a slot that was free, or why there is none."""
        if self.is_full():
            return Status.CAPS_EXHAUSTED
        slot = self.allocate()
        slot.fill(capability, parent, depth)
        return slot.handle()

    def source(self, source: CapHandle, needed: Rights, granted: Rights) -> CapSlot | Status:
        """The slot of a capability whose holder has the needed right over it and grants no more than it has."""
        slot = self.resolve(source)
        if slot is None:
            return Status.INVALID_HANDLE
        rights = slot.held().rights
        if not includes(rights, needed):
            return Status.INSUFFICIENT_RIGHTS
        if not includes(rights, granted):
            return Status.WIDENED_RIGHTS
        return slot

    def cap_copy(self, source: CapHandle, rights: Rights) -> CapHandle | Status:
        """A peer of the source: same object, same parent, same depth, at most the same rights."""
        slot = self.source(source, Rights.DUPLICATE, rights)
        if isinstance(slot, Status):
            return slot
        if slot.is_being_revoked():
            return Status.BEING_REVOKED
        held = slot.held()
        return self._put(Capability(rights, held.object, held.badge), slot.parent, slot.depth)

    def check_derive(self, source: CapHandle, rights: Rights) -> CapSlot | Status:
        """The slot of a source from which a child with these rights may be derived; there is room for it."""
        slot = self.source(source, Rights.DERIVE, rights)
        if isinstance(slot, Status):
            return slot
        refused = slot.child_refused()
        if refused is not None:
            return refused
        return Status.CAPS_EXHAUSTED if self.is_full() else slot

    def cap_derive(self, source: CapHandle, rights: Rights, named: CapObject, badge: u64) -> CapHandle | Status:
        """A child of the source, gone when the source is revoked. It names the same object, or some pages of it."""
        slot = self.check_derive(source, rights)
        if isinstance(slot, Status):
            return slot
        return self._put(Capability(rights, named, badge), slot, slot.depth + 1)

    def leaf(self, handle: CapHandle) -> CapSlot | Status:
        """The slot of a capability from which nothing is derived: one that may be dropped or moved."""
        slot = self.resolve(handle)
        if slot is None:
            return Status.INVALID_HANDLE
        if slot.first_child is not None:
            return Status.HAS_CHILDREN
        return slot
