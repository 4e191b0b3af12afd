"""The EL1 virtual timer and its counter."""

from __future__ import annotations

from typing import Final

from tyrne.hal.timer import deadline
from tyrne.lang import u32, u64
from tyrne.lang.machine import Instruction, SystemRegister, execute, read_register, write_register

LINE: Final = u32(27)
"""Interrupt id of the virtual timer (a PPI)."""
ENABLE: Final = u64(1)
"""CNTV_CTL_EL0.ENABLE."""
MASKED: Final = u64(2)
"""CNTV_CTL_EL0.IMASK."""


class VirtualTimer:
    """One deadline. The interrupt line stays raised from then on until `cancel`."""

    def __init__(self) -> None:
        pass

    def frequency(self) -> u64:
        """Ticks per second."""
        # audit: U-03
        return read_register(SystemRegister.CNTFRQ_EL0)

    def ticks(self) -> u64:
        # audit: U-03
        execute(Instruction.ISB)
        # audit: U-03
        return read_register(SystemRegister.CNTVCT_EL0)

    def arm(self, ns: u64) -> None:
        """Raise the interrupt once at least `ns` nanoseconds have passed."""
        # audit: U-03
        write_register(SystemRegister.CNTV_CVAL_EL0, deadline(self.ticks(), ns, self.frequency()))
        # audit: U-03
        write_register(SystemRegister.CNTV_CTL_EL0, ENABLE)

    def cancel(self) -> None:
        # audit: U-03
        write_register(SystemRegister.CNTV_CTL_EL0, MASKED)
