"""The performance monitor's counters. On QEMU with `-icount shift=0` a cycle is one guest instruction."""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64, wrapping_sub
from tyrne.lang.machine import SystemRegister, read_register, write_register

START: Final = u64(0x47)
"""PMCR_EL0: enable (E), reset (P, C), a 64-bit cycle counter (LC)."""
CYCLES: Final = u64(1 << 31)
"""PMCNTENSET_EL0.C."""
EVENT_COUNTER: Final = u64(1)
"""PMCNTENSET_EL0.P0."""
RETIRED_AT_EL0: Final = u64(1 << 31 | 0x08)
"""PMEVTYPER0_EL0: INST_RETIRED, but not at EL1 (P)."""
LOW_WORD: Final = u64(0xFFFF_FFFF)


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


class UserCounter:
    """Counts the instructions that EL0 has retired: those that trap before they have done anything are not.

    The event counter has 32 bits. How often it has wrapped the cycle counter says, which has 64 and counts the kernel's
    instructions as well: of those there are fewer than 2^32 from one reading to the next.
    """

    def __init__(self) -> None:
        self.total: u64 = u64(0)
        self.cycles: u64 = u64(0)
        self.events: u64 = u64(0)

    def start(self) -> None:
        """The cycle counter has been started."""
        # audit: U-11
        write_register(SystemRegister.PMEVTYPER0_EL0, RETIRED_AT_EL0)
        # audit: U-11
        write_register(SystemRegister.PMCNTENSET_EL0, EVENT_COUNTER)

    def retired(self) -> u64:
        """Instructions since `start`."""
        # audit: U-11
        cycles = read_register(SystemRegister.PMCCNTR_EL0)
        # audit: U-11
        events = read_register(SystemRegister.PMEVCNTR0_EL0)
        passed = cycles - self.cycles
        kernel = wrapping_sub(passed, wrapping_sub(events, self.events)) & LOW_WORD
        self.total += passed - kernel
        self.cycles = cycles
        self.events = events
        return self.total
