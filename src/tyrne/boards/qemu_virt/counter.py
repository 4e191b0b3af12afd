"""The performance monitor's cycle counter. On QEMU with `-icount shift=0` a cycle is one guest instruction."""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64
from tyrne.lang.machine import SystemRegister, read_register, write_register

START: Final = u64(0x47)
"""PMCR_EL0: enable (E), reset (P, C), a 64-bit cycle counter (LC)."""
CYCLES: Final = u64(1 << 31)
"""PMCNTENSET_EL0.C."""


class CycleCounter:
    """Counts at EL0 and EL1 from `start` on; EL0 cannot read it."""

    def __init__(self) -> None:
        pass

    def start(self) -> None:
        # audit: U-11
        write_register(SystemRegister.PMCCFILTR_EL0, u64(0))
        # audit: U-11
        write_register(SystemRegister.PMCNTENSET_EL0, CYCLES)
        # audit: U-11
        write_register(SystemRegister.PMCR_EL0, START)

    def cycles(self) -> u64:
        # audit: U-11
        return read_register(SystemRegister.PMCCNTR_EL0)
