"""What a task sees at a virtual address."""

from __future__ import annotations

from typing import Protocol

from tyrne.inspect.page_tables import physical
from tyrne.kernel.address_space import AddressSpace

PAGE = 4096


class Memory(Protocol):
    """RAM, from an address on."""

    @property
    def start(self) -> int: ...

    @property
    def size(self) -> int: ...

    def get(self, address: int, length: int) -> bytes: ...


def translate(board: Memory, space: AddressSpace | None, address: int) -> int | None:
    """The physical address of RAM behind a virtual one; None where a task that lives in the space has none."""
    found = None if space is None or space.root == 0 else physical(board, int(space.root), address)
    return found if found is not None and board.start <= found < board.start + board.size else None


def read(board: Memory, space: AddressSpace | None, address: int, length: int) -> bytes:
    """The bytes from an address on, up to the first that is not there."""
    found = bytearray()
    while len(found) < length:
        at = address + len(found)
        place = translate(board, space, at)
        if place is None:
            break
        found += board.get(place, min(length - len(found), PAGE - at % PAGE))
    return bytes(found)
