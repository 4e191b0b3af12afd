"""The registers of an EL0 thread, as the kernel and a board hand them to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.lang import Array, u64

PSTATE_EL0T: Final = u64(0)
"""SPSR_EL1 of a thread at its first entry: AArch64, EL0 with SP_EL0, no exception masked."""


class Vector(Enum):
    """Which vector a trap from EL0 took (VBAR_EL1 + 0x400, +0x480, +0x500, +0x580)."""

    SYNCHRONOUS = 0
    IRQ = 1
    FIQ = 2
    SERROR = 3


class TrapFrame:
    """The general registers of a thread while the kernel runs: x0 to x30, SP_EL0, ELR_EL1, SPSR_EL1.

    The vectors store and load it at the offsets that the compiler measures.
    """

    def __init__(self) -> None:
        self.x: Array[u64] = Array.filled(31, u64(0))
        self.sp: u64 = u64(0)
        self.pc: u64 = u64(0)
        self.pstate: u64 = u64(0)


class ThreadState:
    """What a trap leaves in the CPU and only a switch between threads saves.

    `floating` says that the thread has used FP/SIMD: then q, fpcr and fpsr belong to it. Until its first use the
    unit is closed to it and these words are zero.
    """

    def __init__(self) -> None:
        self.floating: bool = False
        self.q: Array[u64] = Array.filled(64, u64(0))
        self.fpcr: u64 = u64(0)
        self.fpsr: u64 = u64(0)
        self.tpidr: u64 = u64(0)


@dataclass(frozen=True)
class Call:
    """A system call as the caller made it: its number, and its arguments a0 to a5."""

    number: u64
    a0: u64
    a1: u64
    a2: u64
    a3: u64
    a4: u64
    a5: u64
