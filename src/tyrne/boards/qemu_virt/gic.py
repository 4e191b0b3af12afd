"""GICv2: interrupts reach core 0 only, and none is enabled but by name."""

from __future__ import annotations

from typing import Final

from tyrne.boards.qemu_virt.memory_map import CPU_INTERFACE, DIRECT_MAP, DISTRIBUTOR
from tyrne.lang import irange, u32, u64
from tyrne.lang.machine import Instruction, SystemRegister, execute, read32, read_register, write32

GICD_CTLR: Final = u64(DISTRIBUTOR + DIRECT_MAP)
GICD_TYPER: Final = u64(GICD_CTLR + 0x004)
GICD_ISENABLER: Final = u64(GICD_CTLR + 0x100)
GICD_ICENABLER: Final = u64(GICD_CTLR + 0x180)
GICD_ICPENDR: Final = u64(GICD_CTLR + 0x280)
GICD_ICACTIVER: Final = u64(GICD_CTLR + 0x380)
GICD_IPRIORITYR: Final = u64(GICD_CTLR + 0x400)
GICD_ITARGETSR: Final = u64(GICD_CTLR + 0x800)
GICD_ICFGR: Final = u64(GICD_CTLR + 0xC00)
GICC_CTLR: Final = u64(CPU_INTERFACE + DIRECT_MAP)
GICC_PMR: Final = u64(GICC_CTLR + 0x004)
GICC_IAR: Final = u64(GICC_CTLR + 0x00C)
GICC_EOIR: Final = u64(GICC_CTLR + 0x010)

LINES_LIMIT: Final = u32(1020)
"""Interrupt ids from here on are special: 1023 is "none pending"."""
ID: Final = u32(0x3FF)
"""The id in GICC_IAR; the bits above name the CPU that sent a software interrupt."""
MIDDLE_PRIORITY: Final = u32(0xA0A0_A0A0)
CORE_0: Final = u32(0x0101_0101)
ALL: Final = u32(0xFFFF_FFFF)
IRQ_PENDING: Final = u64(1 << 7)
"""ISR_EL1.I."""
LEVELS: Final = u32(0)
"""Two bits for each of 16 lines: all are levels."""


class InterruptController:
    """The distributor and this core's interface."""

    def __init__(self) -> None:
        pass

    def start(self) -> None:
        """Disable every interrupt, give all of them one priority, send the shared ones to core 0, accept them.

        Firmware may have left some pending, or active, which would never be raised again, or as edges: every line that
        this board uses is a level.
        """
        self._write(GICD_CTLR, u32(0))
        lines = u64((self._read(GICD_TYPER) & 0x1F) + 1) * 32
        if lines > LINES_LIMIT:
            lines = u64(LINES_LIMIT)
        for word in irange((lines + 31) // 32):
            self._write(GICD_ICENABLER + word * 4, ALL)
            self._write(GICD_ICPENDR + word * 4, ALL)
            self._write(GICD_ICACTIVER + word * 4, ALL)
        for word in irange(lines // 4):
            self._write(GICD_IPRIORITYR + word * 4, MIDDLE_PRIORITY)
        for word in irange(8, lines // 4):  # the targets of ids 0 to 31 are fixed
            self._write(GICD_ITARGETSR + word * 4, CORE_0)
        for word in irange(2, (lines + 15) // 16):  # those of ids 0 to 31 are the core's
            self._write(GICD_ICFGR + word * 4, LEVELS)
        self._write(GICD_CTLR, u32(1))
        self._write(GICC_PMR, u32(0xFF))
        self._write(GICC_CTLR, u32(1))

    def enable(self, line: u32) -> None:
        assert line < LINES_LIMIT
        self._write(GICD_ISENABLER + u64(line // 32) * 4, u32(1) << (line % 32))

    def disable(self, line: u32) -> None:
        assert line < LINES_LIMIT
        self._write(GICD_ICENABLER + u64(line // 32) * 4, u32(1) << (line % 32))

    def is_pending(self) -> bool:
        """Whether an interrupt waits for this core, which masks it (ISR_EL1.I)."""
        # audit: U-02
        return read_register(SystemRegister.ISR_EL1) & IRQ_PENDING != 0

    def wait(self) -> None:
        """Rest until an interrupt waits for this core, which masks it: what is pending wakes it all the same."""
        # audit: U-02
        execute(Instruction.DSB_SY)
        # audit: U-02
        execute(Instruction.WFI)

    def acknowledge(self) -> u32 | None:
        """Take the pending interrupt: its GICC_IAR word, for `complete`; None when there is none."""
        word = self._read(GICC_IAR)
        return None if word & ID >= LINES_LIMIT else word

    def complete(self, word: u32) -> None:
        """End the interrupt that `acknowledge` took; the word names the sending CPU too.

        What silenced the timer is a write of a system register: until the ISB the line may still be raised.
        """
        # audit: U-02
        execute(Instruction.ISB)
        self._write(GICC_EOIR, word)

    def _read(self, register: u64) -> u32:
        # audit: U-02
        return read32(register)

    def _write(self, register: u64, value: u32) -> None:
        # audit: U-02
        write32(register, value)


def line_of(word: u32) -> u32:
    """The interrupt id in a word from `acknowledge`."""
    return word & ID
