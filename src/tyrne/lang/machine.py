"""Machine access: every operation that Python cannot express, and the only door to it.

Only boards, the user library and tests import this module. Each use stands under an audit tag (`# audit: U-NN`)
with an entry in docs/unsafe-log.md. Under CPython there is no machine behind these: calling one traps.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NoReturn

from tyrne.lang.integers import Trap, u8, u16, u32, u64


def _absent(what: str) -> NoReturn:
    raise Trap(f"{what}: no machine under CPython")


def read8(address: u64) -> u8:
    """One volatile load of 8 bits from a virtual address."""
    _absent("read8")


def read16(address: u64) -> u16:
    """One volatile load of 16 bits from an aligned virtual address."""
    _absent("read16")


def read32(address: u64) -> u32:
    """One volatile load of 32 bits from an aligned virtual address."""
    _absent("read32")


def read64(address: u64) -> u64:
    """One volatile load of 64 bits from an aligned virtual address."""
    _absent("read64")


def write8(address: u64, value: u8) -> None:
    """One volatile store of 8 bits to a virtual address."""
    _absent("write8")


def write16(address: u64, value: u16) -> None:
    """One volatile store of 16 bits to an aligned virtual address."""
    _absent("write16")


def write32(address: u64, value: u32) -> None:
    """One volatile store of 32 bits to an aligned virtual address."""
    _absent("write32")


def write64(address: u64, value: u64) -> None:
    """One volatile store of 64 bits to an aligned virtual address."""
    _absent("write64")


def copy_bytes(target: u64, source: u64, length: u64) -> None:
    """Copy `length` bytes between virtual address ranges that do not overlap."""
    _absent("copy_bytes")


def zero_bytes(target: u64, length: u64) -> None:
    """Store `length` zero bytes from a virtual address on."""
    _absent("zero_bytes")


def address_of(place: object) -> u64:
    """The virtual address of a place."""
    _absent("address_of")


def symbol_address(name: bytes) -> u64:
    """The virtual address of a symbol of the linker script or of assembly; the name is a literal."""
    _absent("symbol_address")


def source_name(file: u32, position: u64) -> u8:
    """Byte `position` of the name of a source file, numbered as in a panic; 0 past the end of the name."""
    _absent("source_name")


class SystemRegister(Enum):
    """System registers by their assembler names (Arm ARM, D19)."""

    CNTFRQ_EL0 = "cntfrq_el0"
    CNTKCTL_EL1 = "cntkctl_el1"
    CNTVCT_EL0 = "cntvct_el0"
    CNTV_CTL_EL0 = "cntv_ctl_el0"
    CNTV_CVAL_EL0 = "cntv_cval_el0"
    CPACR_EL1 = "cpacr_el1"
    CTR_EL0 = "ctr_el0"
    CURRENT_EL = "currentel"
    DCZID_EL0 = "dczid_el0"
    ESR_EL1 = "esr_el1"
    FAR_EL1 = "far_el1"
    ISR_EL1 = "isr_el1"
    MAIR_EL1 = "mair_el1"
    MDSCR_EL1 = "mdscr_el1"
    PMCCFILTR_EL0 = "pmccfiltr_el0"
    PMCCNTR_EL0 = "pmccntr_el0"
    PMCNTENSET_EL0 = "pmcntenset_el0"
    PMCR_EL0 = "pmcr_el0"
    PMEVCNTR0_EL0 = "pmevcntr0_el0"
    PMEVTYPER0_EL0 = "pmevtyper0_el0"
    PMUSERENR_EL0 = "pmuserenr_el0"
    SCTLR_EL1 = "sctlr_el1"
    TCR_EL1 = "tcr_el1"
    TPIDRRO_EL0 = "tpidrro_el0"
    TPIDR_EL0 = "tpidr_el0"
    TTBR0_EL1 = "ttbr0_el1"
    TTBR1_EL1 = "ttbr1_el1"
    VBAR_EL1 = "vbar_el1"


def read_register(register: SystemRegister) -> u64:
    """MRS; the register is named by a literal member."""
    _absent("read_register")


def write_register(register: SystemRegister, value: u64) -> None:
    """MSR; the register is named by a literal member."""
    _absent("write_register")


class Instruction(Enum):
    """Instructions without an operand."""

    DSB_ISH = "dsb ish"
    DSB_ISHST = "dsb ishst"
    DSB_SY = "dsb sy"
    IC_IALLU = "ic iallu"
    ISB = "isb"
    TLBI_VMALLE1 = "tlbi vmalle1"
    WFI = "wfi"


def execute(instruction: Instruction) -> None:
    """Execute one instruction, named by a literal member; memory accesses do not move across it."""
    _absent("execute")


class Operation(Enum):
    """Instructions with one register operand."""

    DC_CVAU = "dc cvau, %0"
    DC_ZVA = "dc zva, %0"
    TLBI_ASIDE1 = "tlbi aside1, %0"
    TLBI_VAE1 = "tlbi vae1, %0"


def operate(operation: Operation, operand: u64) -> None:
    """Execute one instruction on an operand, named by a literal member; memory accesses do not move across it."""
    _absent("operate")


def semihosting(operation: u64, argument: u64) -> u64:
    """A semihosting call (HLT #0xF000): `operation` in w0, `argument` in x1, the result from x0."""
    _absent("semihosting")


@dataclass(frozen=True)
class Reply:
    """The eight registers that a system call rewrites: x0 is the status, x1 to x7 the payload."""

    x0: u64
    x1: u64
    x2: u64
    x3: u64
    x4: u64
    x5: u64
    x6: u64
    x7: u64


def supervisor_call(number: u64, x0: u64, x1: u64, x2: u64, x3: u64, x4: u64, x5: u64) -> Reply:
    """SVC #0 from a user program: `number` in x8, the arguments in x0 to x5; x0 to x7 are rewritten."""
    _absent("supervisor_call")
