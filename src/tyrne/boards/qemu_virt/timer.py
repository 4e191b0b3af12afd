"""The EL1 virtual timer and its counter: one register for the limit, the kernel's alarm, and the ends of turns."""

from __future__ import annotations

from typing import Final

from tyrne.hal.interrupt import Deadlines, Interrupt
from tyrne.hal.timer import ns_to_ticks
from tyrne.lang import u32, u64
from tyrne.lang.machine import Instruction, SystemRegister, execute, read_register, write_register

LINE: Final = u32(27)
"""Interrupt id of the virtual timer (a PPI)."""
ENABLE: Final = u64(1)
"""CNTV_CTL_EL0.ENABLE."""
MASKED: Final = u64(2)
"""CNTV_CTL_EL0.IMASK."""
SHORTEST_TURN: Final = u64(62)
"""Counts: longer than the kernel needs to end one turn and begin another, else tasks would never run."""


class VirtualTimer:
    """Deadlines in counts of the virtual counter. The line is raised while one has passed and was not taken."""

    def __init__(self) -> None:
        self.deadlines: Deadlines = Deadlines()

    def frequency(self) -> u64:
        """Ticks per second."""
        # audit: U-03
        return read_register(SystemRegister.CNTFRQ_EL0)

    def ticks(self) -> u64:
        # audit: U-03
        execute(Instruction.ISB)
        # audit: U-03
        return read_register(SystemRegister.CNTVCT_EL0)

    def start(self) -> None:
        """Nothing is due."""
        self._set_alarm()

    def arm_limit(self, ns: u64) -> None:
        """The limit is due once at least `ns` nanoseconds have passed."""
        self.deadlines.arm_limit(self.ticks(), ns_to_ticks(ns, self.frequency()))
        self._set_alarm()

    def turn_length(self, ns: u64) -> u64:
        """The counts of a turn of `ns` nanoseconds, rounded up."""
        return max(ns_to_ticks(ns, self.frequency()), SHORTEST_TURN)

    def arm_turn(self, at: u64 | None) -> None:
        self.deadlines.arm_turn(at)
        self._set_alarm()

    def arm_alarm(self, at: u64 | None) -> None:
        self.deadlines.arm_alarm(at)
        self._set_alarm()

    def take(self) -> Interrupt:
        """What is due now, if anything is; the line falls, or stays raised for another deadline that has passed."""
        interrupt = self.deadlines.take(self.ticks())
        self._set_alarm()
        return interrupt

    def _set_alarm(self) -> None:
        at = self.deadlines.earliest()
        if at is None:
            # audit: U-03
            write_register(SystemRegister.CNTV_CTL_EL0, MASKED)
            return
        # audit: U-03
        write_register(SystemRegister.CNTV_CVAL_EL0, at)
        # audit: U-03
        write_register(SystemRegister.CNTV_CTL_EL0, ENABLE)
