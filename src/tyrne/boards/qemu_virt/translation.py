"""The MMU's registers, and what the CPU has cached of the tables."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.memory_map import DIRECT_MAP
from tyrne.boards.qemu_virt.tables import Roots
from tyrne.hal.aarch64.control import CPACR_CLOSED, SCTLR
from tyrne.hal.aarch64.descriptors import MAIR, TCR
from tyrne.hal.pages import PAGE_SIZE
from tyrne.lang import apart, hot, irange, u16, u64, wrapping_add, wrapping_mul
from tyrne.lang.machine import (
    Instruction,
    Operation,
    SystemRegister,
    execute,
    operate,
    read_register,
    write_register,
)

PAGE_NUMBER: Final = u64((1 << 44) - 1)
"""TLBI VAE1: bits 43:0 hold bits 55:12 of the address."""


def asid_field(asid: u16) -> u64:
    """Bits 63:48, where TTBR0_EL1 and the TLBI instructions hold the ASID."""
    return u64(asid) << 48


def prepare(roots: Roots) -> u64:
    """Set all translation registers but the one that switches the MMU on: its value is returned."""
    # audit: U-07
    write_register(SystemRegister.MAIR_EL1, MAIR)
    # audit: U-07
    write_register(SystemRegister.TCR_EL1, TCR)
    # audit: U-07
    write_register(SystemRegister.TTBR0_EL1, roots.low)
    # audit: U-07
    write_register(SystemRegister.TTBR1_EL1, roots.high)
    # audit: U-07
    write_register(SystemRegister.CPACR_EL1, CPACR_CLOSED)
    return SCTLR


class Translation:
    """The stage 1 EL1&0 regime of the one core: local invalidations reach every walker there is."""

    def __init__(self) -> None:
        pass

    def fault_address(self) -> u64:
        """FAR_EL1: the address of the last abort from EL0, until there is another one."""
        # audit: U-07
        return read_register(SystemRegister.FAR_EL1)

    def activate(self, root: u64, asid: u16) -> None:
        """No barrier: the kernel reads user memory through the direct map only, and ERET synchronises."""
        # audit: U-07
        write_register(SystemRegister.TTBR0_EL1, root | asid_field(asid))

    def table_zeroed(self) -> None:
        # audit: U-08
        execute(Instruction.DSB_ISHST)

    def tables_written(self) -> None:
        # audit: U-08
        execute(Instruction.DSB_ISHST)
        # audit: U-08
        execute(Instruction.ISB)

    @hot
    @apart
    def code_written(self, address: u64, length: u64) -> None:
        """Clean by the direct map: what is cached of an address is cached of all its names."""
        # audit: U-08
        line = u64(4) << (read_register(SystemRegister.CTR_EL0) >> 16 & 0xF)  # DminLine, in words of 32 bits
        assert line * 4 <= PAGE_SIZE and length % PAGE_SIZE == 0
        at = address + DIRECT_MAP
        end = at + length
        while at < end:
            for i in irange(4):
                # audit: U-08
                operate(Operation.DC_CVAU, wrapping_add(at, wrapping_mul(line, i)))
            at = wrapping_add(at, line * 4)
        # audit: U-08
        execute(Instruction.DSB_ISH)
        # audit: U-08
        execute(Instruction.IC_IALLU)
        self._finish()

    def invalidate_pages(self, asid: u16, address: u64, pages: u64) -> None:
        """One wait for all stores to tables before, and one for all invalidations after."""
        # audit: U-08
        execute(Instruction.DSB_ISHST)
        first = asid_field(asid) | (address >> 12) & PAGE_NUMBER
        for page in irange(pages):
            # audit: U-08
            operate(Operation.TLBI_VAE1, first + page)
        self._finish()

    def invalidate_space(self, asid: u16) -> None:
        """The ISB comes first: until it, the CPU may still walk the space that TTBR0_EL1 held before."""
        # audit: U-08
        execute(Instruction.ISB)
        # audit: U-08
        execute(Instruction.DSB_ISHST)
        # audit: U-08
        operate(Operation.TLBI_ASIDE1, asid_field(asid))
        self._finish()

    def invalidate_all(self) -> None:
        """Forget every translation."""
        # audit: U-08
        execute(Instruction.DSB_ISHST)
        # audit: U-08
        execute(Instruction.TLBI_VMALLE1)
        self._finish()

    def _finish(self) -> None:
        # audit: U-08
        execute(Instruction.DSB_ISH)
        # audit: U-08
        execute(Instruction.ISB)
