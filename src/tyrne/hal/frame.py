"""The registers of an EL0 thread, as the kernel and a board hand them to each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from tyrne.lang import Array, hot, inline, irange, u64

PSTATE_EL0T: Final = u64(0)
"""SPSR_EL1 of a thread at its first entry: AArch64, EL0 with SP_EL0, no exception masked."""
REGISTERS: Final = u64(34)
"""How many registers have a number in the interface."""
CONDITION_FLAGS: Final = u64(0xF000_0000)
"""PSTATE.NZCV: what of it a task may set."""


class Vector(Enum):
    """Which vector a trap from EL0 took (VBAR_EL1 + 0x400, +0x480, +0x500, +0x580)."""

    SYNCHRONOUS = 0
    IRQ = 1
    FIQ = 2
    SERROR = 3


class TrapFrame:
    """The general registers of a thread while the kernel runs: x0 to x30, SP_EL0, ELR_EL1, SPSR_EL1.

    The vectors store and load it at the offsets that the compiler measures. The kernel knows the registers by what they
    are for: the words of a call and of its answer, and for supervisors numbers.
    """

    def __init__(self) -> None:
        self.x: Array[u64] = Array.filled(31, u64(0))
        self.sp: u64 = u64(0)
        self.pc: u64 = u64(0)
        self.pstate: u64 = u64(0)

    @hot
    def clear(self) -> None:
        """All zero, as a thread finds them at its first entry."""
        for i in irange(len(self.x)):
            self.x[i] = u64(0)
        self.sp = u64(0)
        self.pc = u64(0)
        self.pstate = PSTATE_EL0T

    @inline
    def number(self) -> u64:
        """The number of the system call that the thread makes."""
        return self.x[8]

    def set_number(self, number: u64) -> None:
        self.x[8] = number

    def status(self) -> u64:
        """The status of the call that was completed last."""
        return self.x[0]

    @inline
    def call(self) -> Call:
        """The system call that the thread makes."""
        x = self.x
        return Call(x[8], x[0], x[1], x[2], x[3], x[4], x[5])

    @inline
    def answer(self, answer: Answer) -> None:
        """Complete the call; every register that has no word of the answer comes back as it was trapped."""
        x = self.x
        x[0] = answer.status
        x[1] = answer.r1
        x[2] = answer.r2
        x[3] = answer.r3
        x[4] = answer.r4
        x[5] = answer.r5
        x[6] = answer.r6
        x[7] = answer.r7

    def link(self) -> u64:
        """Where the thread's present function returns to."""
        return self.x[30]

    def register(self, number: u64) -> u64:
        """A register by its number in the interface: x0 to x30, SP, PC, PSTATE; 0 past the last."""
        if number < len(self.x):
            return self.x[number]
        match number:
            case 31:
                return self.sp
            case 32:
                return self.pc
            case 33:
                return self.pstate
        return u64(0)

    def registers_from(self, first: u64) -> Answer:
        """An answer with seven registers."""
        return Answer(
            u64(0),
            self.register(first),
            self.register(first + 1),
            self.register(first + 2),
            self.register(first + 3),
            self.register(first + 4),
            self.register(first + 5),
            self.register(first + 6),
        )

    def set_register(self, number: u64, value: u64) -> None:
        """Set a register by its number, which is less than REGISTERS; of PSTATE only the condition flags."""
        match number:
            case 31:
                self.sp = value
            case 32:
                self.pc = value
            case 33:
                self.pstate = value & CONDITION_FLAGS
            case _:
                self.x[number] = value


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

    @hot
    def clear(self) -> None:
        """As it was before the thread first ran."""
        for i in irange(len(self.q)):
            self.q[i] = u64(0)
        self.floating = False
        self.fpcr = u64(0)
        self.fpsr = u64(0)
        self.tpidr = u64(0)


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


@dataclass(frozen=True)
class Answer:
    """What the caller of a system call finds when it goes on: a status, and seven words of payload."""

    status: u64
    r1: u64 = u64(0)
    r2: u64 = u64(0)
    r3: u64 = u64(0)
    r4: u64 = u64(0)
    r5: u64 = u64(0)
    r6: u64 = u64(0)
    r7: u64 = u64(0)
