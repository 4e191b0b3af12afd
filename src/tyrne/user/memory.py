"""Memory regions: parts of them, and where they are mapped. A mapping is always of a whole capability."""

from __future__ import annotations

from enum import Enum

from tyrne.abi import CallNumber, Rights, Status
from tyrne.lang import u64
from tyrne.user.calls import is_ok, request, status_of
from tyrne.user.handles import MemoryCap, SpaceCap


class Access(Enum):
    """What a mapping allows. No page can be written and executed."""

    READ = 0
    READ_WRITE = 1
    READ_EXECUTE = 2


def memory_derive(source: MemoryCap, rights: Rights, first: u64, pages: u64) -> MemoryCap | Status:
    """A child over some pages of a region, counted from its first one, with at most its rights."""
    reply = request(CallNumber.MEMORY_DERIVE, source.word, u64(rights), first, pages)
    return MemoryCap(reply.x1) if is_ok(reply) else status_of(reply)


def map_memory(space: SpaceCap, memory: MemoryCap, address: u64, access: Access) -> Status:
    """Map all pages of a region from a page-aligned virtual address on. Refused if it is mapped somewhere already."""
    return status_of(request(CallNumber.MAP, space.word, memory.word, address, u64(access.value)))


def unmap_memory(space: SpaceCap, memory: MemoryCap) -> Status:
    """Take the mapping of a region back."""
    return status_of(request(CallNumber.UNMAP, space.word, memory.word))


def protect_memory(space: SpaceCap, memory: MemoryCap, access: Access) -> Status:
    """Change what the mapping of a region allows."""
    return status_of(request(CallNumber.PROTECT, space.word, memory.word, u64(access.value)))
