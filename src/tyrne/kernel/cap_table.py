"""Capability tables: a task's whole authority. Every operation checks first and changes nothing when it refuses."""

from __future__ import annotations

from typing import Final

from tyrne.kernel.abi import CapError, CapHandle, Rights, includes
from tyrne.kernel.cap_slot import MAX_DEPTH, CapSlot
from tyrne.kernel.capability import Capability, CapObject, kind_of
from tyrne.lang import Array, u8, u16

TABLE_SLOTS: Final = 64


class CapTable:
    """Slots for capabilities, named by index and generation. The slot freed last is the first to be used again."""

    def __init__(self, capacity: int = TABLE_SLOTS) -> None:
        self.slots: Array[CapSlot] = Array.of(capacity, lambda _: CapSlot())
        self.first_free: CapSlot | None = None
        self.touched: u16 = u16(0)
        """Slots from here on have never been used."""

    def seal(self) -> None:
        """Leave no room, for ever: an empty table stays empty."""
        self.touched = u16(len(self.slots))

    def is_full(self) -> bool:
        return self.first_free is None and self.touched == len(self.slots)

    def _allocate(self) -> CapSlot:
        """Take a slot from the free ones; the caller has checked that there is one."""
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

    def depth_of(self, handle: CapHandle) -> u8 | CapError:
        slot = self.resolve(handle)
        return CapError.INVALID_HANDLE if slot is None else slot.depth

    def references_object(self, named: CapObject) -> bool:
        """Whether any capability here names the object."""
        for slot in self.slots:
            capability = slot.capability
            if capability is not None and capability.object == named:
                return True
        return False

    def insert_root(self, capability: Capability) -> CapHandle | CapError:
        """Hold a capability that was derived from none. Only boot and object creation may make one."""
        if self.is_full():
            return CapError.CAPS_EXHAUSTED
        slot = self._allocate()
        slot.fill(capability, None, u8(0))
        return slot.handle()

    def _source(self, source: CapHandle, needed: Rights, granted: Rights) -> CapSlot | CapError:
        """The slot of a capability whose holder has the needed right over it and grants no more than it has."""
        slot = self.resolve(source)
        if slot is None:
            return CapError.INVALID_HANDLE
        rights = slot.held().rights
        if not includes(rights, needed):
            return CapError.INSUFFICIENT_RIGHTS
        if not includes(rights, granted):
            return CapError.WIDENED_RIGHTS
        return slot

    def cap_copy(self, source: CapHandle, rights: Rights) -> CapHandle | CapError:
        """A peer of the source: same object, same parent, same depth, at most the same rights."""
        slot = self._source(source, Rights.DUPLICATE, rights)
        if isinstance(slot, CapError):
            return slot
        if self.is_full():
            return CapError.CAPS_EXHAUSTED
        peer = self._allocate()
        peer.fill(Capability(rights, slot.held().object), slot.parent, slot.depth)
        return peer.handle()

    def check_derive(self, source: CapHandle, rights: Rights) -> CapError | None:
        """Why a child of the source could not be made with these rights, room in the table aside."""
        slot = self._source(source, Rights.DERIVE, rights)
        if isinstance(slot, CapError):
            return slot
        if slot.depth >= MAX_DEPTH:
            return CapError.DERIVATION_TOO_DEEP
        return None

    def cap_derive(self, source: CapHandle, rights: Rights) -> CapHandle | CapError:
        """A child of the source: the same object, at most the same rights, gone when the source is revoked."""
        capability = self.lookup(source)
        if capability is None:
            return CapError.INVALID_HANDLE
        return self.derive_object(source, rights, capability.object)

    def derive_object(self, source: CapHandle, rights: Rights, made: CapObject) -> CapHandle | CapError:
        """A child of the source for an object that the kernel has just made by the source's authority.

        The object must be of the source's kind: authority over one kind never turns into another.
        """
        slot = self.resolve(source)
        if slot is None:
            return CapError.INVALID_HANDLE
        capability = slot.held()
        if kind_of(capability.object) is not kind_of(made):
            return CapError.WRONG_KIND
        refusal = self.check_derive(source, rights)
        if refusal is not None:
            return refusal
        if self.is_full():
            return CapError.CAPS_EXHAUSTED
        child = self._allocate()
        child.fill(Capability(rights, made), slot, slot.depth + 1)
        return child.handle()

    def cap_revoke(self, source: CapHandle) -> CapError | None:
        """Drop every capability derived from the source, in all tables and in flight; the source stays."""
        slot = self._source(source, Rights.REVOKE, Rights.NONE)
        if isinstance(slot, CapError):
            return slot
        slot.clear_descendants()
        return None

    def _check_leaf(self, handle: CapHandle) -> CapSlot | CapError:
        slot = self.resolve(handle)
        if slot is None:
            return CapError.INVALID_HANDLE
        if slot.first_child is not None:
            return CapError.HAS_CHILDREN
        return slot

    def cap_drop(self, handle: CapHandle) -> CapError | None:
        """Give a capability up. No right is needed for it, but nothing may be derived from it."""
        slot = self._check_leaf(handle)
        if isinstance(slot, CapError):
            return slot
        slot.clear()
        return None

    def cap_take(self, handle: CapHandle, parked: CapSlot) -> CapError | None:
        """Move a capability out of this table into an empty slot, keeping its place in the derivation tree."""
        slot = self._check_leaf(handle)
        if isinstance(slot, CapError):
            return slot
        slot.move_to(parked)
        return None

    def cap_put(self, parked: CapSlot) -> CapHandle | CapError:
        """Move a parked capability into this table, keeping its place in the derivation tree."""
        if self.is_full():
            return CapError.CAPS_EXHAUSTED
        slot = self._allocate()
        parked.move_to(slot)
        return slot.handle()

    def clear(self) -> None:
        """Drop every capability; what others hold by derivation from here stays theirs."""
        for slot in self.slots:
            if slot.capability is not None:
                slot.remove()
