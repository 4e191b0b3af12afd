"""What a task sees at a virtual address."""

from __future__ import annotations

from tyrne.hal.aarch64.descriptors import ENTRIES, PAGE_ADDRESS, TABLE
from tyrne.hosted.board import HostedBoard
from tyrne.kernel.address_space import AddressSpace

PAGE = 4096
_LEVELS = (39, 30, 21, 12)
"""The lowest bit of the index into a table of each level."""


def translate(board: HostedBoard, space: AddressSpace | None, address: int) -> int | None:
    """The physical address of RAM behind a virtual one; None where a task that lives in the space has none."""
    if space is None or space.root == 0 or not 0 <= address < 1 << 48:
        return None
    table = int(space.root)
    for shift in _LEVELS:
        place = table + 8 * (address >> shift & int(ENTRIES) - 1)
        entry = int.from_bytes(board.get(place, 8), "little")
        if entry & int(TABLE) != int(TABLE):
            return None
        table = entry & int(PAGE_ADDRESS)
    physical = table + address % PAGE
    return physical if board.start <= physical < board.start + board.size else None


def read(board: HostedBoard, space: AddressSpace | None, address: int, length: int) -> bytes:
    """The bytes from an address on, up to the first that is not there."""
    found = bytearray()
    while len(found) < length:
        at = address + len(found)
        physical = translate(board, space, at)
        if physical is None:
            break
        found += board.get(physical, min(length - len(found), PAGE - at % PAGE))
    return bytes(found)
