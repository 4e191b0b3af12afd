"""A caller's memory, as far as the kernel may read it.

Two gates: the window is a cheap first one, the walk of the caller's own tables is the proof. A range passes as a
whole or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from tyrne.abi import Status
from tyrne.hal.board import TableMemory
from tyrne.hal.pages import PAGE_SIZE, MappingFlags, page_of
from tyrne.kernel.address_space import AddressSpace
from tyrne.kernel.page_table import translate
from tyrne.lang import saturating_add, u64, wrapping_add


@dataclass(frozen=True)
class UserWindow:
    """The addresses from base up to but without base + length, where a task's image and stack lie."""

    base: u64 = u64(0)
    length: u64 = u64(0)

    def validate(self, pointer: u64, length: u64) -> bool:
        """Whether a range of bytes lies in the window; an empty range lies anywhere.

        Of a window that would reach past the last address no byte is accepted: its end wraps to or below its base.
        """
        if length == 0:
            return True
        end = wrapping_add(self.base, self.length)
        if pointer < self.base or pointer >= end:
            return False
        return length <= end - pointer


def _page_is_user(memory: TableMemory, space: AddressSpace, page: u64, write: bool) -> bool:
    """Whether the task could read (or write) a page of RAM that begins at this address."""
    mapping = translate(memory, space.root, page)
    if isinstance(mapping, Status):
        return False
    if not mapping.flags & MappingFlags.USER or mapping.flags & MappingFlags.DEVICE:
        return False
    return not write or bool(mapping.flags & MappingFlags.WRITE)


def probe(memory: TableMemory, space: AddressSpace, pointer: u64, length: u64, write: bool) -> bool:
    """Whether each page of a range of bytes is RAM that the task itself could read (or write)."""
    if length == 0:
        return True
    if saturating_add(pointer, length - 1) - pointer != length - 1:
        return False
    last = page_of(pointer + (length - 1))
    page = page_of(pointer)
    while _page_is_user(memory, space, page, write):
        if page == last:
            return True
        page += PAGE_SIZE
    return False


def user_byte_address(memory: TableMemory, space: AddressSpace, pointer: u64) -> u64:
    """The physical address of a byte of a range that was probed in this trap."""
    mapping = translate(memory, space.root, pointer)
    assert not isinstance(mapping, Status)
    return mapping.frame + pointer % PAGE_SIZE
