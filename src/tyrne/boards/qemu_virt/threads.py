"""What belongs to a thread and stays in the CPU while the kernel runs: TPIDR_EL0 and the FP/SIMD registers.

The kernel is compiled without FP/SIMD. The unit is closed to EL0 (CPACR_EL1) until a thread's first use of it traps;
from then on it is open while that thread runs, and its registers are saved and loaded where threads switch. A closed
unit may still hold the registers of another thread: nobody sees them.
"""

from __future__ import annotations

from typing import Final

from tyrne.hal.aarch64.control import CNTKCTL, CPACR_CLOSED, CPACR_OPEN, MDSCR, PMUSERENR, PMUSERENR_OPEN
from tyrne.hal.frame import ThreadState, TrapFrame
from tyrne.lang import changes, extern, inline, u64
from tyrne.lang.machine import SystemRegister, read_register, write_register


@extern
@changes("x1", "x2")
def save_floating(state: ThreadState) -> None:
    """q0 to q31, FPCR and FPSR from the CPU to `state`."""
    raise NotImplementedError


@extern
@changes("x1", "x2")
def load_floating(state: ThreadState) -> None:
    """q0 to q31, FPCR and FPSR from `state` to the CPU."""
    raise NotImplementedError


@extern
@changes()
def clear_floating() -> None:
    """q0 to q31, FPCR and FPSR become zero."""
    raise NotImplementedError


@extern
def supervisor_call_from_kernel(frame: TrapFrame) -> None:
    """SVC at EL1: x0 to x8 of `frame` go in, x0 to x7 come back."""
    raise NotImplementedError


class Threads:
    """The thread registers of the one core."""

    def __init__(self, counted: bool = False) -> None:
        self.counted: Final[bool] = counted
        self.used: u64 = u64(0)
        """1 once any thread has used FP/SIMD."""
        self.open: bool = False
        """Whether the unit is open to EL0."""

    def start(self) -> None:
        """Close to EL0 what it does not need: counters, timers, debug registers; its thread pointers are zero."""
        # audit: U-10
        write_register(SystemRegister.CNTKCTL_EL1, CNTKCTL)
        # audit: U-10
        write_register(SystemRegister.PMUSERENR_EL0, PMUSERENR_OPEN if self.counted else PMUSERENR)
        # audit: U-10
        write_register(SystemRegister.MDSCR_EL1, MDSCR)
        # audit: U-10
        write_register(SystemRegister.TPIDRRO_EL0, u64(0))
        # audit: U-09
        write_register(SystemRegister.TPIDR_EL0, u64(0))

    @inline
    def switch(self, old: ThreadState | None, new: ThreadState) -> None:
        """No barrier: ERET synchronises."""
        if old is not None:
            # audit: U-09
            old.tpidr = read_register(SystemRegister.TPIDR_EL0)
        # audit: U-09
        write_register(SystemRegister.TPIDR_EL0, new.tpidr)
        if self.used != 0:
            self._switch_floating(old, new)

    def open_floating(self, state: ThreadState) -> None:
        state.floating = True
        self.used = u64(1)
        clear_floating()
        self._open()

    def call_from_kernel(self, frame: TrapFrame) -> None:
        supervisor_call_from_kernel(frame)

    @inline
    def _switch_floating(self, old: ThreadState | None, new: ThreadState) -> None:
        if old is not None and old.floating:
            save_floating(old)
        if new.floating:
            load_floating(new)
            if not self.open:
                self._open()
        elif self.open:
            self.open = False
            # audit: U-09
            write_register(SystemRegister.CPACR_EL1, CPACR_CLOSED)

    def _open(self) -> None:
        self.open = True
        # audit: U-09
        write_register(SystemRegister.CPACR_EL1, CPACR_OPEN)
