"""What EL0 may do with the CPU: values of the control registers that every machine writes alike (Arm ARM, D19.2).

All closed: what a task needs no more than a system call for, it cannot do. A closed instruction traps (EC 0x01, 0x07
or 0x18) and ends the task.
"""

from __future__ import annotations

from typing import Final

from tyrne.lang import u64

SCTLR_RESERVED: Final = u64(0x30D0_0800)
"""SCTLR_EL1 with the MMU and the caches off: the bits that read as one in Armv8.0 (29, 28, 23, 22, 20, 11)."""

SCTLR: Final = u64(SCTLR_RESERVED | 1 << 0 | 1 << 2 | 1 << 4 | 1 << 7 | 1 << 8 | 1 << 12 | 1 << 19)
"""SCTLR_EL1 while tasks run: MMU (M), caches (C, I), stack alignment at EL0 (SA0), no IT and SETEND at EL0 (ITD, SED),
and writable memory is never executable (WXN). Zero, so trapped at EL0: DAIF (UMA), DC ZVA (DZE), CTR_EL0 (UCT),
WFI (nTWI), WFE (nTWE), cache maintenance (UCI). SA is zero because SP_EL1 points at a trap frame, which is aligned
to 8 bytes only."""

CPACR_CLOSED: Final = u64(0b01 << 20)
"""CPACR_EL1 while FP/SIMD belongs to nobody: EL0 traps (EC 0x07), EL1 may save and load the registers."""

CPACR_OPEN: Final = u64(0b11 << 20)
"""CPACR_EL1 while a thread that uses FP/SIMD runs."""

CNTKCTL: Final = u64(0)
"""CNTKCTL_EL1: the counters and timers trap at EL0."""

MDSCR: Final = u64(1 << 12)
"""MDSCR_EL1: no self-hosted debugging; the debug communication channel traps at EL0 (TDCC)."""

PMUSERENR: Final = u64(0)
"""PMUSERENR_EL0: the performance counters trap at EL0."""
PMUSERENR_OPEN: Final = u64(1)
"""PMUSERENR_EL0.EN: EL0 may read them, in a kernel that is built to be measured."""
