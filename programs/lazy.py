"""Uses four pages that it was never given: the pager maps each when it is first touched, unseen by this one."""

from __future__ import annotations

from typing import Final

from tyrne.lang import export, irange, u64
from tyrne.lang.machine import read64, write64
from tyrne.user import print_bytes, print_decimal

HEAP: Final = u64(0x2000_0000)
PAGE: Final = u64(4096)
PAGES: Final = 4


@export
def main() -> u64:
    for i in irange(PAGES):
        write64(HEAP + i * PAGE + 8, i + 1)
    total = u64(0)
    for i in irange(PAGES):
        total += read64(HEAP + i * PAGE + 8)
    print_bytes(b"lazy: the sum over four pages is ")
    print_decimal(total)
    print_bytes(b"\n")
    return u64(0) if total == 10 else u64(1)
