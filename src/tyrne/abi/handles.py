"""Handles: how a task names the capabilities of its own table, and the words that stand for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tyrne.lang import u16, u32, u64


@dataclass(frozen=True)
class CapHandle:
    """Names a slot of one capability table, as it was filled at one time."""

    index: u16
    generation: u32


NULL_HANDLE: Final = u64(0xFFFF_FFFF_FFFF_FFFF)
"""The handle word that means "no capability"; no packed handle equals it."""


def pack_handle(handle: CapHandle) -> u64:
    """The word that names a handle: generation in bits 16 to 47, index in bits 0 to 15."""
    return u64(handle.generation) << 16 | u64(handle.index)


def unpack_handle(word: u64) -> CapHandle:
    """The handle that a word names. Bits 48 to 63 are ignored; only a lookup says whether it is valid."""
    return CapHandle(u16(word & 0xFFFF), u32((word >> 16) & 0xFFFF_FFFF))
