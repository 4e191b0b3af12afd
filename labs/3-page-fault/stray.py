"""Touches the page behind its heap, which is nobody's: the pager has to end it, and to live on."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, u64
from tyrne.lang.machine import write64
from tyrne.user import print_bytes

BEHIND: Final = u64(0x2000_4000)


@export
def main() -> u64:
    write64(BEHIND, u64(1))
    print_bytes(b"stray: nobody has stopped me\n")
    return u64(1)
