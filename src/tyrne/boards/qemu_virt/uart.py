"""PL011: the board's serial line. What comes in on it is never read: that something has come is a wish to stop."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP, UART
from tyrne.lang import u8, u32, u64
from tyrne.lang.machine import read32, write32

DATA: Final = u64(0x00)
"""UARTDR."""
FLAGS: Final = u64(0x18)
"""UARTFR."""
INTERRUPT_MASK: Final = u64(0x38)
"""UARTIMSC."""
TRANSMIT_FULL: Final = u32(1 << 5)
"""UARTFR.TXFF."""
RECEIVED: Final = u32(1 << 4)
"""UARTIMSC.RXIM."""
LINE: Final = u32(33)
"""Interrupt id of the UART (SPI 1)."""
PATIENCE: Final = u32(100_000)
"""Polls before a byte is given up: at 115200 baud, a byte leaves in less than a tenth of them."""


class Uart:
    """Sends bytes. A line that stays full loses bytes; it never stops the kernel.

    `offset` is how far the virtual address lies above the physical one: 0 until `use_high_address`, the MMU being
    off. Once a wait was in vain, bytes are tried without waiting until one is taken again.
    """

    def __init__(self) -> None:
        self.offset: u64 = u64(0)
        self.stuck: bool = False

    def use_high_address(self) -> None:
        """From now on the MMU is on."""
        self.offset = DIRECT_MAP

    def is_low(self) -> bool:
        """Whether the MMU is still off."""
        return self.offset == 0

    def put(self, byte: u8) -> None:
        polls = u32(0)
        while self._is_full():
            polls += 1
            if self.stuck or polls >= PATIENCE:
                self.stuck = True
                return
        self.stuck = False
        # audit: U-01
        write32(UART + self.offset + DATA, u32(byte))

    def listen(self) -> None:
        """Raise the interrupt line while a byte waits to be read."""
        self._set_mask(RECEIVED)

    def ignore(self) -> None:
        """The line falls, whatever has come or comes."""
        self._set_mask(u32(0))

    def _set_mask(self, interrupts: u32) -> None:
        # audit: U-01
        write32(UART + self.offset + INTERRUPT_MASK, interrupts)

    def _is_full(self) -> bool:
        # audit: U-01
        return read32(UART + self.offset + FLAGS) & TRANSMIT_FULL != 0
