"""RAM that counts what the kernel under CPython does with it (tyrne.hal.kernel_work)."""

from __future__ import annotations

from typing import Final

from tyrne.hal import kernel_work
from tyrne.hal.pages import PAGE_SIZE
from tyrne.hosted.ram import RAM_SIZE, Ram
from tyrne.lang import u64

_TRAP, _WORD, _PAGE, _BYTE = (
    int(cost)
    for cost in (kernel_work.TRAP, kernel_work.WORD, kernel_work.ZEROED_PAGE, kernel_work.CONSOLE_BYTE)
)
_PAGE_BYTES: Final = int(PAGE_SIZE)


class CountedRam(Ram):
    """RAM and the work that was done since it was taken last."""

    def __init__(self, size: int = RAM_SIZE) -> None:
        super().__init__(size=size)
        self.work = 0

    def write64(self, address: u64, value: u64) -> None:
        self.work += _WORD
        super().write64(address, value)

    def zero(self, address: u64, length: u64) -> None:
        self.work += int(length) // _PAGE_BYTES * _PAGE
        super().zero(address, length)

    def console_written(self) -> None:
        """A task has written a byte."""
        self.work += _BYTE

    def take_work(self) -> u64:
        """What the last trap comes to."""
        work, self.work = self.work, 0
        return u64(work + _TRAP)
