"""The exception syndrome of a trap from EL0 (ESR_EL1, Arm ARM D19.2.37), in words."""

from __future__ import annotations

from enum import Enum
from typing import Final

from tyrne.hal.cause import Cause
from tyrne.hal.frame import Vector
from tyrne.lang import inline, u64

CLASS_FLOATING: Final = u64(0x07)
"""ESR_EL1.EC of a trapped access to FP/SIMD (CPACR_EL1.FPEN)."""
CLASS_SUPERVISOR_CALL: Final = u64(0x15)
"""ESR_EL1.EC of SVC from AArch64."""
SUPERVISOR_CALL_0: Final = CLASS_SUPERVISOR_CALL << 26 | 1 << 25
"""ESR_EL1 of `svc #0`: a whole instruction, without an immediate."""


def exception_class(syndrome: u64) -> u64:
    """ESR_EL1.EC."""
    return (syndrome >> 26) & 0x3F


@inline
def cause_of(vector: Vector, syndrome: u64) -> Cause:
    """What a trap through a vector, with this ESR_EL1, means."""
    if vector is Vector.IRQ:
        return Cause.INTERRUPT
    if vector is not Vector.SYNCHRONOUS:
        return Cause.FAULT
    if exception_class(syndrome) == CLASS_SUPERVISOR_CALL:
        return Cause.CALL
    return Cause.FLOATING if exception_class(syndrome) == CLASS_FLOATING else Cause.FAULT


class FaultKind(Enum):
    """What a thread did wrong, as far as the syndrome tells."""

    UNDEFINED_INSTRUCTION = 1
    TRAPPED_INSTRUCTION = 2
    INSTRUCTION_ABORT = 3
    DATA_ABORT_READ = 4
    DATA_ABORT_WRITE = 5
    PC_ALIGNMENT = 6
    SP_ALIGNMENT = 7
    BREAKPOINT = 8
    SYSTEM_ERROR = 9
    UNKNOWN = 10


def fault_kind(syndrome: u64) -> FaultKind:
    """The kind of a synchronous exception from EL0 that is no system call."""
    match exception_class(syndrome):
        case 0x00 | 0x0E:
            return FaultKind.UNDEFINED_INSTRUCTION
        case 0x01 | 0x07 | 0x18 | 0x19:
            return FaultKind.TRAPPED_INSTRUCTION
        case 0x20:
            return FaultKind.INSTRUCTION_ABORT
        case 0x24:
            return FaultKind.DATA_ABORT_READ if syndrome & (1 << 6) == 0 else FaultKind.DATA_ABORT_WRITE
        case 0x22:
            return FaultKind.PC_ALIGNMENT
        case 0x26:
            return FaultKind.SP_ALIGNMENT
        case 0x30 | 0x32 | 0x34 | 0x3C:
            return FaultKind.BREAKPOINT
        case 0x2F:
            return FaultKind.SYSTEM_ERROR
    return FaultKind.UNKNOWN


class AbortCause(Enum):
    """Why a translation or access was refused (the fault status code, ISS bits 5:2)."""

    TRANSLATION = 1
    ACCESS_FLAG = 2
    PERMISSION = 3
    ALIGNMENT = 4
    OTHER = 5


def abort_cause(syndrome: u64) -> AbortCause:
    """The cause of an instruction or data abort."""
    if syndrome & 0x3F == 0x21:
        return AbortCause.ALIGNMENT
    match (syndrome >> 2) & 0xF:
        case 0b0001:
            return AbortCause.TRANSLATION
        case 0b0010:
            return AbortCause.ACCESS_FLAG
        case 0b0011:
            return AbortCause.PERMISSION
    return AbortCause.OTHER


def has_fault_address(syndrome: u64) -> bool:
    """Whether FAR_EL1 belongs to this exception; of all others it is stale, and so it is of an external abort that says
    that it has none (FnV, bit 10, which means so with fault status 0x10)."""
    if syndrome & 0x43F == 0x410:
        return False
    match exception_class(syndrome):
        case 0x20 | 0x22 | 0x24:
            return True
    return False


def fault_address(syndrome: u64, address: u64) -> u64:
    """FAR_EL1 as far as it belongs to this exception; else 0."""
    return address if has_fault_address(syndrome) else u64(0)
