"""How much RAM a system has its machine have, and what of it is left for the system."""

from __future__ import annotations

import re
from typing import Final

from tyrne.boards.qemu_virt.memory_map import RAM_LIMIT, RAM_START
from tyrne.hal.pages import BLOCK_SIZE
from tyrne.system import limits
from tyrne.system.errors import RequestError

LEAST: Final = limits.RAM
MOST: Final = int(RAM_LIMIT - RAM_START)
STEP: Final = int(BLOCK_SIZE)
"""Bytes: RAM ends with a block, by which the kernel maps it."""
_KEPT: Final = limits.RAM // limits.PAGE - limits.SHARED_FRAMES
"""Frames for the kernel and the programs, whatever there is."""
_UNITS: Final = {"M": 1 << 20, "G": 1 << 30}
_SIZE: Final = re.compile(r"([1-9][0-9]{0,5})([MG])")


def read_size(text: str) -> int:
    """The bytes that a size such as "256M" or "1G" stands for; RequestError with what to write instead."""
    found = _SIZE.fullmatch(text)
    size = int(found[1]) * _UNITS[found[2]] if found is not None else 0
    if not is_size(size):
        what = f"memory is {text[:40]!r}" if found is None else f"memory is {text}"
        raise RequestError(f"{what}; write {size_text(LEAST)} to {size_text(MOST)}, in steps of {size_text(STEP)}")
    return size


def is_size(size: int) -> bool:
    """Whether a machine can have so many bytes of RAM."""
    return LEAST <= size <= MOST and size % STEP == 0


def size_text(size: int) -> str:
    """Bytes as they are written: "256M", "1G"."""
    unit = "G" if size % _UNITS["G"] == 0 else "M"
    return f"{size // _UNITS[unit]}{unit}"


def shared_frames(size: int) -> int:
    """The frames for memory regions, quotas, large stacks and large programs, of so many bytes of RAM."""
    return size // limits.PAGE - _KEPT


def size_for(frames: int) -> int | None:
    """The least of 256M, 512M and 1G that has so many shared frames; None where a machine has fewer."""
    return next((size for size in (LEAST << 1, LEAST << 2, MOST) if shared_frames(size) >= frames), None)


def end_of(size: int) -> int:
    """The physical address where so much RAM ends."""
    return int(RAM_START) + size
